// What conformance tests share: the built modules, a configuration, and the replies of Redis to its scripts.
import { resolve } from "node:path";
import { StrictHost, type RedisCommand } from "./strict-host.ts";

const root = resolve(import.meta.dirname, "../..");

/** Every conformance test runs on both: they must behave alike. */
export const MODULES = [
  ["release", resolve(root, "build/ai-token-ratelimit.wasm")],
  ["debug", resolve(root, "build/ai-token-ratelimit.debug.wasm")],
] as const;

export const CLUSTER = "outbound|6379||redis.dns";
export const REDIS = { service_name: "redis.dns" };
/** Each value of x-api-key may use 100 tokens a minute. */
export const PER_KEY = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 100 }] }],
  redis: REDIS,
};
export const ROOT = 1;
export const PAUSE = 4;
export const CONTINUE = 0;

/** A host with the filter loaded, which knows the Redis cluster, configured when a configuration is given. */
export async function start(file: string, configuration?: unknown): Promise<StrictHost> {
  const host = await StrictHost.load(file);
  host.clusters.add(CLUSTER);
  if (configuration !== undefined && !host.configure(ROOT, configuration)) {
    throw new Error(`refused: ${host.lines().join("\n")}`);
  }
  // What a configuration tells of itself is no part of what its calls do (tests/conformance/metrics.test.ts).
  host.metrics.clear();
  return host;
}

/** A RESP2 array of integers, nulls, errors and bulk strings, as the scripts return it. */
export function array(...items: (number | string | null | Error)[]): string {
  const encoded = items.map((item) => {
    if (item === null) return "$-1\r\n";
    if (item instanceof Error) return `-${item.message}\r\n`;
    return typeof item === "number" ? `:${item}\r\n` : `$${Buffer.byteLength(item)}\r\n${item}\r\n`;
  });
  return `*${items.length}\r\n${encoded.join("")}`;
}

/** The reply of the check script for one counter. */
export function counter(tokens: number, remainingMilliseconds = 30_000): string {
  return array(String(tokens), remainingMilliseconds);
}

export const usageBody = (input: number, output: number): string =>
  JSON.stringify({
    id: "1",
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  });

/** Runs one whole admitted request that consumes `tokens`, and answers both Redis calls. */
export function play(host: StrictHost, id: number, key: string, tokens = 7): void {
  host.request(id, ROOT, { "x-api-key": key });
  host.reply(ROOT, counter(0));
  host.responseHeaders(id, { "content-type": "application/json" });
  host.responseBody(id, usageBody(tokens - 4, 4), true);
  host.reply(ROOT, made(tokens));
  host.end(id);
}

/** The reply of the charge script that has added to counters, which hold so much now. */
export function made(...tokens: (number | Error)[]): string {
  return array(LEFT_MS, ...tokens);
}

/** The reply of the charge script to a charge that was made before, and to one whose deadline has passed. */
export const MADE_BEFORE = array();
export const TOO_LATE = array(-2);

/** What is left until the deadline of a charge when it is made at once, with the default timeout. */
export const LEFT_MS = 141_000;

/** What a charge command says: the counters with their windows, and what makes it safe to repeat. */
export function chargeOf(command: RedisCommand): {
  keys: string[];
  tokens: number;
  windows: number[];
  marker: string;
  deadline: number;
} {
  const args = command.args.map(String);
  const numberOfKeys = Number(args[2]);
  const keys = args.slice(3, 3 + numberOfKeys);
  const values = args.slice(3 + numberOfKeys, -1).map(Number);
  const tokens = values.pop()!;
  const [marker] = keys.splice(1, 1);
  const [deadline] = values.splice(1, 1);
  return { keys, tokens, windows: values, marker: marker!, deadline: deadline! };
}

/** What one of the filter's metrics stands at. */
export const metric = (host: StrictHost, name: string): number =>
  Number(
    host.metrics.get(`ai_token_ratelimit.${name}`) ?? host.gauges.get(`ai_token_ratelimit.${name}`) ?? 0n,
  );
