// The real Envoy with the filter, a real Redis behind Webdis, and the fake LLM, together.
import { Redis } from "ioredis";
import { startRedisServer, type RedisServer } from "../redis-server.ts";
import { startFakeLlm, type FakeLlm, type FakeLlmOptions } from "../fake-llm/server.ts";
import { startEnvoy, startWebdis, type Envoy, type EnvoyOptions, type Webdis } from "./processes.ts";

/** How the filter reaches Redis in deploy/envoy/envoy.yaml. */
export const REDIS = {
  service_name: "webdis",
  timeout: 2000,
  http: { cluster: "webdis", authorization: "Basic ZW52b3k6Y2hhbmdlLW1l" },
};

export interface Backends {
  readonly server: RedisServer;
  readonly webdis: Webdis;
  readonly llm: FakeLlm;
  readonly redis: Redis;
  /** An Envoy before them. */
  envoy(options?: Partial<EnvoyOptions>): Promise<Envoy>;
  close(): Promise<void>;
}

/** Starts all but Envoy. */
export async function startBackends(options: FakeLlmOptions = {}): Promise<Backends> {
  const [server, llm] = await Promise.all([startRedisServer(), startFakeLlm(options)]);
  const webdis = await startWebdis(server.port);
  const redis = new Redis(server.port, server.host);
  // Some tests end the server on purpose; the client then just tries again.
  redis.on("error", () => undefined);
  const envoys: Envoy[] = [];
  return {
    server,
    webdis,
    llm,
    redis,
    envoy: async (options = {}) => {
      const llmPort = Number(new URL(llm.url).port);
      const envoy = await startEnvoy({ webdisPort: webdis.port, llmPort, ...options });
      envoys.push(envoy);
      return envoy;
    },
    close: async () => {
      redis.disconnect();
      await Promise.all(envoys.map((envoy) => envoy.stop()));
      await Promise.all([webdis.stop(), llm.close(), server.stop()]);
    },
  };
}
