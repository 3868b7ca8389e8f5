import { expect, onTestFinished } from "vitest";
import { startFakeLlm } from "../../tools/fake-llm/server.ts";
import { dialectCall } from "./dialect-calls.ts";

/** Switches: of the 5 tokens in and 7 out: 2 read from the cache, 1 written to it, 3 reasoning. */
export const DETAILS = { "x-fake-cache-read": "2", "x-fake-cache-write": "1", "x-fake-reasoning": "3" };
/** The text of so much reasoning, and of the 4 tokens that are left. */
export const THOUGHTS = "lorem ipsum dolor";
export const ANSWER = "lorem ipsum dolor sit";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
}

/** What the fake answers to a call of dialect-calls.ts; `headers` instead of `DETAILS`, `changes` to its body. */
export async function ask(
  name: string,
  headers: Readonly<Record<string, string>> = DETAILS,
  changes: object = {},
): Promise<Answer> {
  const { url, close } = await startFakeLlm();
  onTestFinished(close);
  const call = dialectCall(name);
  const response = await fetch(url + call.path, {
    method: "POST",
    headers: { "content-type": "application/json", ...call.headers, ...headers },
    body: JSON.stringify({ ...call.body, ...changes }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

/** What JSON.parse gives, with members that a test can look into. */
export interface Value {
  readonly [member: string]: Value;
}

/** The headers and changes of `ask`. */
type AskInit = [headers?: Readonly<Record<string, string>>, changes?: object];

/** The answer, if it is JSON. */
export async function json(name: string, ...init: AskInit): Promise<Value> {
  const answer = await ask(name, ...init);
  expect(answer.headers.get("content-type")).toBe("application/json");
  return JSON.parse(answer.text) as Value;
}

/** The blocks of an event stream, as lines; every one is ended by a blank line. */
export function blocks(text: string, newline = "\n"): string[][] {
  const parts = text.split(newline + newline);
  expect(parts.pop()).toBe("");
  return parts.map((part) => part.split(newline));
}

/** The data of server-sent events without other fields; `[DONE]` stays a text. */
export async function data(name: string, ...init: AskInit): Promise<Value[]> {
  const answer = await ask(name, ...init);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  return blocks(answer.text).map((lines) => {
    expect(lines).toHaveLength(1);
    return parseData(lines[0]!);
  });
}

/** Server-sent events with a name. */
export async function named(name: string, ...init: AskInit): Promise<[string, Value][]> {
  const answer = await ask(name, ...init);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  return blocks(answer.text).map((lines) => {
    const event = /^event: (\S+)$/.exec(lines[0]!)?.[1];
    return [event ?? "", parseData(lines.at(-1)!)];
  });
}

export function parseData(line: string): Value {
  expect(line).toMatch(/^data: /);
  const text = line.slice("data: ".length);
  return (text === "[DONE]" ? text : JSON.parse(text)) as Value;
}

/** What stands at a path in each of the values. */
export const members = (values: readonly Value[], ...path: string[]): unknown[] =>
  values.map((value) => path.reduce<Value | undefined>((at, name) => at?.[name], value));
/** The texts there, put together. */
export const joined = (values: readonly Value[], ...path: string[]): string =>
  members(values, ...path).join("");
/** The data of the events with this name. */
export const ofEvent = (events: readonly [string, Value][], name: string): Value[] =>
  events.filter(([event]) => event === name).map(([, value]) => value);

/** CRC-32 of ISO-HDLC, bit by bit. */
export function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The messages of an AWS event stream: their headers, and their payload as JSON. */
export function messages(answer: Answer): { headers: Record<string, string>; payload: Value }[] {
  expect(answer.headers.get("content-type")).toBe("application/vnd.amazon.eventstream");
  const found = [];
  for (let at = 0; at < answer.bytes.length;) {
    const message = answer.bytes.subarray(at, at + answer.bytes.readUInt32BE(at));
    const end = message.length - 4;
    expect(message.readUInt32BE(8)).toBe(crc32(message.subarray(0, 8)));
    expect(message.readUInt32BE(end)).toBe(crc32(message.subarray(0, end)));
    const headers: Record<string, string> = {};
    const payloadAt = 12 + message.readUInt32BE(4);
    for (let i = 12; i < payloadAt;) {
      const valueAt = i + 1 + message[i]! + 3;
      const name = message.toString("utf8", i + 1, valueAt - 3);
      expect(message[valueAt - 3]).toBe(7);
      i = valueAt + message.readUInt16BE(valueAt - 2);
      headers[name] = message.toString("utf8", valueAt, i);
    }
    found.push({ headers, payload: JSON.parse(message.toString("utf8", payloadAt, end)) as Value });
    at += message.length;
  }
  return found;
}
