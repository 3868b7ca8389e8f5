import type { StreamState } from "../chain/filter.ts";
import { LIMITER } from "../config/own-plugins.ts";
import { isObject, type JsonObject } from "../config/yaml.ts";
import type { WindowReading } from "../decisions/record.ts";
import { Sandbox } from "../sandbox/sandbox.ts";

const PATH = "/-/usage";
/** Whom nobody has asked about yet, at most; each is a caller. */
const MAX_WAITING = 1000;
const PER_TURN = 50;

/**
 * Asks the filter what a caller has used, as a caller does with `usage_path`: a sandbox of it, with the active configuration and the
 * Redis that counts, which it only reads.
 */
export class Usage {
  private readonly sandbox: Sandbox;
  private readonly waiting = new Map<string, StreamState>();
  private isAsking = false;

  /** @param configuration JSON text @throws ConfigurationRefused */
  constructor(
    module: WebAssembly.Module,
    configuration: string,
    redis: (query: Buffer) => Promise<Buffer>,
    private readonly onReading: (key: string, reading: WindowReading) => void,
  ) {
    this.sandbox = new Sandbox({
      ...{ module, pluginName: LIMITER, configuration: withUsagePath(configuration), redis },
      now: Date.now,
    });
  }

  /** A call on these counters has ended: they are to be read soon, once for all calls on the same ones. */
  note(counters: readonly string[], stream: StreamState): void {
    if (this.waiting.size < MAX_WAITING) this.waiting.set(counters.join("\n"), stream);
  }

  /** Reads what is waiting, as much as one turn takes. */
  async readNext(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    for (const [key, stream] of [...this.waiting].slice(0, PER_TURN)) {
      this.waiting.delete(key);
      await this.ask(stream);
    }
    this.isAsking = false;
  }

  close(): void {
    this.sandbox.close();
  }

  private async ask({ requestHeaders, info }: StreamState): Promise<void> {
    const query = /\?.*$/s.exec(requestHeaders?.get(":path") ?? "")?.[0] ?? "";
    const others = [...(requestHeaders ?? [])].filter(([name]) => !NOT_OF_A_QUERY.has(name));
    const headers = [...others, [":method", "GET"] as const, [":path", PATH + query] as const];
    const passage = await this.sandbox.pass({ headers, body: Buffer.alloc(0) }, info);
    await passage.respond(null);
    const windows = windowsIn(passage.answer?.body.toString() ?? "");
    passage.counters.forEach((key, at) => {
      const window = windows[at];
      if (window !== undefined) this.onReading(key, window);
    });
  }
}

const NOT_OF_A_QUERY = new Set([":method", ":path", "content-length", "content-type", "transfer-encoding"]);

function withUsagePath(configuration: string): string {
  const config = JSON.parse(configuration) as JsonObject;
  const rules = Array.isArray(config._rules_) ? config._rules_.filter(isObject) : [];
  for (const scope of [config, ...rules]) if ("rule_name" in scope) scope.usage_path = PATH;
  return JSON.stringify(config);
}

/** The windows in the filter's answer; none in any other. */
function windowsIn(text: string): WindowReading[] {
  try {
    const { windows } = JSON.parse(text) as { windows?: Record<string, number | string>[] };
    return (windows ?? []).map((window) => ({
      rule: String(window.rule),
      kind: String(window.kind ?? "fixed_window"),
      seconds: Number(window.window_seconds),
      unit: String(window.unit ?? "tokens"),
      limit: Number(window.limit),
      used: Number(window.used),
      held: Number(window.held),
      remaining: Number(window.remaining),
      resetSeconds: Number(window.reset_seconds),
    }));
  } catch {
    return [];
  }
}
