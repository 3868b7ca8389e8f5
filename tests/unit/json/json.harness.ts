import "../../../assembly/abi/abort";
import { ByteBuilder } from "../../../assembly/bytes/builder";
import { bytesOf } from "../../../assembly/bytes/bytes";
import { textOf } from "../../../assembly/bytes/utf8";
import { appendEscaped, appendEscapedForHtml } from "../../../assembly/json/escape";
import { addName, NAME_SET } from "../../../assembly/json/names";
import { JsonReader } from "../../../assembly/json/reader";
import { Strings, Token } from "../../../assembly/json/tokens";
import { parseJson } from "../../../assembly/json/parse";
import { JsonValue } from "../../../assembly/json/value";
import { JsonType } from "../../../assembly/json/values";

const reader = new JsonReader(64);

/** What a token looks like in a trace. */
function show(token: Token): string {
  switch (token) {
    case Token.End:
      return "END";
    case Token.Malformed:
      return `ERROR ${<i32>reader.error} at ${reader.offset}`;
    case Token.ObjectStart:
      return "{";
    case Token.ObjectEnd:
      return "}";
    case Token.ArrayStart:
      return "[";
    case Token.ArrayEnd:
      return "]";
    case Token.True:
      return "true";
    case Token.False:
      return "false";
    case Token.Null:
      return "null";
    default: {
      if (token == Token.String && reader.strings != Strings.Keep) return "string";
      const text = String.UTF8.decodeUnsafe(reader.text.ptr, reader.text.length);
      const mark = reader.text.truncated ? "!" : "";
      return (token == Token.Key ? "key " : token == Token.Number ? "number " : "string ") + text + mark;
    }
  }
}

/** The names that are wanted, and the set made of them; empty for all. */
const wanted: string[] = [];
const wantedSet = memory.data(NAME_SET);

/** From now on only members called `names` are wanted; none means all. */
export function want(names: string[]): void {
  wanted.length = 0;
  memory.fill(wantedSet, 0, NAME_SET);
  for (let i = 0; i < names.length; ++i) {
    wanted.push(names[i]);
    const name = bytesOf(names[i]);
    addName(wantedSet, changetype<usize>(name), name.byteLength);
  }
}

/** Reads on to the next need for input; containers that follow a key called "skip" are skipped. */
function read(trace: string[]): void {
  let skipNext = trace.length > 0 && trace[trace.length - 1] == "key skip";
  for (let token = reader.next(); token != Token.More; token = reader.next()) {
    const line = show(token);
    if (token == Token.Key && wanted.length > 0 && !wanted.includes(line.substring(4))) {
      reader.pass();
      continue;
    }
    trace.push(line);
    if (token <= Token.Malformed) return;
    if (skipNext && (token == Token.ObjectStart || token == Token.ArrayStart)) reader.skip();
    skipNext = line == "key skip";
  }
}

/** The tokens of `body` fed in pieces that end at `cuts`. The pieces are wiped after use. */
export function trace(body: ArrayBuffer, cuts: i32[], keepText: bool): string {
  const lines: string[] = [];
  reader.begin();
  reader.wanted = wanted.length > 0 ? wantedSet : 0;
  reader.strings = keepText ? Strings.Keep : Strings.Drop;
  let from = 0;
  for (let i = 0; i <= cuts.length; ++i) {
    const to = i < cuts.length ? cuts[i] : body.byteLength;
    const piece = body.slice(from, to);
    reader.feed(changetype<usize>(piece), piece.byteLength);
    read(lines);
    memory.fill(changetype<usize>(piece), 0x58, piece.byteLength);
    from = to;
    if (lines.length > 0 && lines[lines.length - 1].startsWith("ERROR")) return lines.join(" ");
  }
  reader.finish();
  read(lines);
  return lines.join(" ");
}

/** Whether the trace of every cut in two, and of single bytes, is that of the whole; the first place where not, or -1. */
export function firstDifference(body: ArrayBuffer, keepText: bool): i32 {
  const whole = trace(body, [], keepText);
  for (let cut = 0; cut <= body.byteLength; ++cut) {
    if (trace(body, [cut], keepText) != whole) return cut;
  }
  const each: i32[] = [];
  for (let cut = 1; cut < body.byteLength; ++cut) each.push(cut);
  return trace(body, each, keepText) == whole ? -1 : body.byteLength;
}

/** The strings of `body`, streamed: their parts joined, one after the other, separated by "|". */
export function streamed(body: ArrayBuffer, cuts: i32[]): string {
  const out = new ByteBuilder(64, 1 << 16);
  reader.begin();
  reader.strings = Strings.Stream;
  let from = 0;
  for (let i = 0; i <= cuts.length + 1; ++i) {
    const to = i < cuts.length ? cuts[i] : body.byteLength;
    const piece = body.slice(from, to);
    if (i > cuts.length) reader.finish();
    else reader.feed(changetype<usize>(piece), piece.byteLength);
    for (let token = reader.next(); token > Token.Malformed; token = reader.next()) {
      if (token == Token.Part) out.at(reader.text.ptr, reader.text.length);
      if (token == Token.String) out.text("|");
    }
    memory.fill(changetype<usize>(piece), 0x58, piece.byteLength);
    from = to;
  }
  return String.UTF8.decode(out.toBytes());
}

/** Two texts one after the other in one piece, by `begin` at the end of the first. */
export function two(body: ArrayBuffer): string {
  const lines: string[] = [];
  reader.strings = Strings.Keep;
  reader.begin();
  reader.feed(changetype<usize>(body), body.byteLength);
  let done = 0;
  for (let token = reader.next(); token > Token.Malformed; token = reader.next()) {
    lines.push(show(token));
    if (reader.complete && ++done == 1) reader.begin();
  }
  return lines.join(" ");
}

function write(out: ByteBuilder, value: JsonValue): void {
  switch (value.type) {
    case JsonType.Null:
      out.text("null");
      break;
    case JsonType.False:
      out.text("false");
      break;
    case JsonType.True:
      out.text("true");
      break;
    case JsonType.Number:
      out.bytes(value.bytes);
      break;
    case JsonType.String:
      out.text('"');
      appendEscaped(out, changetype<usize>(value.bytes), value.bytes.byteLength);
      out.text('"');
      break;
    default: {
      const isObject = value.type == JsonType.Object;
      out.text(isObject ? "{" : "[");
      for (let i = 0; i < value.items.length; ++i) {
        if (i > 0) out.text(",");
        if (isObject) {
          out.text('"');
          appendEscaped(out, changetype<usize>(value.keys[i]), value.keys[i].byteLength);
          out.text('":');
        }
        write(out, value.items[i]);
      }
      out.text(isObject ? "}" : "]");
    }
  }
}

/** The tree of a text, written again, or `error@offset`. */
export function parsed(text: ArrayBuffer): string {
  const result = parseJson(text);
  const value = result.value;
  if (value === null) return `${result.error}@${result.offset}`;
  const out = new ByteBuilder(64, 1 << 24);
  write(out, value);
  return String.UTF8.decode(out.toBytes());
}

/** The raw text of the member `name`, or "absent". */
export function rawMember(text: string, name: string): string {
  const value = parseJson(bytesOf(text)).value;
  if (value === null) return "malformed";
  const member = value.get(name);
  return member === null ? "absent" : textOf(member.raw);
}

export function escaped(text: ArrayBuffer, html: bool): string {
  const out = new ByteBuilder(16);
  if (html) appendEscapedForHtml(out, changetype<usize>(text), text.byteLength);
  else appendEscaped(out, changetype<usize>(text), text.byteLength);
  return String.UTF8.decode(out.toBytes());
}
