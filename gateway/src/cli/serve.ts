import { readConfigFile, toPluginJson } from "../config/load.ts";
import { startGateway } from "../gateway.ts";
import { createLogger, type LogLevelName } from "../log.ts";
import { untilSignal } from "./run.ts";

export interface ServeFlags {
  readonly config: string;
  readonly upstream: string;
  readonly redis: string;
  readonly service: Readonly<Record<string, string>>;
  readonly wasm: string;
  readonly port: number;
  readonly adminPort: number;
  readonly route: string;
  readonly cluster: string;
  readonly logLevel: LogLevelName;
}

/** `serve`: a gateway until it is told to end. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { config: file, service: services, logLevel, ...options } = flags;
  const text = await readConfigFile(file);
  // Here, where the file's name is known, so that a mistake is reported with it.
  toPluginJson(text, file);
  const logger = createLogger(logLevel);
  const gateway = await startGateway({ ...options, services, config: text, logger });
  logger.info(
    `gateway at ${gateway.url}, metrics at ${gateway.adminUrl}/metrics, upstream ${options.upstream}`,
  );
  await untilSignal();
  logger.info("ending: no new requests, those under way may finish");
  await gateway.close();
}
