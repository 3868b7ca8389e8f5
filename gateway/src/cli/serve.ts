import { checkText } from "../check/check.ts";
import { readConfigFile, toPluginJson } from "../config/load.ts";
import { compile, startGateway } from "../gateway.ts";
import { createLogger, type LogLevelName } from "../log.ts";
import { inOneLine } from "./check-config.ts";
import { readOptionFile } from "./options.ts";
import { untilSignal } from "./run.ts";

export interface ServeFlags {
  readonly config: string;
  readonly upstream: string;
  /** A file. */
  readonly upstreamCa?: string;
  readonly host: string;
  readonly redis: string;
  readonly service: Readonly<Record<string, string>>;
  readonly wasm: string;
  readonly port: number;
  readonly adminPort: number;
  readonly route: string;
  readonly cluster: string;
  readonly logLevel: LogLevelName;
  /** Seconds. */
  readonly grace: number;
}

/** `serve`: a gateway until it is told to end. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { config: file, service: services, upstreamCa, logLevel, grace, ...options } = flags;
  const text = await readConfigFile(file);
  // Here, where the file is known, so that each mistake is reported with its place in it.
  const module = await compile(flags.wasm);
  const { findings } = checkText(text, file, module);
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    for (const error of errors) console.error(inOneLine(error));
    process.exitCode = 1;
    return;
  }
  toPluginJson(text, file);
  const trust = upstreamCa === undefined ? {} : { upstreamCa: await readOptionFile(upstreamCa) };
  const logger = createLogger(logLevel);
  // Before anybody can know that there is a gateway to be ended.
  const ending = untilSignal();
  const gateway = await startGateway({ ...options, ...trust, services, config: text, logger });
  logger.info(
    `gateway at ${gateway.url}, metrics at ${gateway.adminUrl}/metrics, upstream ${options.upstream}`,
  );
  const signal = await ending;
  logger.info(`${signal}: no new connections; requests under way have ${grace} s to end`);
  await gateway.close(grace * 1000);
  // Whatever might still be open now must not keep the process.
  process.exit(0);
}
