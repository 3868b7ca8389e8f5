import { ByteBuilder } from "../bytes/builder";
import { Command } from "../redis/command";
import { Demand } from "./demand";
import { appendHoldsKey, appendMarkerKey, MarkerName } from "./marker";

/* What hold.lua and settle-held.lua are sent alike. */

// Made anew for each command; the longest is the key of the holds on a counter with the longest possible key.
const made = new ByteBuilder(256, (256 << 10) + 64);

/** Writes the keys: those of each counter and of its holds, and that of the marker, which the id names. */
export function writeHoldKeys(
  command: Command,
  demand: Demand,
  name: MarkerName,
  idHigh: u64,
  idLow: u64,
): void {
  for (let i = 0; i < demand.length; ++i) {
    command.key(demand.key(i), demand.keySize(i));
    made.clear();
    appendHoldsKey(made, demand.key(i), demand.keySize(i));
    command.key(made.ptr, made.length);
  }
  made.clear();
  appendMarkerKey(made, name, demand.key(0), demand.keySize(0), idHigh, idLow);
  command.key(made.ptr, made.length);
}

/** Writes the kind of a counter. */
export function writeKind(command: Command, demand: Demand, row: i32): void {
  made.clear();
  demand.appendKind(made, row);
  command.at(made.ptr, made.length);
}
