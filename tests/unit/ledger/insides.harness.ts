import { Pool } from "../../../assembly/abi/pool";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { Charge } from "../../../assembly/ledger/charge";
import { Demand } from "../../../assembly/ledger/demand";
import { Hold } from "../../../assembly/ledger/hold";
import { appendMarkerKey, MarkerName } from "../../../assembly/ledger/marker";
import { Ticket } from "../../../assembly/ledger/ticket";
import { hashOf, Sent } from "./sent.harness";

/* What tickets keep to themselves, for the checks. */

/** The letter that its counters begin with, less 65. */
export function ownerOf(ticket: Ticket): i32 {
  return load<u8>(ticket.demand.key(0)) - 65;
}

export function holdersOf(ticket: Ticket): u32 {
  return load<u32>(changetype<usize>(ticket), offsetof<Ticket>("holders"));
}
export function chargeOf(ticket: Ticket): Charge {
  return changetype<Charge>(load<usize>(changetype<usize>(ticket), offsetof<Ticket>("charge")));
}
export function peekOf(ticket: Ticket): usize {
  return load<usize>(changetype<usize>(ticket), offsetof<Ticket>("question"));
}
export function holdOf(ticket: Ticket): Hold | null {
  return changetype<Hold | null>(load<usize>(changetype<usize>(ticket), offsetof<Ticket>("hold")));
}
export function isReservedBy(ticket: Ticket): bool {
  return load<bool>(changetype<usize>(ticket), offsetof<Ticket>("isReserved"));
}
/** Tokens of a settlement that are to be charged, and are neither on their way nor waiting. */
export function owedBy(ticket: Ticket): i64 {
  const charge = changetype<usize>(chargeOf(ticket));
  const owed = load<i64>(changetype<usize>(ticket), offsetof<Ticket>("owed"));
  return owed | load<i64>(charge, offsetof<Charge>("nextTokens"));
}
export function idleIn<T>(pool: usize): T[] {
  const items = changetype<StaticArray<T>>(load<usize>(pool, offsetof<Pool<T>>("items")));
  const length = load<i32>(pool, offsetof<Pool<T>>("length"));
  return items.slice<T[]>(0, length);
}

const KEY = new ByteBuilder(64);

/** A hash of the name of a marker, as `Sent` has it. */
export function markerOf(demand: Demand, high: u64, low: u64): u64 {
  KEY.clear();
  appendMarkerKey(KEY, MarkerName.Charge, demand.key(0), demand.keySize(0), high, low);
  return hashOf(KEY.ptr, KEY.length);
}

/** Whether a command is one of a ticket. */
export function isOf(sent: Sent, ticket: Ticket): bool {
  const handler = changetype<usize>(sent.handler);
  return (
    handler == peekOf(ticket) ||
    handler == changetype<usize>(holdOf(ticket)) ||
    handler == changetype<usize>(chargeOf(ticket))
  );
}
