// Contract of assembly/json: a pull reader that no cutting of the bytes confuses, a strict tree, Go's escaping.
// Specified in RFC 8259; the escaping in Go's encoding/json (SetEscapeHTML), https://pkg.go.dev/encoding/json.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  trace(body: ArrayBuffer, cuts: number[], keepText: boolean): string;
  firstDifference(body: ArrayBuffer, keepText: boolean): number;
  want(names: string[]): void;
  streamed(body: ArrayBuffer, cuts: number[]): string;
  two(body: ArrayBuffer): string;
  parsed(text: ArrayBuffer): string;
  rawMember(text: string, name: string): string;
  escaped(text: ArrayBuffer, html: boolean): string;
}

let json: Harness;
beforeAll(async () => {
  json = await loadHarness<Harness>("tests/unit/json/json.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const trace = (text: string): string => json.trace(utf8(text), [], true);

/** Whether JavaScript's own strict parser takes the text. */
const accepts = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Texts that are almost JSON: a value written out, with a few edits. */
const almostJson = fc
  .tuple(
    fc.json({ stringUnit: "binary" }),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:\\u0e-+.tfn19 \n\u0001'.split(""), "", "\\n")), {
      maxLength: 3,
    }),
  )
  .map(([text, edits]) => {
    let edited = text;
    for (const [where, what] of edits) {
      const at = where % (edited.length + 1);
      edited = edited.slice(0, at) + what + edited.slice(at + 1);
    }
    return edited;
  });

describe("tokens", () => {
  it("reports structure, names and values", () => {
    expect(trace('{"a": [1, -2.50e+3, true, false, null], "b\\n": "c"}')).toBe(
      "{ key a [ number 1 number -2.50e+3 true false null ] key b\n string c } END",
    );
  });

  it.each([
    ['"\\u0041\\u00e9\\u4f60"', "A\u00e9\u4f60"],
    ['"\\ud83d\\ude00"', "\u{1f600}"],
    ['"\\ud83dx"', "\ufffdx"],
    ['"\\ud83d"', "\ufffd"],
    ['"\\ud83d\\n"', "\ufffd\n"],
    ['"\\ud83d\\ud83d\\ude00"', "\ufffd\u{1f600}"],
    ['"\\ude00"', "\ufffd"],
    ['"\\b\\f\\r\\t\\/\\\\\\""', '\b\f\r\t/\\"'],
  ])("decodes %s", (text, decoded) => expect(trace(text)).toBe(`string ${decoded} END`));

  it("skips containers of any depth and content, and goes on after them", () => {
    const deep = "[".repeat(5000) + "]".repeat(5000);
    expect(trace(`{"skip":${deep},"a":1}`)).toBe("{ key skip [ key a number 1 } END");
    expect(trace('{"skip":{"x":"}]\\"\\\\","y":[Y_y{}]},"a":{"skip":[]}}')).toBe(
      "{ key skip { key a { key skip [ } } END",
    );
  });

  it("reports a number only once it is known to have ended", () => {
    expect(json.trace(utf8("12"), [1], false)).toBe("number 12 END");
    expect(json.trace(utf8("[12]"), [2], false)).toBe("[ number 12 ] END");
  });

  it("says so when text was cut or escaped and is longer than the limit", () => {
    const long = "x".repeat(100);
    expect(json.trace(utf8(`{"${long}":"${long}"}`), [], true)).toBe(`{ key ${long} string ${long} } END`);
    expect(json.trace(utf8(`["${long}"]`), [50], true)).toMatch(/string x*! /);
    expect(json.trace(utf8(`["\\n${long}"]`), [], true)).toMatch(/string \nx*! /);
  });

  it("passes strings on piece by piece, longer than its buffer, cut anywhere", () => {
    const text = (strings: string[]): ArrayBuffer =>
      utf8(
        JSON.stringify(strings).replace(
          /[^\u0000-\u007f]/g,
          (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
        ),
      );
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 4 }),
        fc.nat(),
        fc.nat(),
        (strings, a, b) => {
          for (const body of [text(strings), utf8(JSON.stringify(strings))]) {
            const cuts = [a % (body.byteLength + 1), b % (body.byteLength + 1)].sort((x, y) => x - y);
            expect(json.streamed(body, cuts)).toBe(strings.map((s) => `${s}|`).join(""));
          }
        },
      ),
    );
    expect(
      json.streamed(utf8('["a\\ud83d", "\\ud83d\\ud83d\\ude00b", "\\ud83dc", "\\ud83d\\ud83dd"]'), []),
    ).toBe("a\ufffd|\ufffd\u{1f600}b|\ufffdc|\ufffd\ufffdd|");
  });

  it("passes on what stands before a control character, wherever the cut", () => {
    const body = utf8('["ab\u0001c"]');
    expect(json.streamed(body, [])).toBe("ab");
    expect(json.streamed(body, [3])).toBe("ab");
  });

  it("reads texts one after the other", () => {
    expect(json.two(utf8('{"a":1}\n [2]'))).toBe("{ key a number 1 } [ number 2 ]");
  });

  it("stays malformed", () => {
    expect(trace("[1 2]")).toBe("[ number 1 ERROR 1 at 3");
    expect(trace('{"a"')).toBe("{ key a ERROR 3 at 4");
    expect(trace("[".repeat(65))).toContain("ERROR 2 at 64");
  });
});

describe("cutting", () => {
  const tricky =
    '\r\n{"pl\\u0061in":"\\ud83d\\ude00 \\ud83d \u4f60\u597d \\\\\\"","n":[0,-0.5e-10,12345678901234567890],' +
    '"skip":{"s":"\\\\\\"}","a":[[]]},"t":true,"f":false,"z":null,"e":{},"l":[]} ';

  it("does not matter for any two pieces, nor for single bytes", () => {
    expect(json.firstDifference(utf8(tricky), true)).toBe(-1);
    expect(json.firstDifference(utf8(tricky), false)).toBe(-1);
  });

  it("does not matter for any text, valid or not", () => {
    fc.assert(
      fc.property(almostJson, fc.array(fc.nat(), { maxLength: 5 }), fc.boolean(), (text, where, keep) => {
        const body = utf8(text);
        const cuts = where.map((n) => n % (body.byteLength + 1)).sort((a, b) => a - b);
        const whole = json.trace(body, [], keep);
        fc.pre(!whole.includes("!")); // what is truncated depends on the cut
        const cut = json.trace(body, cuts, keep);
        fc.pre(!cut.includes("!"));
        expect(cut).toBe(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, keep) => {
        json.trace(bytes.buffer as ArrayBuffer, [bytes.length >> 1], keep);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("wanted names", () => {
  const names = ["usage", "a", "b"];
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        null,
        true,
        false,
        0,
        -1.5e-7,
        12345678901,
        "",
        "x",
        'a "quoted" {brace}',
        "\\",
        "\u2028",
      ),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names, "id", "egasu", "c", "", "usagi", "u\nx"), tie("value")),
    ),
  }));
  /** What is left of a value when only members with wanted names count. */
  const filtered = (v: unknown): unknown => {
    if (Array.isArray(v)) return v.map(filtered);
    if (typeof v !== "object" || v === null) return v;
    return Object.fromEntries(
      Object.entries(v)
        .filter(([name]) => names.includes(name))
        .map(([name, member]) => [name, filtered(member)]),
    );
  };

  it("are all that is reported, whatever stands between", () => {
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(0, 1, 2),
        fc.array(fc.nat(), { maxLength: 3 }),
        (v, indent, where) => {
          const body = utf8(JSON.stringify(v, null, indent));
          const cuts = where.map((n) => n % (body.byteLength + 1)).sort((a, b) => a - b);
          json.want([]);
          const expected = json.trace(utf8(JSON.stringify(filtered(v))), [], true);
          json.want(names);
          expect(json.trace(body, cuts, true)).toBe(expected);
          json.want([]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("do not depend on the cut in texts that are not JSON either", () => {
    json.want(names);
    fc.assert(
      fc.property(almostJson, fc.nat(), fc.nat(), (text, a, b) => {
        const body = utf8(`{"usage":[${text}],"x":${text},"a":${text}`);
        const cuts = [a % (body.byteLength + 1), b % (body.byteLength + 1)].sort((x, y) => x - y);
        const whole = json.trace(body, [], false);
        const cut = json.trace(body, cuts, false);
        fc.pre(!whole.includes("!") && !cut.includes("!"));
        expect(cut).toBe(whole);
      }),
      { numRuns: 2000 },
    );
    json.want([]);
  });
});

describe("the tree", () => {
  it("holds what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "binary" }), (text) => {
        expect(JSON.parse(json.parsed(utf8(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("takes exactly what JSON.parse takes", () => {
    fc.assert(
      fc.property(almostJson, (text) => {
        const written = json.parsed(utf8(text));
        expect(/@\d+$/.test(written) && !accepts(written)).toBe(!accepts(text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ["", "ends too early@0"],
    ["  ", "ends too early@2"],
    ['{"a":1}x', "is not valid JSON@7"],
    ['{"a" 1}', "is not valid JSON@5"],
    ["[1,]", "is not valid JSON@3"],
    ["01", "is not valid JSON@1"],
    ["[-]", "is not valid JSON@2"],
    ["1.", "ends too early@2"],
    ['"\n"', "is not valid JSON@1"],
    ['"\\x"', "is not valid JSON@2"],
    ["\ufeff[1]", "[1]"],
    ["\ufeff[1,]", "is not valid JSON@6"],
  ])("%j gives %s", (text, result) => expect(json.parsed(utf8(text))).toBe(result));

  it("is bounded in depth", () => {
    const nested = (n: number): string => "[".repeat(n) + "]".repeat(n);
    expect(json.parsed(utf8(nested(64)))).toBe(nested(64));
    expect(json.parsed(utf8(nested(65)))).toBe("is nested more than 64 levels deep@64");
  });

  it("is bounded in size", () => {
    expect(json.parsed(new ArrayBuffer((8 << 20) + 1))).toMatch(/larger than 8388608 bytes/);
    expect(json.parsed(utf8(`[${"1,".repeat((1 << 18) - 1)}1]`))).toMatch(/more than 262144 values/);
  });

  it("keeps numbers as written, and the raw text of any value", () => {
    expect(json.parsed(utf8("[102234, 1.50, 1E3, 123456789012345678901]"))).toBe(
      "[102234,1.50,1E3,123456789012345678901]",
    );
    const text = '{"a": 1.50 , "b":[ 1, {"c" : "d"} ], "s":"\\u0041", "b": 2, "t":true}';
    expect(json.rawMember(text, "a")).toBe("1.50");
    expect(json.rawMember(text, "b")).toBe('[ 1, {"c" : "d"} ]');
    expect(json.rawMember(text, "s")).toBe('"\\u0041"');
    expect(json.rawMember(text, "t")).toBe("true");
    expect(json.rawMember(text, "x")).toBe("absent");
    expect(json.rawMember("[1]", "x")).toBe("absent");
    expect(json.parsed(utf8('{"a":1,"a":2}'))).toBe('{"a":1,"a":2}');
  });
});

describe("escaping", () => {
  it("round-trips through JSON.parse, both ways of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, html) => {
        expect(JSON.parse(`"${json.escaped(utf8(text), html)}"`)).toBe(text);
      }),
    );
  });

  it("is that of Go's encoding/json", () => {
    const text = utf8('<a href="x">&\u2028\u2029\n\r\t\b\f\u0001\u007f\\/\u4f60');
    expect(json.escaped(text, true)).toBe(
      '\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029\\n\\r\\t\\b\\f\\u0001\u007f\\\\/\u4f60',
    );
    expect(json.escaped(text, false)).toBe(
      '<a href=\\"x\\">&\u2028\u2029\\n\\r\\t\\b\\f\\u0001\u007f\\\\/\u4f60',
    );
  });

  it("replaces invalid UTF-8 byte by byte", () => {
    const bytes = new Uint8Array([0x61, 0xff, 0xe4, 0xbd, 0x22]).buffer;
    expect(json.escaped(bytes, true)).toBe('a\\ufffd\\ufffd\\ufffd\\"');
  });
});
