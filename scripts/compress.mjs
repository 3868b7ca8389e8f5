// Compresses static data about as well as LZMA does, in a format whose decoder is small (assembly/abi/decompress.ts): literals, and
// matches with what came before, written by an adaptive binary range coder.
//
// Each decision is a bit with a model, which says how probable a 0 is and learns from each bit. In this order:
//
//   is it a match?    by whether the step before was one
//   literal           8 bits from the top; by the upper 3 bits of the byte before, and the bits so far
//   match             is the distance that of the last match? if not, first the length and then the distance; else the length
//   length - 2        is it 8 or more? then 3 bits of it, or 8 bits of what is above 8, from the top; by the bits so far
//   distance - 1      as a float: 6 bits, which are twice the place of the top bit, plus the bit below it; by the length, up to 5.
//                     Then the bits that are left, from the top; by the first 6 bits and their places

import { Decoder, Encoder } from "./range-coder.mjs";

/** Where the models of each kind of decision begin. */
const Model = {
  Literal: 0,
  Match: 2048,
  Repeat: 2050,
  Long: 2051,
  Short: 2052,
  Rest: 2060,
  Slot: 2316,
  Extra: 2572,
};
const MODELS = 3596;
/** How much memory the models take in the decoder. */
export const MODELS_SIZE = 2 * MODELS;
const MIN_MATCH = 2;
const MAX_MATCH = MIN_MATCH + 8 + 255;
const MAX_CANDIDATES = 48;
const PASSES = 3;

/** The packed form of `data`. */
export function compressed(data) {
  const matches = matchesOf(data);
  let prices = new Prices();
  let best = null;
  for (let pass = 0; pass < PASSES; ++pass) {
    const encoder = new Encoder(MODELS);
    for (const step of cheapest(data, matches, prices)) encode(encoder, data, step);
    const bytes = encoder.end();
    if (best === null || bytes.length < best.length) best = bytes;
    prices = new Prices(encoder);
  }
  return best;
}

/** What `compressed` made `bytes` of, if that was `length` bytes. */
export function decompressed(bytes, length) {
  const decoder = new Decoder(bytes, MODELS);
  const data = Buffer.alloc(length);
  let distance = 0;
  let wasMatch = 0;
  for (let at = 0; at < length;) {
    if (!decoder.bit(Model.Match + wasMatch)) {
      data[at] = tree(decoder, literalModel(data, at), 8);
      ++at;
      wasMatch = 0;
      continue;
    }
    wasMatch = 1;
    const isRepeat = decoder.bit(Model.Repeat);
    const isLong = decoder.bit(Model.Long);
    const extent = isLong ? 8 + tree(decoder, Model.Rest, 8) : tree(decoder, Model.Short, 3);
    if (!isRepeat) distance = distanceFrom(decoder, extent);
    for (let end = at + extent + MIN_MATCH; at < end; ++at) data[at] = data[at - distance];
  }
  return data;
}

/** The literals and matches that cost least: `{ at, size, distance }`, with distance 0 for a literal. */
function cheapest(data, matches, prices) {
  const costs = new Float64Array(data.length + 1).fill(Infinity);
  const sizes = new Int32Array(data.length + 1);
  const isMatch = new Uint8Array(data.length + 1);
  /** The distance of the last match up to here. */
  const distances = new Int32Array(data.length + 1);
  costs[0] = 0;
  const reach = (at, size, distance, cost) => {
    if (cost >= costs[at + size]) return;
    costs[at + size] = cost;
    sizes[at + size] = size;
    isMatch[at + size] = distance > 0 ? 1 : 0;
    distances[at + size] = distance || distances[at];
  };
  for (let at = 0; at < data.length; ++at) {
    const wasMatch = isMatch[at];
    const literal = prices.of(Model.Match + wasMatch, 0) + prices.ofTree(literalModel(data, at), 8, data[at]);
    reach(at, 1, 0, costs[at] + literal);
    const match = costs[at] + prices.of(Model.Match + wasMatch, 1);
    const last = distances[at];
    if (last > 0) {
      const repeat = match + prices.of(Model.Repeat, 1);
      const longest = agreement(data, at - last, at);
      for (let size = MIN_MATCH; size <= longest; ++size)
        reach(at, size, last, repeat + prices.lengths[size]);
    }
    let from = MIN_MATCH;
    const other = match + prices.of(Model.Repeat, 0);
    for (const { distance, longest } of matches[at]) {
      for (let size = from; size <= longest; ++size)
        reach(at, size, distance, other + prices.lengths[size] + prices.ofDistance(size, distance));
      from = longest + 1;
    }
  }
  const path = [];
  for (let end = data.length; end > 0; end -= sizes[end])
    path.push({ at: end - sizes[end], size: sizes[end], distance: isMatch[end] ? distances[end] : 0 });
  return path.reverse();
}

/** For each place, the matches that are longer than all nearer ones, the nearest first. */
function matchesOf(data) {
  const earlier = new Map();
  return Array.from(data, (_, at) => {
    const found = [];
    const key = data[at] | (data[at + 1] << 8);
    const places = earlier.get(key) ?? [];
    earlier.set(key, places);
    let most = MIN_MATCH - 1;
    const first = Math.max(0, places.length - MAX_CANDIDATES);
    for (let i = places.length - 1; i >= first && most < MAX_MATCH; --i) {
      const longest = agreement(data, places[i], at);
      if (longest <= most) continue;
      found.push({ distance: at - places[i], longest });
      most = longest;
    }
    places.push(at);
    return found;
  });
}

/** How many bytes from `at` on are those from `from` on. */
function agreement(data, from, at) {
  const end = Math.min(data.length, at + MAX_MATCH);
  let to = at;
  while (to < end && data[from + to - at] === data[to]) ++to;
  return to - at;
}

function literalModel(data, at) {
  return Model.Literal + (at > 0 ? data[at - 1] >> 5 : 0) * 256;
}

/** The bits of a number in a tree of models, from the top: pairs of a model and a bit. */
function treeOf(model, bits, value) {
  return Array.from({ length: bits }, (_, i) => {
    const left = bits - 1 - i;
    return [model + (((1 << bits) | value) >> (left + 1)), (value >> left) & 1];
  });
}

function lengthOf(size) {
  const extent = size - MIN_MATCH;
  return extent < 8
    ? [[Model.Long, 0], ...treeOf(Model.Short, 3, extent)]
    : [[Model.Long, 1], ...treeOf(Model.Rest, 8, extent - 8)];
}

function distanceOf(size, distance) {
  const slot = slotOf(distance);
  const places = Array.from({ length: placesOf(slot) }, (_, i) => placesOf(slot) - 1 - i);
  const extra = places.map((place) => [extraModel(slot, place), ((distance - 1) >> place) & 1]);
  return [...treeOf(slotModel(size - MIN_MATCH), 6, slot), ...extra];
}

/** Twice the place of a distance's top bit, plus the bit below it. */
function slotOf(distance) {
  const value = distance - 1;
  if (value < 2) return value;
  const top = 31 - Math.clz32(value);
  return 2 * top + ((value >> (top - 1)) & 1);
}

/** How many bits a slot leaves open. */
const placesOf = (slot) => Math.max(0, (slot >> 1) - 1);
const extraModel = (slot, place) => Model.Extra + slot * 16 + place;

function slotModel(extent) {
  return Model.Slot + Math.min(extent, 3) * 64;
}

function encode(encoder, data, { at, size, distance }) {
  const put = (bits) => bits.forEach(([model, bit]) => encoder.put(model, bit));
  encoder.put(Model.Match + encoder.wasMatch, distance > 0 ? 1 : 0);
  encoder.wasMatch = distance > 0 ? 1 : 0;
  if (distance === 0) return put(treeOf(literalModel(data, at), 8, data[at]));
  encoder.put(Model.Repeat, distance === encoder.distance ? 1 : 0);
  put(lengthOf(size));
  if (distance !== encoder.distance) put(distanceOf(size, distance));
  encoder.distance = distance;
}

/** What decisions cost in bits, by how often each was made in an earlier pass. */
class Prices {
  constructor(encoder) {
    const counts = encoder?.counts ?? new Float64Array(2 * MODELS).fill(1);
    this.bits = counts.map((count, i) => Math.log2((count + counts[i ^ 1]) / count));
    this.lengths = Array.from({ length: MAX_MATCH + 1 }, (_, size) =>
      size < MIN_MATCH ? Infinity : this.ofAll(lengthOf(size)),
    );
  }

  of(model, bit) {
    return this.bits[2 * model + bit];
  }

  ofAll(decisions) {
    return decisions.reduce((sum, [model, bit]) => sum + this.of(model, bit), 0);
  }

  ofTree(model, bits, value) {
    let price = 0;
    for (let node = (1 << bits) | value; node > 1; node >>= 1)
      price += this.of(model + (node >> 1), node & 1);
    return price;
  }

  ofDistance(size, distance) {
    const slot = slotOf(distance);
    let price = this.ofTree(slotModel(size - MIN_MATCH), 6, slot);
    for (let place = placesOf(slot) - 1; place >= 0; --place)
      price += this.of(extraModel(slot, place), ((distance - 1) >> place) & 1);
    return price;
  }
}

/** A number of so many bits. */
function tree(decoder, model, bits) {
  let node = 1;
  for (let i = 0; i < bits; ++i) node = 2 * node + decoder.bit(model + node);
  return node - (1 << bits);
}

function distanceFrom(decoder, extent) {
  const slot = tree(decoder, slotModel(extent), 6);
  if (slot < 2) return slot + 1;
  let value = 2 | (slot & 1);
  for (let place = placesOf(slot) - 1; place >= 0; --place)
    value = 2 * value + decoder.bit(extraModel(slot, place));
  return value + 1;
}
