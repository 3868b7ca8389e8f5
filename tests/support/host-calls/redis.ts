// The host calls about Redis: connections and commands for clusters that the host knows.
import { parseCommand } from "../wire.ts";
import { Status, type Calls, type GuestMemory } from "./memory.ts";

export interface RedisCommand {
  /** The root context that hears of the reply, under the token. */
  root: number;
  token: number;
  cluster: string;
  args: Buffer[];
}

export interface RedisInit {
  service: string;
  username: string;
  password: string;
  timeout: number;
}

interface Host {
  readonly clusters: ReadonlySet<string>;
  /** What the calls add to. */
  readonly redisInits: RedisInit[];
  readonly pending: RedisCommand[];
  /** The root context that the guest is in, or in one of whose streams. */
  readonly root: number;
  onRedisCall: (command: RedisCommand) => void;
}

export function redisCalls(memory: GuestMemory, host: Host): Calls<"proxy_redis_init" | "proxy_redis_call"> {
  let nextToken = 7;
  return {
    proxy_redis_init: (
      service: number,
      serviceSize: number,
      user: number,
      userSize: number,
      password: number,
      passwordSize: number,
      timeout: number,
    ) => {
      const name = memory.text(service, serviceSize);
      if (!host.clusters.has(name.split("?")[0]!)) return Status.BadArgument;
      host.redisInits.push({
        service: name,
        username: memory.text(user, userSize),
        password: memory.text(password, passwordSize),
        timeout,
      });
      return Status.Ok;
    },
    proxy_redis_call: (
      service: number,
      serviceSize: number,
      query: number,
      querySize: number,
      slot: number,
    ) => {
      const cluster = memory.text(service, serviceSize);
      if (!host.clusters.has(cluster)) return Status.BadArgument;
      const args = parseCommand(memory.bytes(query, querySize));
      const command = { root: host.root, token: nextToken, cluster, args };
      nextToken += 4;
      host.pending.push(command);
      host.onRedisCall(command);
      memory.setNumber(slot, command.token);
      return Status.Ok;
    },
  };
}
