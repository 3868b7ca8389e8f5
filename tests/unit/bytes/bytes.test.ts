// Contract of assembly/bytes: checked decimals, UTF-8 as Go's unicode/utf8 reads it, bounded builder, hash table.
// Specified in the docstrings there; UTF-8 in RFC 3629.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  integer(b: ArrayBuffer): bigint;
  decimal(value: bigint): string;
  limited(limit: number, parts: string[]): string;
  text(b: ArrayBuffer): string;
  rune(b: ArrayBuffer): number[];
  encoded(value: number): ArrayBuffer;
  lookup(keys: string[], queries: string[], expected: number): number[];
  search(whole: string, part: string): number[];
}

let bytes: Harness;
beforeAll(async () => {
  bytes = await loadHarness<Harness>("tests/unit/bytes/bytes.harness.ts");
});

const of = (...octets: number[]): ArrayBuffer => new Uint8Array(octets).buffer;
const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const NOT_A_NUMBER = -(2n ** 63n);

describe("decimals", () => {
  it.each(["", "-", "12x", " 1", "1.5", "1e3", "+1", "9223372036854775808", "99999999999999999999"])(
    "refuses %j",
    (text) => expect(bytes.integer(utf8(text))).toBe(NOT_A_NUMBER),
  );

  it("reads what it writes, over the whole range", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (value) => {
        expect(bytes.decimal(value)).toBe(value.toString());
        expect(bytes.integer(utf8(value.toString()))).toBe(value);
      }),
    );
    expect(bytes.decimal(NOT_A_NUMBER)).toBe(NOT_A_NUMBER.toString());
  });

  it("reads what it writes at each length, and with zeros in front", () => {
    for (let power = 1n; power < 2n ** 63n; power *= 10n) {
      for (const value of [power - 1n, power, power + 1n, power * 9n]) {
        if (value >= 2n ** 63n) continue;
        expect(bytes.decimal(-value)).toBe((-value).toString());
        expect(bytes.integer(utf8(`-${value}`))).toBe(-value);
        expect(bytes.integer(utf8(value.toString().padStart(25, "0")))).toBe(value);
      }
    }
  });

  it("refuses any other byte, wherever it is", () => {
    const digits = fc.stringMatching(/^[0-9]{1,19}$/);
    fc.assert(
      fc.property(digits, fc.nat(18), fc.nat(255), (text, place, byte) => {
        const octets = new Uint8Array(utf8(text));
        octets[place % text.length] = byte;
        const isNumber = /^(-[0-9]+|[0-9]+)$/.test(Buffer.from(octets).toString("latin1"));
        const value = BigInt(isNumber ? Buffer.from(octets).toString("latin1") : NOT_A_NUMBER);
        expect(bytes.integer(octets.buffer)).toBe(value < 2n ** 63n ? value : NOT_A_NUMBER);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("UTF-8", () => {
  it("round-trips every kind of text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(bytes.text(utf8(text))).toBe(text);
      }),
    );
  });

  it("replaces each invalid byte alone, so that a quote after a cut character survives", () => {
    expect(bytes.text(of(0x61, 0xff, 0x22, 0x62))).toBe('a\ufffd"b');
    expect(bytes.text(of(0xe4, 0xbd, 0x22))).toBe('\ufffd\ufffd"');
    expect(bytes.rune(of(0xc0, 0x80))).toEqual([0xfffd, 1]); // overlong
    expect(bytes.rune(of(0xed, 0xa0, 0x80))).toEqual([0xfffd, 1]); // a surrogate
    expect(bytes.rune(of(0xf4, 0x90, 0x80, 0x80))).toEqual([0xfffd, 1]); // above U+10FFFF
  });

  it("encodes as TextEncoder does", () => {
    for (const rune of [0x24, 0xa2, 0x20ac, 0x1f600]) {
      expect(new Uint8Array(bytes.encoded(rune))).toEqual(
        new TextEncoder().encode(String.fromCodePoint(rune)),
      );
    }
    expect(new Uint8Array(bytes.encoded(0xd800))).toEqual(new TextEncoder().encode("\ufffd"));
  });
});

describe("builder", () => {
  it("leaves out what would exceed its limit, and says so", () => {
    expect(bytes.limited(4, ["ab", "cd"])).toBe("abcd");
    expect(bytes.limited(4, ["ab", "cde", "f"])).toBe("abf!");
  });
});

describe("table", () => {
  it("finds exactly what was added, the first of equal keys winning", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), fc.nat(40), (keys, queries, expected) => {
        const asked = [...queries, ...keys];
        expect(bytes.lookup(keys, asked, expected)).toEqual(asked.map((query) => keys.indexOf(query)));
      }),
    );
  });

  it("tells keys apart that differ in any one byte", () => {
    const keys = Array.from({ length: 40 }, (_, length) => "x".repeat(length));
    const queries = keys.flatMap((key) =>
      Array.from(key, (_, at) => `${key.slice(0, at)}y${key.slice(at + 1)}`),
    );
    expect(bytes.lookup(keys, keys, 0)).toEqual(keys.map((_, i) => i));
    expect(bytes.lookup(keys, queries, 0)).toEqual(queries.map(() => -1));
    expect(bytes.lookup(queries, keys, 0)).toEqual(keys.map(() => -1));
    expect(bytes.lookup(queries, queries, 0)).toEqual(queries.map((_, i) => i));
  });

  it.each([
    ["00lma", "01li5"],
    ["consumer-012276", "consumer-070618"],
  ])("tells %s and %s apart, whose hashes are equal", (one, other) => {
    expect(bytes.lookup([one, other], [other, one], 0)).toEqual([1, 0]);
    expect(bytes.lookup([one], [other], 0)).toEqual([-1]);
  });

  it("holds many keys", () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `tenant-${i}`);
    expect(bytes.lookup(keys, [...keys, "tenant-20000"], 0)).toEqual([...keys.map((_, i) => i), -1]);
  });
});

describe("searching", () => {
  it("finds prefixes, suffixes and bytes", () => {
    expect(bytes.search("abca", "a")).toEqual([1, 1, 0, 3]);
    expect(bytes.search("abca", "bc")).toEqual([0, 0, 1, 1]);
    expect(bytes.search("", "x")).toEqual([0, 0, -1, -1]);
  });
});
