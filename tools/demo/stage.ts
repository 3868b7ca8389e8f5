import { Redis } from "ioredis";
import { startGateway, type Gateway, type GatewayOptions } from "../../gateway/src/index.ts";
import { OptionError } from "../../gateway/src/services.ts";
import { startFakeLlm } from "../fake-llm/server.ts";
import { startRedisServer } from "../redis-server.ts";

/** What scenes are played on. */
export interface Stage {
  /** Base URL of a fake LLM. */
  readonly llmUrl: string;
  /** `host:port` of a Redis, and a client of it. */
  readonly redisAddress: string;
  readonly redis: Redis;
  /**
   * Starts a gateway in front of the fake LLM, on the usual ports, or on any free ones when something else listens there.
   * A gateway that follows another one takes its ports.
   * @throws as `startGateway`
   */
  readonly startGateway: (
    options: Omit<GatewayOptions, "upstream" | "port" | "adminPort">,
  ) => Promise<Gateway>;
  /** Ends everything but the gateways. */
  close(): Promise<void>;
}

const PORT = 8080;
const ADMIN_PORT = 9901;

/** Sets the stage. @throws if there is no Redis to be had */
export async function openStage(): Promise<Stage> {
  const server = await startRedisServer();
  const llm = await startFakeLlm();
  const redis = new Redis(server.port, server.host);
  let ports = { port: PORT, adminPort: ADMIN_PORT };
  return {
    llmUrl: llm.url,
    redisAddress: `${server.host}:${server.port}`,
    redis,
    startGateway: async (options) => {
      const gateway = await startOnFreePorts({ page: true, ...options, ...ports, upstream: llm.url });
      ports = { port: portOf(gateway.url), adminPort: portOf(gateway.adminUrl) };
      return gateway;
    },
    close: async () => {
      redis.disconnect();
      await llm.close();
      await server.stop();
    },
  };
}

async function startOnFreePorts(options: GatewayOptions): Promise<Gateway> {
  try {
    return await startGateway(options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return startGateway({ ...options, port: 0, adminPort: 0 });
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
