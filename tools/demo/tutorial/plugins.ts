import { readFileSync } from "node:fs";
import { parse } from "yaml";

const read = (file: string): unknown => parse(readFileSync(new URL(file, import.meta.url), "utf8"));

/** A WasmPlugin of ours at its published place in the chain, with a configuration of the tutorial. */
function manifest(name: string, priority: number, defaultConfig: unknown): object {
  return {
    apiVersion: "extensions.higress.io/v1alpha1",
    kind: "WasmPlugin",
    metadata: { name },
    spec: { priority, defaultConfig },
  };
}

interface KeyAuth {
  readonly spec: { readonly defaultConfig: { readonly consumers: { name: string; credential: string }[] } };
}

/** The plugins of the tutorial, as WasmPlugin manifests. */
export const KEY_AUTH = read("consumers.yaml") as KeyAuth;
export const QUOTA = manifest("ai-quota", 750, read("published/quota.yaml"));
export const LIMIT = manifest("ai-token-ratelimit", 600, read("published/limit.yaml"));

/** The route of the model, which the rule in consumers.yaml is for. */
export const ROUTE = "ai-route-aliyun.internal";
/** How the tutorial's configurations name Redis. */
export const REDIS_SERVICE = "local-redis.static";
/** What the tutorial lets each value of `x-api-key` use. */
export const TOKENS_PER_MINUTE = 5;

/** The credentials of the consumers, by their names. */
export const KEYS: ReadonlyMap<string, string> = new Map(
  KEY_AUTH.spec.defaultConfig.consumers.map(({ name, credential }) => [name, credential]),
);

/** Where ai-quota keeps the balance of a consumer. */
export function balanceKey(consumer: string): string {
  return `chat_quota:${consumer}`;
}

/** Where the rate limiter counts the calls with a credential. */
export function counterKey(credential: string): string {
  return `higress-token-ratelimit:default_rule:limit_by_per_header:60:x-api-key:${credential}`;
}
