// Contract of assembly/redis: commands as RESP2 arrays of bulk strings; replies read whole, within bounds, or not at all.
// Specified in https://redis.io/docs/latest/develop/reference/protocol-spec/
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  command(verb: ArrayBuffer, numbers: bigint[]): ArrayBuffer;
  parsed(bytes: ArrayBuffer): string;
  asInteger(bytes: ArrayBuffer): bigint;
}

let redis: Harness;
beforeAll(async () => {
  redis = await loadHarness<Harness>("tests/unit/redis/redis.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const text = (bytes: ArrayBuffer): string => new TextDecoder().decode(bytes);

describe("commands", () => {
  it("counts bytes, not characters", () => {
    const verb = "$3\r\n团\r\n";
    expect(text(redis.command(utf8("团"), [60n, -5n]))).toBe(
      `*6\r\n${verb}${verb}$1\r\n1\r\n${verb}$2\r\n60\r\n$2\r\n-5\r\n`,
    );
  });
});

describe("replies", () => {
  it.each([
    ["+OK\r\n", "status OK"],
    ["-WRONGTYPE Operation\r\n", "error WRONGTYPE Operation"],
    [":-42\r\n", "-42"],
    ["$1\r\nab\r\n", "malformed"],
    ["$4\r\na\r\nb\r\n", '"a\r\nb"'],
    ["$0\r\n\r\n", '""'],
    ["$-1\r\n", "null"],
    ["*-1\r\n", "null"],
    ["*0\r\n", "[]"],
    ["*3\r\n$2\r\n12\r\n:30000\r\n*1\r\n$-1\r\n", '["12", 30000, [null]]'],
    [":1\r\n:2\r\n", "1"],
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
    ["*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "deep nesting"],
    ["*2000\r\n" + ":1\r\n".repeat(2000), "too many elements"],
    ["%1\r\n+a\r\n:1\r\n", "RESP3"],
  ])("refuses %j: %s", (bytes) => expect(redis.parsed(utf8(bytes))).toBe("malformed"));

  it("is malformed for every proper prefix of a reply", () => {
    const whole = "*3\r\n$2\r\n12\r\n:30000\r\n$-1\r\n";
    for (let cut = 0; cut < whole.length; ++cut)
      expect(redis.parsed(utf8(whole.slice(0, cut)))).toBe("malformed");
  });

  it("reads numbers from integers and decimal strings only", () => {
    const none = -(2n ** 63n);
    expect(redis.asInteger(utf8(":7\r\n"))).toBe(7n);
    expect(redis.asInteger(utf8("$19\r\n9007199254740993000\r\n"))).toBe(9007199254740993000n);
    for (const other of ["$2\r\n7x\r\n", "$0\r\n\r\n", "-ERR 7\r\n", "*1\r\n:7\r\n", "$-1\r\n"]) {
      expect(redis.asInteger(utf8(other))).toBe(none);
    }
  });

  it("reads any bytes without trapping", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        redis.parsed(bytes.slice().buffer);
      }),
    );
  });
});
