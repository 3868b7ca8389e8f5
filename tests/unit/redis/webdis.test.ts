// Contract of assembly/redis/webdis: commands as a path of percent-encoded arguments, replies in JSON.
// Specified in https://github.com/nicolasff/webdis; the replies are those of Webdis 0.1.9 (Debian 12).
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  webdisCommand(
    verb: ArrayBuffer,
    script: ArrayBuffer,
    keys: ArrayBuffer[],
    args: bigint[],
    database: number,
  ): ArrayBuffer;
  webdisParsed(body: ArrayBuffer): string;
}

let redis: Harness;
beforeAll(async () => {
  redis = await loadHarness<Harness>("tests/unit/redis/redis.harness.ts");
});

const bytes = (data: Uint8Array): ArrayBuffer => new Uint8Array(data).buffer;
const utf8 = (text: string): ArrayBuffer => bytes(new TextEncoder().encode(text));
const text = (data: ArrayBuffer): string => Buffer.from(data).toString("latin1");

describe("commands", () => {
  it("are paths that end with the format", () => {
    const keys = [utf8("a:b/c.d?e+f g%2F"), utf8(""), utf8("团_-")];
    expect(text(redis.webdisCommand(utf8("EVAL"), utf8("return 1\n"), keys, [60n, -5n], 0))).toBe(
      "EVAL/return%201%0A/3/a%3Ab%2Fc%2Ed%3Fe%2Bf%20g%252F//%E5%9B%A2_-/60/-5.json",
    );
  });

  it("name another database first", () => {
    expect(text(redis.webdisCommand(utf8("EVALSHA"), utf8("ff"), [], [], 12))).toBe("12/EVALSHA/ff/0.json");
  });

  it("keep every byte of an argument", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (key) => {
        const path = text(redis.webdisCommand(utf8("EVALSHA"), utf8("ff"), [bytes(key)], [7n], 0));
        expect(path).toMatch(/^[\w%/-]+\.json$/);
        const segments = path.split("/");
        expect(segments).toHaveLength(5);
        const decoded = segments[3]!.replace(/%(..)/g, (_, hex: string) =>
          String.fromCharCode(parseInt(hex, 16)),
        );
        expect(decoded).toBe(Buffer.from(key).toString("latin1"));
      }),
    );
  });
});

describe("replies", () => {
  it.each([
    ['{"EVALSHA":[null,-2]}', "[null, integer -2]"],
    ['{"EVALSHA":["2001",59000]}', "[bulk 2001, integer 59000]"],
    ['{"EVALSHA":[2001]}', "[integer 2001]"],
    ['{"EVALSHA":["x"]}', "[bulk]"],
    ['{"EVAL":[]}', "[]"],
    ['{"GET":null}', "null"],
    ['{"GET":"a"}', "bulk"],
    ['{"INCRBY":9007199254740993}', "integer"],
    ['{"EVAL":[9007199254740993]}', "[integer 9007199254740993]"],
    ['{"SET":[true,"OK"]}', "status"],
    ['{"EVALSHA":[false,"NOSCRIPT No matching script."]}', "error NOSCRIPT No matching script."],
    ['{"EVAL":[[1],2]}', "malformed"],
    ['{"EVAL":[1.5]}', "malformed"],
    ['{"EVAL":[true]}', "malformed"],
    ['{"EVAL":[false,1]}', "malformed"],
    ['{"EVAL":{}}', "malformed"],
    ['{"EVAL":1,"GET":2}', "malformed"],
    ["{}", "malformed"],
    ["[1]", "malformed"],
    ['{"EVAL":[1', "malformed"],
    ["", "malformed"],
    ["<html>502 Bad Gateway</html>", "malformed"],
  ])("%j is %s", (body, expected) => expect(redis.webdisParsed(utf8(body))).toBe(expected));

  it("of any bytes are read or malformed", () => {
    fc.assert(fc.property(fc.uint8Array(), (body) => void redis.webdisParsed(bytes(body))));
    fc.assert(fc.property(fc.json(), (body) => void redis.webdisParsed(utf8(`{"EVAL":${body}}`))));
  });
});
