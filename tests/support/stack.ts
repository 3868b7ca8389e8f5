// The real parts together: the built filter in the gateway, a real Redis, the fake LLM.
import { Redis } from "ioredis";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { startFakeLlm, type FakeLlm } from "../../tools/fake-llm/server.ts";
import { startGateway, type Gateway, type GatewayOptions } from "../../gateway/src/index.ts";
import { LogLevel } from "../../gateway/src/wasm/types.ts";

export interface Stack {
  readonly gateway: Gateway;
  readonly llm: FakeLlm;
  readonly server: RedisServer;
  readonly redis: Redis;
  /** What the filter logged at warn or above. */
  readonly guestLines: string[];
  close(): Promise<void>;
}

/** Starts everything; `options` are the gateway's. */
export async function startStack(
  options: Partial<GatewayOptions> & Pick<GatewayOptions, "config">,
): Promise<Stack> {
  const guestLines: string[] = [];
  const [server, llm] = await Promise.all([startRedisServer(), startFakeLlm()]);
  const gateway = await startGateway({
    upstream: llm.url,
    redis: `${server.host}:${server.port}`,
    onGuestLog: (level, message) => {
      if (level >= LogLevel.Warn) guestLines.push(message);
    },
    ...options,
  });
  const redis = new Redis(server.port, server.host);
  // Some tests end the server on purpose; the client then just tries again.
  redis.on("error", () => undefined);
  return {
    gateway,
    llm,
    server,
    redis,
    guestLines,
    close: async () => {
      redis.disconnect();
      await gateway.close(0);
      await llm.close();
      await server.stop();
    },
  };
}

/** One chat completion of exactly `tokens` tokens (at least 2): one word of prompt, the rest generated. */
export function chat(
  url: string,
  tokens: number,
  init: { path?: string; headers?: HeadersInit; stream?: boolean } = {},
) {
  return fetch(url + (init.path ?? "/v1/chat/completions"), {
    method: "POST",
    headers: { "content-type": "application/json", ...init.headers },
    body: JSON.stringify({
      model: "fake-model",
      messages: [{ role: "user", content: "Hello" }],
      max_tokens: tokens - 1,
      ...(init.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  });
}

/** Waits until `probe` returns something other than undefined; charging is not part of the response. */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  milliseconds = 5_000,
): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a counter holds exactly `tokens`. */
export async function untilCounter(redis: Redis, key: string, tokens: number): Promise<void> {
  let last: string | null = null;
  await eventually(async () => {
    last = await redis.get(key);
    return Number(last ?? 0) === tokens ? true : undefined;
  }).catch(() => {
    throw new Error(`${key} is ${last}, not ${tokens}`);
  });
}
