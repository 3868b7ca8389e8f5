// Contract of assembly/redis: commands as RESP2 arrays of bulk strings; replies read whole, within bounds, or not at all.
// Specified in https://redis.io/docs/latest/develop/reference/protocol-spec/
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { fuzz } from "../../support/fuzz.ts";

interface Harness {
  respCommand(
    verb: ArrayBuffer,
    script: ArrayBuffer,
    keys: ArrayBuffer[],
    texts: ArrayBuffer[],
    numbers: bigint[],
  ): ArrayBuffer;
  parsed(bytes: ArrayBuffer): string;
  overflows(keys: number, size: number): boolean;
}

let redis: Harness;
beforeAll(async () => {
  redis = await loadHarness<Harness>("tests/unit/redis/redis.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const text = (bytes: ArrayBuffer): string => new TextDecoder().decode(bytes);

describe("commands", () => {
  it("counts bytes, not characters", () => {
    const key = utf8("团");
    expect(text(redis.respCommand(utf8("EVAL"), utf8("return 1"), [key], [], [60n, -5n]))).toBe(
      "*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$3\r\n团\r\n$2\r\n60\r\n$2\r\n-5\r\n",
    );
  });

  it("announces as many arguments and keys as follow, whatever they are", () => {
    const bytes = fc.array(fc.uint8Array({ maxLength: 300 }).map((array) => new Uint8Array(array).buffer));
    const numbers = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    const property = fc.property(bytes, bytes, numbers, (keys, texts, numbers) => {
      const words = wordsOf(redis.respCommand(utf8("EVALSHA"), utf8("ff"), keys, texts, numbers));
      expect(words.slice(0, 3).map(String)).toEqual(["EVALSHA", "ff", String(keys.length)]);
      const sent = [...keys, ...texts].map((one) => Buffer.from(one).toString("latin1"));
      const received = words.slice(3).map((word) => word.toString("latin1"));
      expect(received).toEqual([...sent, ...numbers.map(String)]);
    });
    fc.assert(property, fuzz(300));
  });

  it("tells that one is cut, even if what follows had room", () => {
    expect(redis.overflows(2, 3 << 19)).toBe(true);
    expect(redis.overflows(1, 3 << 19)).toBe(false);
    expect(redis.overflows(1, 3 << 20)).toBe(true);
  });
});

/** The words of a command in RESP2, read by the rules of the protocol; fails if it is not exactly one command. */
function wordsOf(command: ArrayBuffer): Buffer[] {
  const bytes = Buffer.from(command);
  let at = 0;
  const head = (type: string): number => {
    const end = bytes.indexOf("\r\n", at);
    expect(String.fromCharCode(bytes[at]!)).toBe(type);
    const size = Number(bytes.subarray(at + 1, end));
    at = end + 2;
    return size;
  };
  const words = Array.from({ length: head("*") }, () => {
    const size = head("$");
    const word = bytes.subarray(at, at + size);
    expect(bytes.subarray(at + size, at + size + 2).toString()).toBe("\r\n");
    at += size + 2;
    return word;
  });
  expect(at).toBe(bytes.length);
  return words;
}

describe("replies", () => {
  it.each([
    ["+OK\r\n", "status"],
    ["-WRONGTYPE Operation\r\n", "error WRONGTYPE Operation"],
    [":-42\r\n", "integer"],
    ["$1\r\nab\r\n", "malformed"],
    ["$4\r\na\r\nb\r\n", "bulk"],
    ["$0\r\n\r\n", "bulk"],
    ["$-1\r\n", "null"],
    ["*-1\r\n", "null"],
    ["*0\r\n", "[]"],
    ["*3\r\n$2\r\n12\r\n:30000\r\n$-1\r\n", "[bulk 12, integer 30000, null]"],
    ["*3\r\n$2\r\n1x\r\n$0\r\n\r\n+7\r\n", "[bulk, bulk, status 7]"],
    ["*3\r\n-WRONGTYPE a\r\n:1\r\n-ERR b\r\n", "[error, integer 1, error] error WRONGTYPE a"],
    ["*1\r\n-7\r\n", "[error] error 7"],
    ["*1\r\n$4\r\na\r\nb\r\n", "[bulk]"],
    ["*1\r\n$19\r\n9007199254740993000\r\n", "[bulk 9007199254740993000]"],
    ["*40\r\n" + ":1\r\n".repeat(40), `[${Array<string>(40).fill("integer 1").join(", ")}]`],
    [":1\r\n:2\r\n", "integer"],
  ])("%j is %s", (bytes, expected) => expect(redis.parsed(utf8(bytes))).toBe(expected));

  it.each([
    ["", "nothing"],
    ["hello\r\n", "no type"],
    [":12", "no line end"],
    [":1x\r\n", "no integer"],
    [":9223372036854775808\r\n", "an integer above 2^63-1"],
    ["$5\r\nabc\r\n", "a bulk string that is too short"],
    ["$3\r\nabcde", "a bulk string without end"],
    ["$-2\r\n", "a negative size"],
    ["$99999999999\r\n", "a size above 2^31"],
    ["*2\r\n:1\r\n", "a missing element"],
    ["*1\r\n*1\r\n:1\r\n", "an array in an array"],
    ["*-2\r\n", "a negative count"],
    ["*1x\r\n:1\r\n", "a count that is no number"],
    ["*2000\r\n" + ":1\r\n".repeat(2000), "too many elements"],
    ["%1\r\n+a\r\n:1\r\n", "RESP3"],
  ])("refuses %j: %s", (bytes) => expect(redis.parsed(utf8(bytes))).toBe("malformed"));

  it("is malformed for every proper prefix of a reply", () => {
    const whole = "*3\r\n$2\r\n12\r\n:30000\r\n$-1\r\n";
    for (let cut = 0; cut < whole.length; ++cut)
      expect(redis.parsed(utf8(whole.slice(0, cut)))).toBe("malformed");
  });

  it("reads any bytes without trapping", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        redis.parsed(bytes.slice().buffer);
      }),
    );
  });
});
