import "../../../assembly/abi/abort";
import { addressOf } from "../../../assembly/bytes/bytes";
import { Api, apiOf } from "../../../assembly/request/api";
import { copyWithCap, MAX_GROWTH, replacedFor } from "../../../assembly/request/cap-writer";
import { familyOf } from "../../../assembly/request/model-family";
import { OutputCaps } from "../../../assembly/request/output-caps";

/** One object for all bodies, as in the product. */
const caps = new OutputCaps();

export function api(path: ArrayBuffer): i32 {
  return apiOf(path);
}

export function family(model: ArrayBuffer): i32 {
  return familyOf(addressOf(model), model.byteLength);
}

/** The body that was read last. */
let last: ArrayBuffer = new ArrayBuffer(0);

/** Reads a body in pieces that end at `cuts`, each of which is wiped after use. */
export function read(api: i32, body: ArrayBuffer, cuts: i32[]): void {
  caps.begin(api);
  last = body;
  let from = 0;
  for (let i = 0; i <= cuts.length; ++i) {
    const to = i < cuts.length ? cuts[i] : body.byteLength;
    const piece = body.slice(from, to);
    caps.feed(addressOf(piece), piece.byteLength);
    memory.fill(addressOf(piece), 0x58, piece.byteLength);
    from = to;
  }
  caps.finish();
}

/** Whether an empty body is JSON after `body`, which was left unread in part and is still in memory. */
export function isJsonWhenEmptyAfter(body: ArrayBuffer): bool {
  caps.begin(Api.Chat);
  caps.feed(addressOf(body), body.byteLength);
  caps.begin(Api.Chat);
  caps.finish();
  return caps.isJson;
}

export function isJson(): bool {
  return caps.isJson;
}

export function canWrite(): bool {
  return caps.canWrite;
}

export function statedCap(): i64 {
  return caps.statedCap;
}

export function wantedCap(): i64 {
  return caps.wantedCap;
}

export function multiplier(): i64 {
  return caps.multiplier;
}

export function thinkingBudget(): i64 {
  return caps.thinkingBudget;
}

export function leastCap(): i64 {
  return caps.leastCap;
}

/** The places as offset and length, one pair after the other. */
export function places(): i32[] {
  const all: i32[] = [];
  for (let i = 0; i < caps.places.count; ++i) {
    all.push(caps.places.at(i).offset);
    all.push(caps.places.at(i).length);
  }
  return all;
}

/** By how many bytes the body that was read last gets longer with a cap. */
export function growth(cap: i64): i32 {
  return copied(last, cap).byteLength - last.byteLength;
}

let changed: i32 = 0;

/** What the last writing returned. */
export function changedTo(): i32 {
  return changed;
}

/** The body with the cap written, if it keeps its length by that; else the body as it is. */
export function write(body: ArrayBuffer, cap: i64): ArrayBuffer {
  const written = copied(body, cap);
  if (written.byteLength == body.byteLength) return written;
  changed = 0;
  return body;
}

/** The body with the cap written, longer if need be. */
export function copied(body: ArrayBuffer, cap: i64): ArrayBuffer {
  changed = caps.size == body.byteLength ? replacedFor(caps, cap) : 0;
  if (changed == 0) return body;
  const out = heap.alloc(changed + MAX_GROWTH);
  const length = copyWithCap(caps, addressOf(body), cap, out);
  const whole = new ArrayBuffer(length + body.byteLength - changed);
  memory.copy(addressOf(whole), out, length);
  memory.copy(addressOf(whole) + length, addressOf(body) + changed, body.byteLength - changed);
  heap.free(out);
  return whole;
}
