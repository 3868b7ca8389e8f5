/** What became of a call. */
export const OUTCOMES = [
  "allowed",
  "denied",
  "refused",
  "would_deny",
  "clamped",
  "unchecked",
  "unmatched",
  "free",
] as const;
export type DecisionOutcome = (typeof OUTCOMES)[number];

/** What a limit held when a call was decided on. */
export interface WindowReading {
  /** The place of the limit in the configuration, such as `rule_items[0].limit_keys[0]`. */
  readonly rule: string;
  /** `fixed_window`, `sliding_window`, `token_bucket` … */
  readonly kind: string;
  readonly seconds: number;
  /** `tokens`, `requests` or `calls`. */
  readonly unit: string;
  readonly limit: number;
  readonly used: number;
  readonly held: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** What the filter says about a call: once when it decides, and once more, with `actual`, when the call has ended. */
export interface DecisionRecord {
  readonly outcome: DecisionOutcome;
  /** The limit that decided, or that is nearest to being reached; "" if there is none. */
  readonly rule: string;
  readonly why: string;
  readonly windows: readonly WindowReading[];
  readonly estimate: Amounts | null;
  readonly actual: Amounts | null;
  readonly charged: number | null;
  readonly redisMs: number | null;
}

/** Tokens by class, such as `input`. */
export type Amounts = Readonly<Record<string, number>>;

/** The filter writes less; whatever is longer is none of its records. */
const MAX_LENGTH = 8192;
const MAX_WINDOWS = 64;
const MAX_TEXT = 300;
const RECORD = /^(?:\[[^\]]*\] ?)*decision (\{.*\})\s*$/s;

/** The record in a line of the filter's log; `null` for any other line, and for one that cannot be read. */
export function readDecision(line: string): DecisionRecord | null {
  if (line.length > MAX_LENGTH) return null;
  const [, json] = RECORD.exec(line) ?? [];
  if (json === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  const fields = value as Fields;
  const outcome = OUTCOMES.find((known) => known === fields.outcome);
  if (outcome === undefined) return null;
  const windows = Array.isArray(fields.windows) ? (fields.windows as unknown[]) : [];
  return {
    outcome,
    rule: text(fields.rule),
    why: text(fields.why),
    windows: windows.slice(0, MAX_WINDOWS).filter(isFields).map(windowOf),
    estimate: amounts(fields.estimate),
    actual: amounts(fields.actual),
    charged: numberOr(fields.charged, null),
    redisMs: numberOr(fields.redis_ms, null),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function windowOf(fields: Fields): WindowReading {
  const limit = numberOr(fields.limit, 0);
  const used = numberOr(fields.used, 0);
  const held = numberOr(fields.held, 0);
  return {
    rule: text(fields.rule),
    kind: text(fields.kind),
    seconds: numberOr(fields.seconds, 0),
    unit: text(fields.unit) || "tokens",
    limit,
    used,
    held,
    remaining: numberOr(fields.remaining, Math.max(0, limit - used - held)),
    resetSeconds: numberOr(fields.reset_seconds, 0),
  };
}

function amounts(value: unknown): Amounts | null {
  if (!isFields(value)) return null;
  const numbers = Object.entries(value).filter((entry): entry is [string, number] => isNumber(entry[1]));
  return numbers.length === 0 ? null : Object.fromEntries(numbers.slice(0, 16));
}

function numberOr<T>(value: unknown, fallback: T): number | T {
  return isNumber(value) ? value : fallback;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : "";
}
