// What the calls go through: the local gateway, two of them, or a real Envoy with two workers; each with Redis and the fake LLM.
import { Redis } from "ioredis";
import { startGateway, type Gateway } from "../../gateway/src/index.ts";
import { filterOf, isAvailable } from "../envoy/processes.ts";
import { REDIS, startBackends } from "../envoy/backends.ts";
import { startFakeLlm } from "../fake-llm/server.ts";
import { startRedisServer } from "../redis-server.ts";
import { Gate } from "./gate.ts";
import { CAP, LIMIT } from "./workload.ts";

export const MODES = ["off", "estimate", "clamp"] as const;
export type Mode = (typeof MODES)[number];

export const KINDS = ["one gateway", "two gateways", "Envoy, two workers"] as const;
export type Kind = (typeof KINDS)[number];

const RULE = "overshoot";
const TIMEOUT_MS = 10_000;

export interface Gateways {
  readonly urls: readonly string[];
  readonly redis: Redis;
  readonly gate: Gate;
  /** Whether it runs another plugin, which may lose charges, or keep its counters elsewhere. */
  readonly isPeer: boolean;
  /** How many requests have passed without a decision of Redis. */
  unchecked(): Promise<number>;
  close(): Promise<void>;
}

/** The header with a caller's name where windows are to end during a run: there they have a minute. */
export const MINUTE_HEADER = "x-minute-key";

/** The counter of a caller; its window does not end during a run. */
export const counterOf = (caller: string): string =>
  `higress-token-ratelimit:${RULE}:limit_by_per_header:86400:x-api-key:${caller}`;

/** The counter of a caller in `MINUTE_HEADER`. */
export const minuteCounterOf = (caller: string): string =>
  `higress-token-ratelimit:${RULE}:limit_by_per_header:60:${MINUTE_HEADER}:${caller}`;

function configurationOf(mode: Mode, redis: object, more: object = {}): object {
  return {
    rule_name: RULE,
    rule_items: [
      { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_day: LIMIT }] },
      { limit_by_per_header: MINUTE_HEADER, limit_keys: [{ key: "*", token_per_minute: LIMIT }] },
    ],
    redis,
    ...(mode === "off" ? {} : { reservation: { mode, default_output_tokens: CAP }, ...more }),
  };
}

/** Whether a kind can be started here. */
export const canStart = (kind: Kind): boolean => kind !== "Envoy, two workers" || isAvailable;

/** @param wasm another module than ours, in the local gateway */
export function startGateways(kind: Kind, mode: Mode, wasm?: string): Promise<Gateways> {
  if (kind === "Envoy, two workers") return startEnvoyWithWorkers(mode);
  return startLocal(kind === "two gateways" ? 2 : 1, mode, wasm);
}

async function startLocal(count: number, mode: Mode, wasm: string | undefined): Promise<Gateways> {
  const gate = new Gate();
  const [server, llm] = await Promise.all([
    startRedisServer(),
    startFakeLlm({ onRequest: (headers) => gate.arrive(String(headers["x-call"])) }),
  ]);
  const config = configurationOf(mode, {
    service_name: "redis.static",
    service_port: 6379,
    timeout: TIMEOUT_MS,
  });
  const gateways: Gateway[] = [];
  for (let i = 0; i < count; ++i) {
    const redis = `${server.host}:${server.port}`;
    gateways.push(await startGateway({ upstream: llm.url, redis, config, wasm }));
  }
  const redis = new Redis(server.port, server.host);
  return {
    urls: gateways.map(({ url }) => url),
    redis,
    gate,
    isPeer: wasm !== undefined,
    unchecked: async () => {
      const texts = await Promise.all(gateways.map((gateway) => gateway.metrics()));
      const values = texts.flatMap((text) => [...text.matchAll(/unchecked_requests(?:\{.*\})? (\d+)/g)]);
      return values.reduce((sum, [, value]) => sum + Number(value), 0);
    },
    close: async () => {
      redis.disconnect();
      await Promise.all(gateways.map((gateway) => gateway.close(0)));
      await llm.close();
      await server.stop();
    },
  };
}

async function startEnvoyWithWorkers(mode: Mode): Promise<Gateways> {
  const gate = new Gate();
  const backends = await startBackends({ onRequest: (headers) => gate.arrive(String(headers["x-call"])) });
  const redis = { ...REDIS, timeout: TIMEOUT_MS };
  const envoy = await backends.envoy({
    configuration: configurationOf(mode, redis, { hold_headers: true }),
    concurrency: 2,
    change: (manager) => {
      manager.access_log = [];
      filterOf(manager).typed_config.config.allow_on_headers_stop_iteration = true;
    },
  });
  return {
    urls: [envoy.url],
    redis: backends.redis,
    gate,
    isPeer: false,
    unchecked: () => envoy.stat("ai_token_ratelimit.unchecked_requests"),
    close: () => backends.close(),
  };
}
