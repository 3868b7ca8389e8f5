import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { textOf } from "../../../assembly/bytes/utf8";
import { nearest as nearestName } from "../../../assembly/config/nearest";
import { Problems } from "../../../assembly/config/problems";
import { integerOf } from "../../../assembly/config/scalar";
import {
  parsePluginConfig,
  PluginConfig,
  RateLimitConfig,
} from "../../../assembly/filters/token-ratelimit/config";
import { parseJson } from "../../../assembly/json/parse";
import { HeaderList, HeaderReader, HttpFacts, HttpSource } from "../../../assembly/request/http-facts";
import { Ambiguity } from "../../../assembly/rules/facts";
import { Limit } from "../../../assembly/ledger/limit";
import { nameOf } from "../../../assembly/rules/limit-by";
import { Match } from "../../../assembly/rules/match";
import { allMatches, firstMatch } from "../../../assembly/rules/matcher";
import { RuleMode } from "../../../assembly/rules/rule-mode";

let config: PluginConfig | null = null;

/** Parses a configuration, which the functions below use; returns "error: ..." and "warning: ..." lines. */
export function parse(text: ArrayBuffer, sharesConnections: bool): string[] {
  const problems = new Problems();
  config = parsePluginConfig(text, problems, sharesConnections);
  const lines: string[] = [];
  const errors = problems.errors;
  for (let i = 0; i < errors.length; ++i) lines.push("error: " + errors[i]);
  const warnings = problems.warnings;
  for (let i = 0; i < warnings.length; ++i) lines.push("warning: " + warnings[i]);
  assert(errors.length > 0 == (config === null));
  return lines;
}

export function describe(): string {
  const parsed = config;
  return parsed === null ? "refused" : parsed.describe();
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
    parts.push(`${limit.windows[i].tokens}/${limit.windows[i].seconds}`);
  }
  return parts.join(",");
}

/** The name of the rule that a request gets, or "none". */
export function select(host: string, route: string, cluster: string): string {
  const parsed = config;
  if (parsed === null) return "refused";
  for (let i = 0; i < parsed.overrides.length; ++i) {
    const override_ = parsed.overrides[i];
    if (override_.selector.matches(bytesOf(host), bytesOf(route), bytesOf(cluster))) {
      return textOf(override_.config.ruleName);
    }
  }
  const chosen = parsed.global;
  return chosen === null ? "none" : textOf(chosen.ruleName);
}

function globalConfig(): RateLimitConfig | null {
  const parsed = config;
  if (parsed === null) return null;
  return parsed.global;
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

function factsOf(names: string[], values: ArrayBuffer[], config: RateLimitConfig): HttpFacts {
  const fields = new Map<string, Bytes>();
  for (let i = 0; i < names.length; ++i) fields.set(names[i], values[i]);
  const facts = new HttpFacts(new FakeSource(fields));
  facts.begin(config.questions);
  return facts;
}

/** What applies to a request of these headers and properties: one "kind name value windows" per match, in latin1. */
export function match(names: string[], values: ArrayBuffer[]): ArrayBuffer {
  const out = new ByteBuilder();
  const chosen = globalConfig();
  if (chosen === null) return out.text("no configuration").toBytes();
  const facts = factsOf(names, values, chosen);
  let matches: Match[] = [];
  if (chosen.mode == RuleMode.AllMatch) {
    matches = allMatches(chosen.items, facts);
  } else {
    const first = firstMatch(chosen.items, facts);
    if (first !== null) matches.push(first);
  }
  if (facts.ambiguity != Ambiguity.None) return out.text("ambiguous").toBytes();
  for (let i = 0; i < matches.length; ++i) {
    const m = matches[i];
    if (i > 0) out.text("\n");
    out.bytes(nameOf(m.subject.by)).text(" ").bytes(m.subject.name).text(" ").bytes(m.value).text(" ");
    out.text(windows(chosen.limits.get(m.limit)));
  }
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
