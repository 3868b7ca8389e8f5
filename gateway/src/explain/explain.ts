import type { StreamInfo } from "../chain/filter.ts";
import { limiterIn } from "../config/plugins.ts";
import { LIMITER } from "../config/own-plugins.ts";
import type { ConfigInput } from "../config/load.ts";
import { isObject, type JsonObject } from "../config/yaml.ts";
import { parseSource } from "../config/document.ts";
import { maskKey } from "../decisions/counter-key.ts";
import type { DecisionRecord } from "../decisions/record.ts";
import { maskQuery } from "../http/access-log.ts";
import type { Lua } from "../memory-redis/lua.ts";
import { MemoryRedis } from "../memory-redis/memory-redis.ts";
import { keysOfScript } from "../memory-redis/resp.ts";
import type { Store } from "../memory-redis/store.ts";
import { Sandbox, type Message, type Passage } from "../sandbox/sandbox.ts";
import { matchRules, type RuleMatch } from "./matching.ts";
import { Oracle } from "./oracle.ts";
import { findScope } from "./scope.ts";

/** A counter that the request would be checked against. */
export interface CounterState {
  /** With the caller's value masked. */
  readonly key: string;
  /** What it holds; `null` for one whose count cannot be read off. */
  readonly used: number | null;
  readonly resetSeconds: number | null;
}

/** Why the filter does with a request what it does. */
export interface Explanation {
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly bodyBytes: number;
  };
  readonly scope: { readonly path: string; readonly words: string };
  readonly rules: readonly RuleMatch[];
  readonly counters: readonly CounterState[];
  /** What the filter itself says, if it writes records. */
  readonly decision: DecisionRecord | null;
  readonly verdict: "passes" | "is rejected" | "passes unchecked";
  readonly why: string;
  /** The answer that the client would get from the filter. */
  readonly answer: {
    readonly status: number;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
  } | null;
  /** What the upstream would get differently. */
  readonly changes: readonly string[];
}

export interface ExplainOptions {
  readonly config: ConfigInput;
  readonly request: Message;
  readonly info: StreamInfo;
  readonly module: WebAssembly.Module;
  readonly lua: Lua;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Fills in what these keys hold in the Redis that counts; without it, nothing has been used yet. */
  readonly load?: (keys: readonly string[], store: Store) => Promise<void>;
}

/**
 * Explains what the filter does with a request. Nothing is sent, counted or changed anywhere.
 * @throws ConfigError or ConfigurationRefused for the configuration, whatever `load` throws
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { request, info, module, lua, now } = options;
  const { configuration } = limiterIn(options.config);
  const whole = parseSource(configuration).documents[0]?.value;
  const oracle = new Oracle(module, lua, request, info, now);
  const passage = await decide(options, configuration);
  const scope = await findScope(oracle, isObject(whole) ? whole : {});
  const rules = scope.config === null || !scope.isCounted ? [] : await matchRules(oracle, scope.config);
  const applying = rules.filter(({ applies }) => applies);
  return {
    request: described(request),
    scope: { path: scope.path, words: scope.words },
    rules,
    counters: passage.counters,
    decision: passage.decision,
    ...verdictOf(passage, scope.config, scope.isCounted, applying),
    answer: passage.answer === null ? null : answerOf(passage.answer),
    changes: passage.forwarded === null ? [] : changesOf(request, passage.forwarded),
  };
}

type Decided = Pick<Passage, "answer" | "forwarded" | "decision"> & { counters: CounterState[] };

/** Decides twice: first to learn which keys matter, then with what they hold. */
async function decide(
  { request, info, module, lua, now, load }: ExplainOptions,
  configuration: string,
): Promise<Decided> {
  const pass = async (redis: MemoryRedis, keys: Set<string>): Promise<Decided> => {
    const handle = (query: Buffer): Buffer => {
      for (const key of keysOfScript(query)) keys.add(key);
      return redis.handle(query);
    };
    const sandbox = new Sandbox({ module, pluginName: LIMITER, configuration, redis: handle, now });
    try {
      const passage = await sandbox.pass(request, info);
      const counters = passage.counters.map((key) => stateOf(key, redis.store));
      // Before the exchange ends, and what it reserved is given back.
      const { answer, forwarded, decision } = passage;
      await passage.respond(null);
      return { answer, forwarded, decision, counters };
    } finally {
      sandbox.close();
    }
  };
  const keys = new Set<string>();
  const empty = await pass(new MemoryRedis(lua, now), keys);
  if (load === undefined || keys.size === 0) return empty;
  const filled = new MemoryRedis(lua, now);
  await load([...keys], filled.store);
  return pass(filled, keys);
}

function stateOf(key: string, store: Store): CounterState {
  const value = store.get(key) ?? "0";
  const left = store.remainingMs(key);
  return {
    key: maskKey(key),
    used: typeof value === "string" ? Number(value) : null,
    resetSeconds: typeof value === "string" && left > 0 ? Math.ceil(left / 1000) : null,
  };
}

function verdictOf(
  { answer, decision, counters }: Decided,
  config: JsonObject | null,
  isCounted: boolean,
  applying: readonly RuleMatch[],
): Pick<Explanation, "verdict" | "why"> {
  const said = decision?.why ?? "";
  if (answer !== null) {
    const limits = applying.map(({ path }) => path).join(", ");
    return {
      verdict: "is rejected",
      why: said || (counters.length > 0 ? `a limit is reached (${limits})` : "the filter refuses it"),
    };
  }
  if (config === null)
    return { verdict: "passes unchecked", why: "no part of the configuration is for requests like this one" };
  if (counters.length > 0) return { verdict: "passes", why: said || "it is below every limit that applies" };
  if (!isCounted)
    return {
      verdict: "passes unchecked",
      why: "requests with this method and path use no tokens, or cannot be read as calls of a model",
    };
  return { verdict: "passes unchecked", why: "no rule applies to it, so nothing limits it" };
}

function described({ headers, body }: Message): Explanation["request"] {
  const valueOf = (name: string): string => headers.find(([key]) => key === name)?.[1] ?? "";
  return {
    method: valueOf(":method"),
    host: valueOf(":authority"),
    path: maskQuery(valueOf(":path")),
    bodyBytes: body.length,
  };
}

function answerOf({ headers, body }: Message): NonNullable<Explanation["answer"]> {
  return {
    status: Number(headers.find(([name]) => name === ":status")?.[1]),
    headers: headers.filter(([name]) => !name.startsWith(":")),
    body: body.toString("utf8"),
  };
}

/** Names of headers only: values may be credentials. */
function changesOf(before: Message, after: Message): string[] {
  const was = new Map(before.headers);
  const is = new Map(after.headers);
  return [
    ...[...was.keys()].filter((name) => !is.has(name)).map((name) => `the header ${name} is removed`),
    ...[...is.keys()].filter((name) => !was.has(name)).map((name) => `the header ${name} is added`),
    ...[...is]
      .filter(([name, value]) => was.has(name) && was.get(name) !== value)
      .map(([name]) => `the header ${name} is changed`),
    ...(before.body.equals(after.body) ? [] : bodyChanges(before.body, after.body)),
  ];
}

/** The fields at the top of a JSON body that differ: caps of the output. */
function bodyChanges(before: Buffer, after: Buffer): string[] {
  try {
    const [was, is] = [before, after].map((body) => JSON.parse(body.toString()) as Record<string, unknown>);
    const names = Object.keys(is ?? {}).filter(
      (name) => JSON.stringify(is?.[name]) !== JSON.stringify(was?.[name]),
    );
    if (names.length > 0)
      return names.map((name) => `${name} of the body becomes ${JSON.stringify(is?.[name])}`);
  } catch {
    // Not JSON; said in general below.
  }
  return ["the body is changed"];
}
