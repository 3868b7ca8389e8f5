// The real parts together: the built filter in the gateway, a real Redis, the fake LLM.
import { Redis } from "ioredis";
import { startRedisServer, type RedisServer } from "../../tools/redis-server.ts";
import { startFakeLlm, type FakeLlm } from "../../tools/fake-llm/server.ts";
import { startGateway, type Gateway, type GatewayOptions } from "../../gateway/src/index.ts";
import { LogLevel } from "../../gateway/src/wasm/types.ts";

export { chat, eventually, untilCounter } from "../../tools/calls.ts";

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
