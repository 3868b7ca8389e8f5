import { HeaderMap, isValidHeader, type HeaderPair } from "../../chain/header-map.ts";
import { decodePairs, encodePairs } from "../pairs.ts";
import { MapType, Status } from "../types.ts";
import type { Guest, ImportGroup } from "./guest.ts";

/** Header and trailer maps. */
export function headerImports(guest: Guest): ImportGroup {
  return { ...readingImports(guest), ...editingImports(guest) };
}

function editingImports(guest: Guest): ImportGroup {
  const edit = (type: MapType, change: (map: HeaderMap) => void): Status => {
    const map = mapOf(guest, type);
    if (!(map instanceof HeaderMap)) return map;
    change(map);
    return Status.Ok;
  };
  const editPair = (
    type: MapType,
    [key, keySize, value, valueSize]: readonly [number, number, number, number],
    change: (map: HeaderMap, name: string, value: string) => void,
  ): Status => {
    const name = guest.memory.latin1(key, keySize);
    const text = guest.memory.latin1(value, valueSize);
    if (!isValidHeader(name, text)) return Status.BadArgument;
    return edit(type, (map) => change(map, name, text));
  };

  return {
    proxy_add_header_map_value(type: MapType, ...pair: [number, number, number, number]) {
      return editPair(type, pair, (map, name, value) => map.add(name, value));
    },
    proxy_replace_header_map_value(type: MapType, ...pair: [number, number, number, number]) {
      return editPair(type, pair, (map, name, value) => map.replace(name, value));
    },
    proxy_remove_header_map_value(type: MapType, key: number, keySize: number) {
      const name = guest.memory.latin1(key, keySize);
      return edit(type, (map) => map.remove(name));
    },
    proxy_set_header_map_pairs(type: MapType, ptr: number, size: number) {
      const pairs = validPairs(guest.memory.copy(ptr, size));
      return edit(type, (map) => map.setAll(pairs));
    },
  };
}

function readingImports(guest: Guest): ImportGroup {
  return {
    proxy_get_header_map_value(
      type: MapType,
      key: number,
      keySize: number,
      ptrSlot: number,
      sizeSlot: number,
    ) {
      const name = guest.memory.latin1(key, keySize);
      const map = mapOf(guest, type);
      if (!(map instanceof HeaderMap)) return map;
      const value = map.get(name);
      if (value === undefined) return Status.NotFound;
      guest.memory.give(Buffer.from(value, "latin1"), ptrSlot, sizeSlot);
      return Status.Ok;
    },
    proxy_get_header_map_pairs(type: MapType, ptrSlot: number, sizeSlot: number) {
      const map = mapOf(guest, type);
      if (!(map instanceof HeaderMap)) return map;
      // The C++ host gives a null pointer for an empty map, not an encoded empty list.
      const bytes = map.size === 0 ? Buffer.alloc(0) : encodePairs(map);
      guest.memory.give(bytes, ptrSlot, sizeSlot);
      return Status.Ok;
    },
    proxy_get_header_map_size(type: MapType, slot: number) {
      const map = mapOf(guest, type);
      if (!(map instanceof HeaderMap)) return map;
      guest.memory.writeU32(slot, map.size);
      return Status.Ok;
    },
  };
}

/** Pairs from the guest, without those that could not be put on the wire. */
export function validPairs(bytes: Buffer): HeaderPair[] {
  return decodePairs(bytes).filter(([name, value]) => isValidHeader(name, value));
}

/** The map a host call names: the stream's own, or that of the HTTP call just answered. */
function mapOf(guest: Guest, type: MapType): HeaderMap | Status {
  if (type === MapType.HttpCallHeaders) return calloutMap(guest.callout.http?.headers);
  if (type === MapType.HttpCallTrailers) return calloutMap(guest.callout.http?.trailers);
  return guest.context()?.headerMap(type) ?? Status.BadArgument;
}

function calloutMap(pairs: readonly HeaderPair[] | undefined): HeaderMap | Status {
  return pairs === undefined ? Status.BadArgument : new HeaderMap(pairs);
}
