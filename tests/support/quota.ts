// What tests of ai-quota share: the built modules, a configuration, and the replies of Redis to its scripts.
import { resolve } from "node:path";
import { array, REDIS } from "./filter.ts";

const root = resolve(import.meta.dirname, "../..");

/** Every conformance test runs on both: they must behave alike. */
export const QUOTA_MODULES = [
  ["release", resolve(root, "build/ai-quota.wasm")],
  ["debug", resolve(root, "build/ai-quota.debug.wasm")],
] as const;

export const QUOTA = { admin_consumer: "admin", redis: REDIS };

/** The reply to a check of a balance; null if there is none. */
export const balance = (tokens: number | string | null): string =>
  array(tokens === null ? null : String(tokens), -1);

/** The reply to a query, a refresh or a change: the balance then; null if there is none. */
export const changed = (tokens: number | string | null): string =>
  array(tokens === null ? null : String(tokens));
