import "../../assembly/abi/abort";
import {
  BALANCE_CHANGE,
  BALANCE_PEEK,
  HOLD,
  PEEK,
  SETTLE,
  SETTLE_HELD,
} from "../../assembly/ledger/lua/scripts";
import { ScriptFamily } from "../../assembly/redis/script-family";

/** The text for so many counters, or for the next power of two. */
function textOf(family: ScriptFamily, counters: i32): string {
  return String.UTF8.decode(family.scriptFor(counters)!.text());
}

function digestOf(family: ScriptFamily, counters: i32): string {
  return String.UTF8.decode(family.scriptFor(counters)!.sha1);
}

export function peekScript(counters: i32): string {
  return textOf(PEEK, counters);
}

export function peekDigest(counters: i32): string {
  return digestOf(PEEK, counters);
}

export function settleScript(counters: i32): string {
  return textOf(SETTLE, counters);
}

export function settleDigest(counters: i32): string {
  return digestOf(SETTLE, counters);
}

export function balancePeekScript(counters: i32): string {
  return textOf(BALANCE_PEEK, counters);
}

export function balancePeekDigest(counters: i32): string {
  return digestOf(BALANCE_PEEK, counters);
}

export function balanceChangeScript(): string {
  return textOf(BALANCE_CHANGE, 1);
}

export function balanceChangeDigest(): string {
  return digestOf(BALANCE_CHANGE, 1);
}

export function holdScript(counters: i32): string {
  return textOf(HOLD, counters);
}

export function holdDigest(counters: i32): string {
  return digestOf(HOLD, counters);
}

export function settleHeldScript(counters: i32): string {
  return textOf(SETTLE_HELD, counters);
}

export function settleHeldDigest(counters: i32): string {
  return digestOf(SETTLE_HELD, counters);
}
