import { readFile } from "node:fs/promises";
import picocolors from "picocolors";
import { limiterIn } from "../config/plugins.ts";
import { readConfigFile, redisServices } from "../config/load.ts";
import { readCurl } from "../explain/curl.ts";
import { explain, type Explanation } from "../explain/explain.ts";
import { CommandLineError, splitWords } from "../explain/shell.ts";
import { Lua } from "../memory-redis/lua.ts";
import { compile, DEFAULT_WASM } from "../modules.ts";
import { CounterStore, redisBlockOf } from "../redis/counter-store.ts";
import { OptionError, parseAddress, ServiceDirectory } from "../services.ts";

/** Only for people who look at a terminal, not in pipes, whatever the environment says. */
const pc = picocolors.createColors(picocolors.isColorSupported && process.stdout.isTTY === true);

export interface ExplainFlags {
  readonly config: string;
  readonly redis?: string;
  readonly service: Readonly<Record<string, string>>;
  readonly wasm: string | undefined;
  readonly route: string;
  readonly cluster: string;
  readonly client: string;
  readonly json?: boolean;
}

/** `explain --config FILE -- curl …`; exit code 1 if nothing limits the request, 0 otherwise. */
export async function explainCurl(words: readonly string[], flags: ExplainFlags): Promise<void> {
  const config = await readConfigFile(flags.config);
  const { configuration } = limiterIn(config);
  const request = await readRequest(words);
  const store = storeOf(configuration, flags);
  try {
    const explanation = await explain({
      config,
      request,
      info: { routeName: flags.route, clusterName: flags.cluster, sourceAddress: sourceOf(flags.client) },
      module: await compile(flags.wasm ?? DEFAULT_WASM),
      lua: await Lua.create(),
      now: Date.now,
      ...(store === null ? {} : { load: (keys, into) => copied(store.copy(keys, into), flags) }),
    });
    console.log(
      flags.json === true ? JSON.stringify(explanation, null, 2) : inWords(explanation, store !== null),
    );
    if (explanation.verdict === "passes unchecked") process.exitCode = 1;
  } finally {
    store?.close();
  }
}

/** A single word is a whole command, as quoted for a shell. */
async function readRequest(words: readonly string[]): ReturnType<typeof readCurl> {
  try {
    const [only = ""] = words;
    const isQuoted = words.length === 1 && /\s/.test(only);
    return await readCurl(isQuoted ? splitWords(only) : words, (path) => readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof CommandLineError) throw new OptionError(`curl: ${error.message}`);
    if (code !== undefined) throw new OptionError(`curl: a file of its body cannot be read (${code})`);
    throw error;
  }
}

function storeOf(configuration: string, { redis, service }: ExplainFlags): CounterStore | null {
  if (redis === undefined && Object.keys(service).length === 0) return null;
  const fallback = redis === undefined ? undefined : parseAddress(redis, "redis");
  const directory = new ServiceDirectory(service, fallback);
  const [first] = redisServices([configuration]);
  const address = first === undefined ? fallback : directory.resolve(`outbound|${first.port}||${first.name}`);
  return address === undefined ? null : new CounterStore(address, redisBlockOf(configuration));
}

async function copied(copy: Promise<void>, { redis }: ExplainFlags): Promise<void> {
  try {
    await copy;
  } catch (error) {
    throw new OptionError(`Redis at ${redis ?? "the service"} does not answer: ${(error as Error).message}`);
  }
}

function sourceOf(client: string): string {
  return client.includes(":") && !client.startsWith("[") ? `[${client}]:1` : `${client}:1`;
}

function inWords(explanation: Explanation, hasRedis: boolean): string {
  const { request, scope, rules, counters, decision, answer, changes } = explanation;
  const good = explanation.verdict === "passes";
  const colour = good ? pc.green : explanation.verdict === "is rejected" ? pc.red : pc.yellow;
  const where = scope.path === "" ? scope.words : `${scope.path} (${scope.words})`;
  const lines = [
    `${pc.bold(`${request.method} ${request.host}${request.path}`)}  ${request.bodyBytes} bytes of body`,
    `configuration for ${where}`,
    "",
    ...rules.map(({ path, applies, why }) => `  ${applies ? pc.green("✓") : pc.dim("·")} ${path}: ${why}`),
    ...(rules.length > 0 ? [""] : []),
    ...counters.flatMap((counter, at) => counterLines(counter, decision?.windows[at], hasRedis)),
    ...(decision?.estimate ? [`  estimate: ${amounts(decision.estimate)}`] : []),
    `${colour(`The request ${explanation.verdict}`)}: ${explanation.why}.`,
    ...changes.map((change) => `  for the upstream, ${change}`),
    ...(answer === null
      ? []
      : [
          "",
          `HTTP ${answer.status}`,
          ...answer.headers.map(([name, value]) => `${name}: ${value}`),
          "",
          answer.body,
        ]),
  ];
  return lines.join("\n");
}

type Reading = NonNullable<Explanation["decision"]>["windows"][number];

function counterLines(
  counter: Explanation["counters"][number],
  reading: Reading | undefined,
  hasRedis: boolean,
): string[] {
  const used = reading?.used ?? counter.used ?? 0;
  const limit = reading === undefined ? "" : ` of ${reading.limit} ${reading.unit}`;
  const held = reading !== undefined && reading.held > 0 ? `, ${reading.held} held` : "";
  const reset = counter.resetSeconds === null ? "" : `, until ${counter.resetSeconds} s from now`;
  return [
    `  counter ${counter.key}`,
    `    ${used}${limit} used${held}${reset}${hasRedis ? "" : " (nothing, without --redis)"}`,
  ];
}

function amounts(estimate: Readonly<Record<string, number>>): string {
  return Object.entries(estimate)
    .map(([name, tokens]) => `${name.replaceAll("_", " ")} ${tokens}`)
    .join(", ");
}
