// What a hold and its settlement say to Redis, and what Redis replies to a hold.
import { array } from "./filter.ts";
import type { RedisCommand } from "./strict-host.ts";

export const LAPSES_AT_MS = 1_800_000_600_000;

/**
 * The reply to a hold: the output that is reserved, and by how much the input was corrected; or -1 of none, with what the
 * counter has and others hold.
 */
export const held = (granted: number, spent = 0, others = 0, correction = 0): string =>
  granted < 0
    ? array(String(spent), 30_000, String(others))
    : array(String(granted), String(LAPSES_AT_MS), String(correction), "held");

export interface Hold {
  keys: string[];
  input: number;
  output: number;
  least: number;
  assumed: boolean;
  widthMs: number;
  lapse: string;
  /** Whether the reply is to tell of the counters even if the call is admitted. */
  readings: boolean;
  /** Which model it calls; -1 if nothing is to be learned. */
  model: number;
  /** Whether what was learned may lower what is reserved. */
  mayShrink: boolean;
  limits: number[];
}

/** What a hold asks for. */
export function holdOf(command: RedisCommand): Hold {
  const args = command.args.map(String);
  const count = Number(args[2]);
  const values = args.slice(3 + count, -1);
  return {
    keys: args.slice(3, 3 + count),
    input: Number(values[1]),
    output: Number(values[2]),
    least: Number(values[3]),
    assumed: values[4] === "assumed",
    widthMs: Number(values[5]),
    lapse: values[6]!,
    readings: values[8] === "readings",
    model: Number(values[9]),
    mayShrink: values[10] === "50",
    limits: values.slice(11).map(Number),
  };
}

/** What a settlement says: tokens, when the hold lapses, what was held, and what the input has cost. */
export function settlementOf(command: RedisCommand): {
  keys: string[];
  tokens: number;
  lapsesAtMs: number;
  held: number;
  input: number;
} {
  const args = command.args.map(String);
  const count = Number(args[2]);
  const values = args.slice(3 + count, -1).map(Number);
  return {
    keys: args.slice(3, 3 + count),
    tokens: values[1]!,
    lapsesAtMs: values[3]!,
    held: values[4]!,
    input: values[5]!,
  };
}
