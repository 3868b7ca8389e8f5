import "../../../assembly/abi/abort";
import { isCompressed } from "../../../assembly/usage/coding";
import { countClamped, NO_COUNT, parseCount } from "../../../assembly/usage/count";
import { HEADERS } from "../../../assembly/usage/formats";
import { seedPlaces } from "../../../assembly/estimate/places";
import { UsageScanner } from "../../../assembly/usage/scanner";
import { Usage } from "../../../assembly/usage/usage";

/** One for all tests, as in the filter: whatever a body leaves behind must not show in the next one. */
const scanner = new UsageScanner();

function show(usage: Usage): string {
  if (!usage.reported) return usage.clamped ? "none clamped" : "none";
  let text = `${usage.input} ${usage.output} cached ${usage.cachedInput} written ${usage.cacheWrite}`;
  text += ` reasoning ${usage.reasoning}`;
  return usage.clamped ? text + " clamped" : text;
}

/** An empty `type` is none. */
function begin(type: string): void {
  seedPlaces(1);
  const bytes = String.UTF8.encode(type);
  scanner.begin(changetype<usize>(bytes), bytes.byteLength);
}

/** Feeds the bytes from `from` to `to` from memory that is overwritten after the call, as a host's is. */
function feed(body: ArrayBuffer, from: i32, to: i32): void {
  const piece = heap.alloc(to - from);
  memory.copy(piece, changetype<usize>(body) + from, to - from);
  scanner.feed(piece, to - from);
  memory.fill(piece, 0x7b, to - from);
  heap.free(piece);
}

/** The usage of `body`, fed in pieces that end at `cuts`. */
export function scan(body: ArrayBuffer, type: string, cuts: i32[]): string {
  begin(type);
  let from = 0;
  for (let i = 0; i < cuts.length; ++i) {
    feed(body, from, cuts[i]);
    from = cuts[i];
  }
  feed(body, from, body.byteLength);
  scanner.finish();
  return show(scanner.usage);
}

/** The usage of `body`, fed in pieces of `size` bytes. */
export function scanBy(body: ArrayBuffer, type: string, size: i32): string {
  begin(type);
  for (let from = 0; from < body.byteLength; from += size)
    feed(body, from, min(from + size, body.byteLength));
  scanner.finish();
  return show(scanner.usage);
}

/** The first place where a cut in two changes the usage from `expected`, or -1. */
export function firstWrongCut(body: ArrayBuffer, type: string, expected: string): i32 {
  for (let cut = 0; cut <= body.byteLength; ++cut) {
    begin(type);
    feed(body, 0, cut);
    feed(body, cut, body.byteLength);
    scanner.finish();
    if (show(scanner.usage) != expected) return cut;
  }
  return -1;
}

/** The usage of `body` with response headers, as "name: value" lines. */
export function scanWithHeaders(body: ArrayBuffer, type: string, headers: string[]): string {
  begin(type);
  for (let i = 0; i < headers.length; ++i) {
    for (let h = 0; h < HEADERS.length; ++h) {
      const prefix = String.UTF8.decode(HEADERS[h].name) + ": ";
      if (headers[i].startsWith(prefix))
        scanner.header(h, String.UTF8.encode(headers[i].substring(prefix.length)));
    }
  }
  feed(body, 0, body.byteLength);
  scanner.finish();
  return show(scanner.usage);
}

/** The estimate for the text that the body scanned last has generated. */
export function generatedTokens(): i64 {
  return scanner.generatedTokens;
}

/** Whether the body scanned last had something that cannot be read. */
export function hasUnread(): bool {
  return scanner.unread.any;
}

/** Whether a body is compressed that has a `content-encoding`. */
export function compressed(encoding: string): bool {
  return isCompressed(String.UTF8.encode(encoding));
}

/** What `parseCount` makes of a text. */
export function count(text: string): string {
  const bytes = String.UTF8.encode(text);
  const value = parseCount(changetype<usize>(bytes), bytes.byteLength);
  return (value == NO_COUNT ? "no count" : value.toString()) + (countClamped ? " clamped" : "");
}

/** Makes `count` scanners, uses each and lets it go. */
export function churn(count: i32, body: ArrayBuffer): void {
  for (let i = 0; i < count; ++i) {
    const other = new UsageScanner();
    other.begin(0, 0);
    other.feed(changetype<usize>(body), body.byteLength);
    other.finish();
    other.dispose();
  }
}

/** The size of the linear memory in pages, to see that it stays flat. */
export function pages(): i32 {
  return memory.size();
}
