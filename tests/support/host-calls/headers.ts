// The host calls about headers: those of a request may be read, removed and replaced, those of a response read and replaced.
import { Status, type Calls, type GuestMemory } from "./memory.ts";
import type { Headers, Line, Streaming } from "./stream.ts";

const REQUEST = 0;
const RESPONSE = 2;

const encoder = new TextEncoder();

/** The lines of headers, names in lower case, as proxies keep them. */
export function linesOf(headers: Headers): [string, Uint8Array][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as Line[]) : [value as Line]).map((line): [string, Uint8Array] => [
      name.toLowerCase(),
      typeof line === "string" ? encoder.encode(line) : line,
    ]),
  );
}

interface Host extends Streaming {
  encodeLines: (lines: [string, Uint8Array][]) => Uint8Array;
}

export function headerCalls(
  memory: GuestMemory,
  host: Host,
): Calls<
  | "proxy_get_header_map_value"
  | "proxy_get_header_map_pairs"
  | "proxy_remove_header_map_value"
  | "proxy_replace_header_map_value"
> {
  const readable = (map: number): Headers | null | undefined =>
    map === REQUEST ? host.stream?.request : map === RESPONSE ? host.stream?.readable : undefined;
  return {
    proxy_get_header_map_value: (
      map: number,
      key: number,
      keySize: number,
      ptrSlot: number,
      sizeSlot: number,
    ) => {
      const headers = readable(map);
      if (!headers) return Status.BadArgument;
      const name = memory.text(key, keySize).toLowerCase();
      const line = linesOf(headers).find(([other]) => other === name);
      return line === undefined ? Status.NotFound : memory.give(line[1], ptrSlot, sizeSlot);
    },
    proxy_get_header_map_pairs: (map: number, ptrSlot: number, sizeSlot: number) => {
      const headers = readable(map);
      if (!headers) return Status.BadArgument;
      return memory.give(host.encodeLines(linesOf(headers)), ptrSlot, sizeSlot);
    },
    proxy_remove_header_map_value: (map: number, key: number, keySize: number) => {
      const headers = map === REQUEST ? host.stream?.request : undefined;
      if (!headers) return Status.BadArgument;
      Reflect.deleteProperty(headers, memory.text(key, keySize).toLowerCase());
      return Status.Ok;
    },
    proxy_replace_header_map_value: (
      map: number,
      key: number,
      keySize: number,
      value: number,
      valueSize: number,
    ) => {
      const headers = readable(map);
      if (!headers) return Status.BadArgument;
      headers[memory.text(key, keySize).toLowerCase()] = memory.text(value, valueSize);
      return Status.Ok;
    },
  };
}
