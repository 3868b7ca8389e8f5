import { CalloutHandler } from "../../../assembly/abi/callouts";
import { parseInteger } from "../../../assembly/bytes/decimal";
import { bytesAt, Command, nextTo, sizeAt } from "../../../assembly/redis/command";
import { expect } from "./paths.harness";

/** What a call asks for: of its output, Redis grants the least. */
export const INPUT: i64 = 3;
export const LEAST: i64 = 2;
export const OUTPUT: i64 = 4;

export const enum Kind {
  Peek,
  Hold,
  /** Of what was not reserved. */
  Charge,
  /** Settles a hold. */
  HeldCharge,
}

/** A command that waits for its answer. */
export class Sent {
  number: i64 = 0;
  kind: Kind = Kind.Peek;
  isEval: bool = false;
  /** Whether a hold is to tell of its counters even if there is room. */
  wantsReadings: bool = false;
  /** Whether the charge is named by its answer. */
  isAnswer: bool = false;
  /** A hash of the name of the marker. */
  marker: u64 = 0;
  tokens: i64 = 0;
  /** What the settlement of a hold knows of it. */
  lapsesAtMs: i64 = 0;
  held: i64 = 0;
  counters: i32 = 0;
  /** By which streams know their counters. */
  owner: i32 = 0;

  constructor(readonly handler: CalloutHandler) {}

  get isCharge(): bool {
    return this.kind == Kind.Charge || this.kind == Kind.HeldCharge;
  }
}

export function nameOf(kind: Kind): string {
  return kind == Kind.Peek
    ? "peek"
    : kind == Kind.Hold
      ? "hold"
      : kind == Kind.Charge
        ? "charge"
        : "settlement";
}

/** Reads a command as Redis does. */
export function read(command: Command, handler: CalloutHandler): Sent {
  const sent = new Sent(handler);
  const keys = command.keys;
  const numbers = command.length - keys;
  let second: usize = 0;
  let last: usize = 0;
  let at = command.first;
  sent.owner = load<u8>(bytesAt(at)) - 65;
  for (let i = 0; i < command.length; ++i, at = nextTo(at)) {
    if (i == 1 && keys > 1 && load<u8>(bytesAt(at)) == 104) second = at;
    if (i == keys - 1) last = at;
    if (i == command.length - 2) sent.tokens = numberAt(at);
    if (i == command.length - 1) sent.number = numberAt(at);
  }
  sent.counters = keys;
  if (second == 0) {
    sent.tokens = 0;
    return sent;
  }
  // Behind `higress-token-ratelimit:` comes `charge:`, `answer:` or `held:`.
  const letter = load<u8>(bytesAt(second), 24);
  const isMarker = letter != 104;
  const marker = isMarker ? second : last;
  sent.marker = hashOf(bytesAt(marker), sizeAt(marker));
  sent.counters = isMarker ? keys - 1 : keys / 2;
  sent.isAnswer = letter == 97;
  if (isMarker) {
    sent.kind = Kind.Charge;
    return sent;
  }
  sent.kind = numbers == 7 + sent.counters ? Kind.HeldCharge : Kind.Hold;
  sent.tokens = sent.kind == Kind.HeldCharge ? numberAt(argument(command, 1)) : 0;
  if (sent.kind == Kind.Hold) {
    const isAsked =
      numberAt(argument(command, 1)) == INPUT &&
      numberAt(argument(command, 2)) == OUTPUT &&
      numberAt(argument(command, 3)) == LEAST;
    expect(isAsked, "another amount is reserved than was asked for");
    sent.wantsReadings = load<u8>(bytesAt(argument(command, 8))) == 114;
  } else {
    sent.lapsesAtMs = numberAt(argument(command, 3));
    sent.held = numberAt(argument(command, 4));
  }
  return sent;
}

/** An argument behind the keys, from 0. */
function argument(command: Command, index: i32): usize {
  let at = command.first;
  for (let i = 0; i < command.keys + index; ++i) at = nextTo(at);
  return at;
}

function numberAt(at: usize): i64 {
  return parseInteger(bytesAt(at), sizeAt(at));
}

export function hashOf(ptr: usize, size: i32): u64 {
  let hash: u64 = 0;
  for (let i = 0; i < size; ++i) hash = hash * 31 + load<u8>(ptr + i);
  return hash;
}
