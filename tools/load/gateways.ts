// What is under load: an Envoy without any filter of ours, one with a filter that does nothing, one with a filter that
// makes the same HTTP calls as ours and no more, and one with ours, all before one and the same LLM.
import { readFileSync } from "node:fs";
import { compile } from "../bench/modules.ts";
import { filterOf, type Envoy, type HttpConnectionManager } from "../envoy/processes.ts";
import { chat, eventually, untilCounter } from "../calls.ts";
import { REDIS, startBackends, type Backends } from "../envoy/backends.ts";

/** What a call uses, as its response reports. */
const TOKENS = 30;
const RULE = "load";
const GUESTS = "tools/load/fixtures/assembly";
/** As many connections as keep a worker busy. */
export const MANY = 16;
export const CALLER = "any";
/** The caller that is over its limit. */
export const OVER = "over";

const CONFIGURATION = {
  rule_name: RULE,
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 1e9 }] }],
  // Long enough for a machine that is busy with other tests: a request that was not checked would spoil the figures.
  redis: { ...REDIS, timeout: 10_000 },
};

const ANSWER = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1729382256,
  model: "m",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "I am a model that always says the same. ".repeat(8) },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 10, completion_tokens: TOKENS - 10, total_tokens: TOKENS },
});

export const counterOf = (caller: string): string =>
  `higress-token-ratelimit:${RULE}:limit_by_per_header:60:x-api-key:${caller}`;

export interface Subject {
  readonly name: string;
  readonly envoy: Envoy;
  readonly caller: string;
  readonly isRejected?: boolean;
  /** What the counter of `CALLER` must be at least and at most when so many requests have been answered. */
  readonly charged?: (requests: number) => readonly [number, number];
}

export interface Gateways {
  readonly subjects: readonly Subject[];
  readonly backends: Backends;
  /** The gateway with the filter. */
  readonly filtered: Envoy;
  close(): Promise<void>;
}

/** Writing a line per request would be measured too. */
function silence(manager: HttpConnectionManager): void {
  manager.access_log = [];
}

function removeFilter(manager: HttpConnectionManager): void {
  const filter = filterOf(manager);
  manager.http_filters = manager.http_filters.filter((one) => one !== filter);
}

/**
 * An answer that comes before the end of its request costs the gateway the connection: HTTP/1.1 has no other way to leave the
 * rest of the request. A model reads what it is asked, so this one does as well.
 */
function readWholeRequests(manager: HttpConnectionManager): void {
  const type = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer";
  manager.http_filters.unshift({
    name: "envoy.filters.http.buffer",
    typed_config: { "@type": type, max_request_bytes: 1 << 20 },
  });
}

/** How many connections to the LLM an Envoy has opened since it was started. */
export async function connectionsToLlm({ envoy }: Subject): Promise<number> {
  const statistics = await envoy.admin("/stats?filter=%5Ecluster%5C.llm%5C.upstream_cx_total%24");
  return Number(/: (\d+)/.exec(statistics)![1]);
}

/** The words of the two Redis commands that the filter sends for a request. */
async function commandsOf({ url }: Envoy, { redis }: Backends): Promise<string[][]> {
  const monitor = await redis.monitor();
  const commands: string[][] = [];
  monitor.on("monitor", (_time: string, words: string[]) => {
    if (words[0]!.toUpperCase() === "EVALSHA") commands.push(words);
  });
  // Redis learns the scripts from the first.
  for (let requests = 1; requests <= 2; ++requests) {
    commands.length = 0;
    await (await chat(url, TOKENS, { headers: { "x-api-key": CALLER } })).text();
    await untilCounter(redis, counterOf(CALLER), TOKENS * requests);
  }
  await eventually(() => (commands.length === 2 ? true : undefined));
  monitor.disconnect();
  return commands;
}

/** https://github.com/nicolasff/webdis: the words of a command as a path, and the format of its reply. */
const webdisCommand = (words: string[]): string => `${words.map(encodeURIComponent).join("/")}.json`;

/** Makes an Envoy the LLM: it answers every request with `ANSWER`. */
function answerItself(manager: HttpConnectionManager): void {
  silence(manager);
  removeFilter(manager);
  readWholeRequests(manager);
  const contentType = { key: "content-type", value: "application/json" };
  manager.route_config.virtual_hosts[0].routes = [
    {
      match: { prefix: "/" },
      direct_response: { status: 200, body: { inline_string: ANSWER } },
      response_headers_to_add: [{ header: contentType, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" }],
    },
  ];
}

/** Starts them, each with one worker. */
export async function startGateways(): Promise<Gateways> {
  const backends = await startBackends();
  // The LLM is another Envoy, which answers out of its configuration: the fake LLM of the tests would be the slowest part.
  const llm = await backends.envoy({ change: answerItself });
  const llmPort = Number(new URL(llm.url).port);
  const without = await backends.envoy({
    llmPort,
    change: (manager) => {
      silence(manager);
      removeFilter(manager);
    },
  });
  const change = silence;
  const filtered = await backends.envoy({ llmPort, change, configuration: CONFIGURATION });
  const idle = await backends.envoy({
    llmPort,
    change,
    module: await compile(`${GUESTS}/nothing.ts`, "nothing.wasm"),
  });
  const calling = await backends.envoy({
    llmPort,
    change,
    module: await compile(`${GUESTS}/calls.ts`, "calls.wasm"),
    configuration: (await commandsOf(filtered, backends)).map(webdisCommand).join("\n"),
  });
  return {
    subjects: [
      { name: "no filter", envoy: without, caller: CALLER },
      { name: "a filter that does nothing", envoy: idle, caller: CALLER },
      {
        name: "a filter that makes two HTTP calls",
        envoy: calling,
        caller: CALLER,
        // It makes one and the same charge over and over, which counts once.
        charged: () => [TOKENS, TOKENS],
      },
      {
        name: "ours, allowed",
        envoy: filtered,
        caller: CALLER,
        // Requests that wrk left unanswered, at its end and before, may be charged as well.
        charged: (requests) => [requests * TOKENS, (requests + 2 * MANY) * TOKENS],
      },
      { name: "ours, rejected", envoy: filtered, caller: OVER, isRejected: true },
    ],
    backends,
    filtered,
    close: () => backends.close(),
  };
}

/**
 * The processor time that a process has used, in microseconds, in steps of 10 ms; NaN where there is no /proc.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function processorTime(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which may hold anything: the 14th and the 15th field of all.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return NaN;
  }
}
