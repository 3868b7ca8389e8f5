import { Redis } from "ioredis";
import type { JsonObject } from "../config/yaml.ts";
import { isObject } from "../config/yaml.ts";
import type { Store } from "../memory-redis/store.ts";
import type { Address } from "./connection.ts";

const TIMEOUT_MS = 2000;

/** The Redis that counts, as a person looks at it and changes it: with a connection of its own, and only when asked. */
export class CounterStore {
  private readonly redis: Redis;

  /** @param config the block `redis` of a configuration */
  constructor({ host, port }: Address, config: JsonObject) {
    this.redis = new Redis({
      host,
      port,
      ...(typeof config.username === "string" ? { username: config.username } : {}),
      ...(typeof config.password === "string" ? { password: config.password } : {}),
      db: Number(config.database) || 0,
      lazyConnect: true,
      connectTimeout: TIMEOUT_MS,
      commandTimeout: TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    this.redis.on("error", () => {});
  }

  /** Copies what keys hold, with their expiry. Keys have one char per byte. @throws if Redis does not answer */
  async copy(keys: readonly string[], into: Store): Promise<void> {
    for (const key of keys) {
      const name = Buffer.from(key, "latin1");
      const type = await this.redis.type(name);
      const left = await this.redis.pttl(name);
      const expiresAt = left > 0 ? into.now() + left : Infinity;
      if (type === "string") into.set(key, textOf(await this.redis.getBuffer(name)), expiresAt);
      if (type === "hash") into.set(key, hashOf(await this.redis.callBuffer("HGETALL", name)), expiresAt);
    }
  }

  /** Removes counters. @returns how many there were */
  async reset(keys: readonly string[]): Promise<number> {
    return this.redis.del(keys.map((key) => Buffer.from(key, "latin1")));
  }

  /** Takes tokens off a counter that is a plain number, and leaves its window alone; what it holds then, `null` if it is none. */
  async grant(key: string, tokens: number): Promise<number | null> {
    const name = Buffer.from(key, "latin1");
    if ((await this.redis.type(name)) !== "string") return null;
    return this.redis.decrby(name, tokens);
  }

  close(): void {
    this.redis.disconnect();
  }
}

/** The block `redis` that applies first in a plugin configuration (JSON text). */
export function redisBlockOf(configuration: string): JsonObject {
  const config = JSON.parse(configuration) as JsonObject;
  const rules = Array.isArray(config._rules_) ? config._rules_.filter(isObject) : [];
  return [config, ...rules].map(({ redis }) => redis).find(isObject) ?? {};
}

function textOf(bytes: Buffer | null): string {
  return bytes?.toString("latin1") ?? "";
}

function hashOf(reply: unknown): Map<string, string> {
  const words = (reply as Buffer[]).map(textOf);
  const hash = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) hash.set(words[i] ?? "", words[i + 1] ?? "");
  return hash;
}
