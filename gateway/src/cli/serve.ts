import { checkText } from "../check/check.ts";
import { readConfigFile, toPluginJson } from "../config/load.ts";
import { LIMITER } from "../config/own-plugins.ts";
import { pluginsIn } from "../config/plugins.ts";
import { startGateway } from "../gateway.ts";
import { compile, DEFAULT_WASM } from "../modules.ts";
import { createLogger, type LogLevelName } from "../log.ts";
import { inOneLine } from "./check-config.ts";
import { readOptionFile } from "./options.ts";
import { untilSignal } from "./run.ts";

export interface ServeFlags {
  readonly config?: string;
  /** Files of WasmPlugins. */
  readonly plugin: readonly string[];
  readonly upstream: string;
  /** A file. */
  readonly upstreamCa?: string;
  readonly host: string;
  readonly redis: string;
  readonly service: Readonly<Record<string, string>>;
  /** Files of modules, by the names of plugins. */
  readonly wasm: Readonly<Record<string, string>>;
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
  const { config: file, plugin: files, wasm: modules, service: services, ...rest } = flags;
  const { upstreamCa, logLevel, grace, ...options } = rest;
  // The files are read here, where their names are known, so that each mistake is reported with its place.
  const config = file === undefined ? undefined : await readLimiter(file, modules[LIMITER] ?? DEFAULT_WASM);
  if (config === null) return;
  const plugins = await Promise.all(files.map(readPlugins));
  const trust = upstreamCa === undefined ? {} : { upstreamCa: await readOptionFile(upstreamCa) };
  const logger = createLogger(logLevel);
  // Before anybody can know that there is a gateway to be ended.
  const ending = untilSignal();
  const gateway = await startGateway({
    ...options,
    ...trust,
    services,
    modules,
    plugins,
    logger,
    page: true,
    ...(config === undefined ? {} : { config }),
  });
  logger.info(
    `gateway at ${gateway.url}, metrics at ${gateway.adminUrl}/metrics, upstream ${options.upstream}`,
  );
  logger.info(`page at ${gateway.pageUrl}`);
  const signal = await ending;
  logger.info(`${signal}: no new connections; requests under way have ${grace} s to end`);
  await gateway.close(grace * 1000);
  // Whatever might still be open now must not keep the process.
  process.exit(0);
}

/** The text of a configuration; `null`, and exit code 1, if the rate limiter finds mistakes in it, which are printed. */
async function readLimiter(file: string, wasm: string): Promise<string | null> {
  const text = await readConfigFile(file);
  const { findings } = checkText(text, file, new Map([[LIMITER, await compile(wasm)]]));
  const errors = findings.filter(({ severity }) => severity === "error");
  for (const error of errors) console.error(inOneLine(error));
  if (errors.length > 0) {
    process.exitCode = 1;
    return null;
  }
  toPluginJson(text, file);
  return text;
}

/** The text of a file of WasmPlugins. @throws ConfigError with its mistakes, as far as they are not for the plugins to find */
async function readPlugins(file: string): Promise<string> {
  const text = await readConfigFile(file);
  pluginsIn(text, file);
  return text;
}
