// What the tests of assembly/request share: the harness, and its questions in text.
import { loadHarness } from "../../support/as.ts";

interface Harness {
  param(path: ArrayBuffer, name: string): ArrayBuffer;
  cookie(lines: ArrayBuffer[], name: string): ArrayBuffer;
  header(name: string, lines: ArrayBuffer[], last: boolean): ArrayBuffer;
  client(value: ArrayBuffer, prefix: number): ArrayBuffer;
  address(value: ArrayBuffer): ArrayBuffer;
  untrusted(value: ArrayBuffer, trusted: string[]): ArrayBuffer;
  ask(request: string[], questions: string[], list: number): string[];
}

export const request = await loadHarness<Harness>("tests/unit/request/request.harness.ts");

export const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
export const latin1 = (b: ArrayBuffer): string => Buffer.from(b).toString("latin1");
export const text = (b: ArrayBuffer): string => Buffer.from(b).toString("utf8");
export const bytes = (latin1: string): ArrayBuffer => Uint8Array.from(Buffer.from(latin1, "latin1")).buffer;
export const ABSENT = "(absent)";
export const AMBIGUOUS = "(ambiguous)";

export const param = (path: string, name = "k"): string => text(request.param(utf8(path), name));
export const cookie = (header: string | string[], name = "k"): string =>
  text(request.cookie([header].flat().map(utf8), name));
export const header = (name: string, ...lines: string[]): string =>
  latin1(request.header(name, lines.map(bytes), false));
export const address = (value: string): string => text(request.address(utf8(value)));
