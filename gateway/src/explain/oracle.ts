import { ConfigurationRefused, type StreamInfo } from "../chain/filter.ts";
import { LIMITER } from "../config/own-plugins.ts";
import { stringify, type JsonObject } from "../config/yaml.ts";
import type { Lua } from "../memory-redis/lua.ts";
import { MemoryRedis } from "../memory-redis/memory-redis.ts";
import { Sandbox, type Message } from "../sandbox/sandbox.ts";

/** What a configuration does with the request, as far as matching goes. */
export type Match = "matches" | "does not match" | "refuses" | "cannot be tried";

/**
 * Asks the filter itself whether a configuration applies to a request: it applies when the filter wants to know a counter. So
 * nothing of how rules match is repeated here.
 */
export class Oracle {
  constructor(
    private readonly module: WebAssembly.Module,
    private readonly lua: Lua,
    private readonly request: Message,
    private readonly info: StreamInfo,
    private readonly now: () => number,
  ) {}

  async ask(configuration: JsonObject): Promise<Match> {
    const { now } = this;
    let sandbox: Sandbox;
    try {
      sandbox = new Sandbox({
        module: this.module,
        pluginName: LIMITER,
        configuration: stringify(configuration),
        redis: new MemoryRedis(this.lua, now).handle,
        now,
      });
    } catch (error) {
      if (error instanceof ConfigurationRefused) return "cannot be tried";
      throw error;
    }
    const passage = await sandbox.pass(this.request, this.info);
    await passage.respond(null);
    sandbox.close();
    if (passage.counters.length > 0) return "matches";
    return passage.answer === null ? "does not match" : "refuses";
  }
}
