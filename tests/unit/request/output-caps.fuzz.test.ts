// Properties of assembly/request/output-caps and cap-writer for random bodies. Several servers are played, which differ in how
// they read members that are repeated or spelt differently; none may put out more than was stated, or more than was granted.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fuzz } from "../../support/fuzz.ts";
import { isObject, type Json, type Member, parseMembers } from "./json-members.ts";
import { type ApiName, bytesOf, type Caps, loadCaps } from "./output-caps.ts";

let caps: Caps;
beforeAll(async () => {
  caps = await loadCaps();
});

/** Where each API looks for caps, as its reference says. */
const OBEYED: Partial<Record<ApiName, { settings?: string[]; caps: string[]; older?: string[] }>> = {
  chat: { caps: ["max_tokens", "max_completion_tokens"], older: ["max_tokens"] },
  completions: { caps: ["max_tokens"] },
  responses: { caps: ["max_output_tokens"] },
  messages: { caps: ["max_tokens"] },
  gemini: {
    settings: ["generationConfig", "generation_config"],
    caps: ["maxOutputTokens", "max_output_tokens"],
  },
  ollama: { settings: ["options"], caps: ["num_predict"] },
  converse: { settings: ["inferenceConfig"], caps: ["maxTokens"] },
  dashscope: { settings: ["parameters"], caps: ["max_tokens"] },
};
const APIS = Object.keys(OBEYED) as ApiName[];

const fold = (name: string): string => name.toLowerCase().replaceAll("\u017f", "s").replaceAll("_", "");
const CAPS = ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "num_predict"];
const FOLDED_CAPS = new Set([...CAPS, "n_predict"].map(fold));
const SETTINGS = ["options", "generationConfig", "inferenceConfig", "parameters"];
const FOLDED_SETTINGS = new Set([...SETTINGS, "input"].map(fold));

describe("random bodies", () => {
  const spelling = fc.constantFrom<(name: string) => string>(
    (name) => name,
    (name) => name,
    (name) => name.toUpperCase(),
    (name) => name.replaceAll(/_(.)/g, (_all, c: string) => c.toUpperCase()),
    (name) => name.replaceAll(/([A-Z])/g, (c) => `_${c.toLowerCase()}`),
    (name) => name.replace("s", "\u017f"),
  );
  const named = (...names: string[]) =>
    fc.tuple(fc.constantFrom(...names), spelling).map(([name, spell]) => spell(name));
  const number = fc.oneof(
    fc.nat(3000).map(String),
    fc.constantFrom("0", "-1", "-0", "1e3", "2.5", "1e400", "99999999999999999999999", "9".repeat(70)),
    fc.constantFrom("null", "true", `"256"`, `""`, `"\\u0032"`, `"${"x".repeat(80)}"`),
  );
  const other = fc.oneof(fc.jsonValue({ depthSize: "small" }).map(parsed), number);
  const cap = fc.tuple(named(...CAPS, "n_predict", "maxOutputTokens", "maxTokens"), number);
  const thinking = fc.tuple(
    fc.constantFrom("thinking", "thinkingConfig", "reasoning"),
    objectOf(fc.tuple(named("budget_tokens", "thinking_budget", "max_tokens", "type"), number), 3),
  );
  const prompts = fc.tuple(fc.constantFrom("prompt", "input", "messages"), fc.array(other, { maxLength: 3 }));
  const extra = fc.tuple(fc.constantFrom("n", "stream", "temperature", "x", "_", "model", ""), other);
  const settings = fc.tuple(
    named(...SETTINGS),
    fc.oneof(
      { weight: 4, arbitrary: objectOf(fc.oneof(cap, extra, thinking), 4) },
      { weight: 1, arbitrary: number },
    ),
  );
  const model = fc.tuple(fc.constant("model"), fc.constantFrom(`"m"`, `"gpt-4o"`));
  const request = objectOf(fc.oneof(cap, cap, settings, extra, prompts, thinking, model), 7);
  /** The text of a request, with white space and escapes that depend on `seed`. */
  const body = fc.tuple(request, fc.nat()).map(([json, seed]) => written(json, randomly(seed)));
  const api = fc.constantFrom(...APIS);
  const granted = fc.oneof(fc.integer({ min: 2, max: 3000 }), fc.constant(5_000_000));

  it("state no more than any server takes", () => {
    fc.assert(
      fc.property(api, body, (name, text) => {
        const reading = caps.read(name, text);
        expect(reading.isJson).toBe(true);
        if (reading.stated < 0) return;
        for (const server of SERVERS) {
          expect(limitOf(name, parseMembers(text), server)).toBeLessThanOrEqual(reading.stated);
        }
      }),
      fuzz(),
    );
  });

  it("limit each server to what was granted, and change nothing else", () => {
    fc.assert(
      fc.property(api, body, granted, (name, text, cap) => {
        const { canWrite, stated } = caps.read(name, text);
        const clamped = caps.copied(text, cap);
        if (!canWrite) {
          expect(clamped).toBe(text);
          return;
        }
        JSON.parse(clamped);
        for (const server of SERVERS) {
          const before = stated < 0 ? Infinity : limitOf(name, parseMembers(text), server);
          expect(limitOf(name, parseMembers(clamped), server)).toBeLessThanOrEqual(Math.min(cap, before));
        }
        expect(withoutCaps(clamped, name)).toEqual(withoutCaps(text, name));
        expect(bytesOf(clamped).byteLength).toBe(bytesOf(text).byteLength + caps.growth(cap));
        const inPlace = caps.writeInPlace(text, cap);
        expect(inPlace).toBe(caps.growth(cap) === 0 ? clamped : text);
      }),
      fuzz(),
    );
  });

  it("are read in the same way wherever they are cut", () => {
    fc.assert(
      fc.property(api, body, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (name, text, parts) => {
        const bytes = bytesOf(text);
        const whole = caps.read(name, bytes);
        const cuts = parts.map((part) => Math.floor(part * bytes.byteLength)).sort((a, b) => a - b);
        expect(caps.read(name, bytes, cuts)).toEqual(whole);
        const each = Array.from({ length: bytes.byteLength }, (_, i) => i);
        expect(caps.read(name, bytes, each)).toEqual(whole);
      }),
      fuzz(500),
    );
  });

  it("stay as they are when they are damaged beyond JSON, and never trap", () => {
    fc.assert(
      fc.property(api, body, fc.nat(), fc.nat(255), fc.nat(3), (name, text, place, byte, how) => {
        const bytes = new Uint8Array(bytesOf(text));
        const at = place % bytes.length;
        const damaged = [
          () => bytes.slice(0, at),
          () => Uint8Array.of(...bytes.slice(0, at), byte, ...bytes.slice(at)),
          () => Uint8Array.of(...bytes.slice(0, at), byte, ...bytes.slice(at + 1)),
          () => Uint8Array.of(...bytes, ...bytes),
        ][how]!();
        const { isJson, canWrite } = caps.read(name, damaged.buffer, [at]);
        const source = Buffer.from(damaged).toString("utf8");
        if (isObjectText(source)) expect(isJson).toBe(true);
        if (how === 3 || (how === 0 && at < text.trimEnd().length)) expect(isJson).toBe(false);
        const clamped = caps.copied(source, 7);
        if (!canWrite) expect(clamped).toBe(source);
      }),
      fuzz(),
    );
  });
});

function objectOf(member: fc.Arbitrary<readonly [string, Json]>, maxLength: number) {
  return fc.array(member, { maxLength }).map((members): Json => ({ members }));
}

function parsed(value: unknown): Json {
  return parseMembers(JSON.stringify(value));
}

function randomly(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

function written(json: Json, random: (below: number) => number): string {
  const blank = (): string => (random(4) === 0 ? [" ", "\n", "\t", "  "][random(4)]! : "");
  const name = (text: string): string => {
    const quoted = JSON.stringify(text);
    if (random(5) > 0 || text === "") return quoted;
    return `"\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}${JSON.stringify(text.slice(1)).slice(1)}`;
  };
  const write = (value: Json): string => {
    if (typeof value === "string") return value;
    const parts = isObject(value)
      ? value.members.map(([key, of]) => `${name(key)}${blank()}:${blank()}${write(of)}`)
      : value.map(write);
    const inside = parts.map((part) => `${blank()}${part}${blank()}`).join(",") || blank();
    return isObject(value) ? `{${inside}}` : `[${inside}]`;
  };
  return `${blank()}${write(json)}${blank()}`;
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** How a server reads members. */
interface Server {
  readonly outer: "exact" | "folded";
  readonly inner: "exact" | "folded";
  readonly pick: "first" | "last" | "merge";
  /** Whether `n_predict` overrides all, as in llama.cpp. */
  readonly isLlama: boolean;
  /** Whether it knows only the older caps, and serves models of others. */
  readonly isOlder: boolean;
}
const SERVERS: Server[] = (["exact", "folded"] as const).flatMap((outer) =>
  (["exact", "folded"] as const).flatMap((inner) =>
    (["first", "last", "merge"] as const).flatMap((pick) =>
      [0, 1, 2].map((kind) => ({ outer, inner, pick, isLlama: kind === 1, isOlder: kind === 2 })),
    ),
  ),
);

/** The most tokens that a server puts out, separate reasoning included. */
function limitOf(api: ApiName, body: Json, server: Server): number {
  const rule = OBEYED[api]!;
  if (!isObject(body)) return Infinity;
  let members = body.members;
  let way = server.outer;
  if (rule.settings) {
    members = settingsOf(body.members, rule.settings, server);
    way = server.inner;
  }
  const valueOf = (name: string): Json | undefined => {
    const found = members.filter(([other]) => isSame(other, name, way)).map(([, value]) => value);
    return server.pick === "first" ? found[0] : found.at(-1);
  };
  const knowsLess =
    server.isOlder && body.members.some(([name, value]) => name === "model" && value === `"m"`);
  const own = (knowsLess ? (rule.older ?? rule.caps) : rule.caps)
    .map(valueOf)
    .filter((value) => value !== undefined && value !== "null");
  const llama = members.filter(([name]) => name === "n_predict");
  if (server.isLlama && !rule.settings && llama.length > 0) return tokensOf(llama.at(-1)![1], true);
  if (own.length === 0) return Infinity;
  return Math.max(...own.map((value) => tokensOf(value!, api === "messages")));
}

function isSame(name: string, wanted: string, way: "exact" | "folded"): boolean {
  return way === "exact" ? name === wanted : fold(name) === fold(wanted);
}

function settingsOf(members: readonly Member[], names: string[], server: Server): readonly Member[] {
  const found = members
    .filter(([name]) => names.some((wanted) => isSame(name, wanted, server.outer)))
    .map(([, value]) => value);
  const list = (value: Json | undefined): readonly Member[] =>
    value !== undefined && isObject(value) ? value.members : [];
  if (server.pick !== "merge") return list(server.pick === "first" ? found[0] : found.at(-1));
  let merged: Member[] = [];
  for (const value of found) merged = isObject(value) ? [...merged, ...value.members] : [];
  return merged;
}

/** A cap as a tolerant server takes it; what it might not take for a number is no limit, nor is 0 to most. */
function tokensOf(value: Json, takesZero: boolean): number {
  const isNumber = typeof value === "string" && /^\d+$/.test(value);
  return isNumber && (takesZero || Number(value) > 0) ? Number(value) : Infinity;
}

/** All that is neither a cap, a budget, nor an object that the writer may have added. */
function withoutCaps(text: string, api: ApiName): Json {
  const isCap = (name: string): boolean => FOLDED_CAPS.has(fold(name)) || fold(name) === "thinkingbudget";
  const inThinking = (value: Json): Json =>
    isObject(value)
      ? {
          members: value.members.filter(
            ([name]) => !/^(budgettokens|thinkingbudget|maxtokens)$/.test(fold(name)),
          ),
        }
      : value;
  const inner = ([name, value]: Member): Member[] => {
    if (isCap(name)) return [];
    return [[name, /^(thinking|thinkingConfig|reasoning)$/.test(name) ? inThinking(value) : value]];
  };
  const ruled = new Set(OBEYED[api]!.settings?.map(fold));
  const outer = (member: Member): Member[] => {
    const [name, value] = member;
    if (!FOLDED_SETTINGS.has(fold(name)) || (!ruled.has(fold(name)) && !isObject(value)))
      return inner(member);
    const members = isObject(value) ? value.members.flatMap(inner) : [];
    // An empty one may have been added, or have taken the place of a scalar.
    return members.length === 0 ? [] : [[name, { members }]];
  };
  const body = parseMembers(text);
  return isObject(body) ? { members: body.members.flatMap(outer) } : body;
}
