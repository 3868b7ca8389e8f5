// The framer finds the end of each reply wherever the chunks are cut, and gives up on what is not RESP.
// RESP2 and RESP3 protocol specification, redis.io/docs/latest/develop/reference/protocol-spec.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RespError, RespFramer } from "../../gateway/src/redis/framer.ts";

const REPLIES = {
  "simple string": "+OK\r\n",
  error: "-NOAUTH Authentication required.\r\n",
  integer: ":-12\r\n",
  "bulk string": "$5\r\na\r\nbc\r\n",
  "empty bulk string": "$0\r\n\r\n",
  "null bulk string": "$-1\r\n",
  array: "*3\r\n:1000\r\n:7\r\n:60\r\n",
  "empty array": "*0\r\n",
  "null array": "*-1\r\n",
  "nested arrays": "*2\r\n*2\r\n$1\r\na\r\n*0\r\n*1\r\n*1\r\n+b\r\n",
  null: "_\r\n",
  double: ",1.5e3\r\n",
  boolean: "#t\r\n",
  "big number": "(3492890328409238509324850943850943825024385\r\n",
  "bulk error": "!5\r\nERR x\r\n",
  "verbatim string": "=7\r\ntxt:abc\r\n",
  map: "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
  set: "~2\r\n+a\r\n+b\r\n",
  push: ">2\r\n+message\r\n+x\r\n",
  attribute: "|1\r\n+ttl\r\n:3600\r\n*1\r\n:5\r\n",
  "attribute inside an array": "*2\r\n:1\r\n|1\r\n+k\r\n+v\r\n:2\r\n",
} as const;

const frame = (chunks: readonly Buffer[]): string[] => {
  const framer = new RespFramer();
  return chunks.flatMap((chunk) => framer.push(chunk)).map(String);
};

describe.each(Object.entries(REPLIES))("%s", (_name, reply) => {
  const wire = Buffer.from(reply + reply);

  it("is found whole, twice in one chunk", () => expect(frame([wire])).toEqual([reply, reply]));

  it("is found cut at every point", () => {
    for (let at = 1; at < wire.length; at++)
      expect(frame([wire.subarray(0, at), wire.subarray(at)])).toEqual([reply, reply]);
  });

  it("is found byte by byte", () => {
    expect(frame([...wire].map((byte) => Buffer.from([byte])))).toEqual([reply, reply]);
  });

  it("is not reported before its last byte", () => {
    expect(frame([wire.subarray(0, reply.length - 1)])).toEqual([]);
  });
});

it("finds any sequence of replies in any chunks", () => {
  const replies = fc.array(fc.constantFrom(...Object.values(REPLIES)), { maxLength: 12 });
  fc.assert(
    fc.property(replies, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (list, sizes) => {
      const wire = Buffer.from(list.join(""));
      const chunks: Buffer[] = [];
      for (let at = 0, i = 0; at < wire.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        chunks.push(wire.subarray(at, at + size));
        at += size;
      }
      expect(frame(chunks)).toEqual(list);
    }),
  );
});

it.each([
  ["an unknown type", "?x\r\n"],
  ["an HTTP server", "HTTP/1.1 400 Bad Request\r\n"],
  ["a length that is none", "$x\r\n"],
  ["a negative length other than -1", "$-2\r\n"],
  ["a line that ends in LF alone", "+OK\n"],
  ["an empty line", "\r\n"],
  ["a bulk string longer than its length", "$1\r\nabc\r\n"],
  ["nesting beyond the bound", "*1\r\n".repeat(40)],
  ["a reply beyond the bound", "$99999999\r\n"],
  ["a line beyond the bound", "+" + "x".repeat(70_000)],
])("gives up on %s", (_name, wire) => {
  expect(() => frame([Buffer.from(wire)])).toThrow(RespError);
});
