import "../../../assembly/abi/abort";
import { CalloutHandler } from "../../../assembly/abi/callouts";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { textOf } from "../../../assembly/bytes/utf8";
import { nearest as nearestName } from "../../../assembly/config/nearest";
import { Problems } from "../../../assembly/config/problems";
import { integerOf } from "../../../assembly/config/scalar";
import { RateLimitConfig, RateLimitConfigReader } from "../../../assembly/filters/token-ratelimit/config";
import { RateLimitRoot } from "../../../assembly/filters/token-ratelimit/root";
import { parseJson } from "../../../assembly/json/parse";
import { HeaderList, HeaderReader, HttpSource } from "../../../assembly/request/header-facts";
import { HttpFacts } from "../../../assembly/request/http-facts";
import { Ambiguity } from "../../../assembly/rules/facts";
import { Host } from "../../../assembly/plugin/host";
import { PluginConfig } from "../../../assembly/plugin/config";
import { Command } from "../../../assembly/redis/command";
import { Failure } from "../../../assembly/redis/failure";
import { Transport } from "../../../assembly/redis/transport";
import { appendWindow } from "../../../assembly/ledger/counter-kind";
import { Limit, Window } from "../../../assembly/ledger/limit";
import { RuleMode } from "../../../assembly/rules/rule-mode";

const reader = new RateLimitConfigReader();
let config: PluginConfig<RateLimitConfig> | null = null;
let root: RateLimitRoot | null = null;

/** The way to a Redis that nobody asks. */
class Nowhere extends Transport {
  send(_verb: Bytes, _script: Bytes, _command: Command, _handler: CalloutHandler): Failure {
    return Failure.Network;
  }

  receive(_status: u32, _size: u32): Failure {
    return Failure.Network;
  }

  reconnect(): bool {
    return false;
  }

  name(): string {
    return "nowhere";
  }
}

/** Parses a configuration, which the functions below use; returns "error: ..." and "warning: ..." lines. */
export function parse(text: ArrayBuffer, sharesConnections: bool): string[] {
  const problems = new Problems();
  const parsed = reader.parse(text, problems, sharesConnections);
  config = parsed;
  root = null;
  if (parsed !== null) {
    const made = new RateLimitRoot(1, new Host((_redis) => new Nowhere(1000), sharesConnections, true, true));
    made.use(parsed);
    root = made;
  }
  const lines: string[] = [];
  const errors = problems.errors;
  for (let i = 0; i < errors.length; ++i) lines.push("error: " + errors[i]);
  const warnings = problems.warnings;
  for (let i = 0; i < warnings.length; ++i) lines.push("warning: " + warnings[i]);
  assert(errors.length > 0 == (parsed === null));
  return lines;
}

export function describe(): string {
  const parsed = config;
  return parsed === null ? "refused" : reader.describe(parsed);
}

/** The global configuration as one line, or that of the override at `index`. */
export function dump(index: i32): string {
  const parsed = config;
  if (parsed === null) return "refused";
  const limit = index < 0 ? parsed.global : parsed.overrides[index].config;
  return limit === null ? "none" : dumpOf(limit);
}

function dumpOf(c: RateLimitConfig): string {
  const global = c.globalLimit;
  const r = c.redis;
  const parts: string[] = [
    "name=" + textOf(c.ruleName),
    c.mode == RuleMode.AllMatch ? "all" : "first",
    "global=" + (global === null ? "none" : windows(global)),
    "items=" + c.items.length.toString(),
    "code=" + c.rejection.status.toString(),
    "message=" + textOf(c.rejection.message),
    `redis=${textOf(r.cluster)} ${textOf(r.username)}:${textOf(r.password)} ${r.timeout} ${r.database}`,
  ];
  return parts.join("; ");
}

function windows(limit: Limit): string {
  const parts: string[] = [];
  for (let i = 0; i < limit.windows.length; ++i) {
    parts.push(windowText(limit.windows[i]));
  }
  return parts.join(",");
}

/** What a window allows, and what identifies it in the name of its counter. */
function windowText(window: Window): string {
  const out = new ByteBuilder();
  out.decimal(window.capacity).text("/");
  appendWindow(out, window.kind, window.seconds, window.detail);
  return textOf(out.toBytes());
}

/** The name of the rule that a request gets, or "none". */
export function select(host: string, route: string, cluster: string): string {
  const current = root;
  if (current === null) return "refused";
  const fields = new Map<string, Bytes>();
  fields.set(":authority", bytesOf(host));
  fields.set("route_name", bytesOf(route));
  fields.set("cluster_name", bytesOf(cluster));
  const policy = current.select(new FakeSource(fields));
  return policy === null ? "none" : textOf(policy.config.ruleName);
}

class FakeSource implements HttpSource {
  constructor(private fields: Map<string, Bytes>) {}

  header(name: Bytes): Bytes | null {
    return this.get(textOf(name).toLowerCase());
  }

  headers(reader: HeaderReader): HeaderList {
    const names = this.fields.keys();
    for (let i = 0; i < names.length; ++i) {
      const name = bytesOf(names[i]);
      const value = this.fields.get(names[i]);
      reader.line(changetype<usize>(name), name.byteLength, changetype<usize>(value), value.byteLength);
    }
    reader.endOfLines();
    return HeaderList.Complete;
  }

  property(path: Bytes): Bytes | null {
    return this.get(textOf(path));
  }

  private get(name: string): Bytes | null {
    return this.fields.has(name) ? this.fields.get(name) : null;
  }
}

/**
 * What a request of these headers and properties is counted by, but for the global threshold: a line "tokens/seconds key" for
 * each counter; or "no configuration", or "ambiguous".
 */
export function match(names: string[], values: ArrayBuffer[]): ArrayBuffer {
  const out = new ByteBuilder();
  const current = root;
  if (current === null) return out.text("no configuration").toBytes();
  const fields = new Map<string, Bytes>();
  for (let i = 0; i < names.length; ++i) fields.set(names[i], values[i]);
  const source = new FakeSource(fields);
  const policy = current.select(source);
  if (policy === null) return out.text("no configuration").toBytes();
  const facts = new HttpFacts(source);
  facts.begin(policy.config.questions);
  const ticket = policy.match(facts);
  if (facts.ambiguity != Ambiguity.None) return out.text("ambiguous").toBytes();
  if (ticket === null) return out.toBytes();
  const demand = ticket.demand;
  for (let i = 0; i < demand.length; ++i) {
    if (demand.item(i) < 0) continue;
    if (out.length > 0) out.text("\n");
    out.text(`${demand.capacity(i)}/${demand.windowSeconds(i)} `);
    out.at(demand.key(i), demand.keySize(i));
  }
  ticket.close();
  return out.toBytes();
}

/** The whole number in a JSON value, "~" behind it if something was cut off, or "none". */
export function integer(text: string): string {
  const value = parseJson(bytesOf(text)).value;
  if (value === null) return "not JSON";
  const number = integerOf(value);
  return number === null ? "none" : number.value.toString() + (number.isWhole ? "" : "~");
}

export function nearest(name: string, known: string[]): string {
  return nearestName(name, known);
}
