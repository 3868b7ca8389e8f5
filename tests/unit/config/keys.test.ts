// Contract of assembly/rules and assembly/request together: which key of a rule item applies to a value, as in the
// published plugin. Specified in the published configuration reference of ai-token-ratelimit (higress.io, 2025) and the
// docstrings of assembly/rules; the rows below that name a mistake are where the published plugin is fooled.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configure, item, match } from "./requests.ts";

const latin1 = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, "latin1")).buffer;

describe("exact keys", () => {
  it.each<[string, string | null, Record<string, string>, string]>([
    ["limit_by_header", "X-Key", { "x-key": "b" }, "X-Key b"],
    ["limit_by_param", "k", { ":path": "/?k=b" }, "k b"],
    ["limit_by_cookie", "k", { cookie: "k=b" }, "k b"],
    ["limit_by_consumer", null, { "x-mse-consumer": "b" }, "x-mse-consumer b"],
  ])("of %s match the value equal to them", (kind, name, request, found) => {
    configure({ rule_items: [item(kind, name, "a", "b", "c")] });
    expect(match(request)).toEqual([`${kind} ${found} 2/1`]);
  });

  it.each(["", "B", "bb", "d"])("do not match %j", (value) => {
    configure({ rule_items: [item("limit_by_header", "x", "a", "b")] });
    expect(match({ x: value })).toEqual([]);
  });

  it("are literal, even * and regexp:", () => {
    configure({ rule_items: [item("limit_by_header", "x", "*", "regexp:^a")] });
    expect(match({ x: "a" })).toEqual([]);
    expect(match({ x: "*" })).toEqual(["limit_by_header x * 1/1"]);
    expect(match({ x: "regexp:^a" })).toEqual(["limit_by_header x regexp:^a 2/1"]);
  });

  it("that are there twice count once, with the first limit", () => {
    configure({ rule_items: [item("limit_by_header", "x", "a", "b", "a")] });
    expect(match({ x: "a" })).toEqual(["limit_by_header x a 1/1"]);
  });

  it("may be numbers, which keep their text", () => {
    configure({ rule_items: [{ limit_by_header: "x", limit_keys: [{ key: 102234, token_per_hour: 7 }] }] });
    expect(match({ x: "102234" })).toEqual(["limit_by_header x 102234 7/3600"]);
  });

  it("find the same as a scan of the list", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "é"), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), text, (keys, value) => {
        configure({ rule_items: [item("limit_by_header", "x", ...keys)] });
        const position = keys.indexOf(value);
        expect(match({ x: value })).toEqual(
          position < 0 ? [] : [`limit_by_header x ${value} ${position + 1}/1`],
        );
      }),
    );
  });
});

describe("patterns", () => {
  it.each<[string, string | null, Record<string, string>, string]>([
    ["limit_by_per_header", "x", { x: "bob" }, "x bob"],
    ["limit_by_per_param", "x", { ":path": "/?x=bob" }, "x bob"],
    ["limit_by_per_cookie", "x", { cookie: "x=bob" }, "x bob"],
    ["limit_by_per_consumer", "", { "x-mse-consumer": "bob" }, "x-mse-consumer bob"],
  ])("of %s match in configured order", (kind, name, request, found) => {
    configure({ rule_items: [item(kind, name, "regexp:^a", "regexp:b$", "regexp:^b", "*")] });
    expect(match(request)).toEqual([`${kind} ${found} 2/1`]);
  });

  it.each([
    ["alice", 1],
    ["sub", 2],
    ["zoe", 3],
    ["", 3],
  ])("for %j are %d", (value, tokens) => {
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:^a", "regexp:b", "*")] });
    expect(match({ x: value })).toEqual([`limit_by_per_header x ${value} ${tokens}/1`]);
  });

  it("before * take precedence over it, those after it never match", () => {
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:^a", "*", "regexp:^b")] });
    expect(match({ x: "b" })).toEqual(["limit_by_per_header x b 2/1"]);
  });

  it("match their own text, unless an earlier one matches", () => {
    configure({
      rule_items: [item("limit_by_per_header", "x", "regexp:^a", "regexp:^b", "regexp:gexp:\\^c")],
    });
    expect(match({ x: "regexp:^b" })).toEqual(["limit_by_per_header x regexp:^b 2/1"]);
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:gexp:", "regexp:^b")] });
    expect(match({ x: "regexp:^b" })).toEqual(["limit_by_per_header x regexp:^b 1/1"]);
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:^b", "regexp:gexp:")] });
    expect(match({ x: "regexp:^b" })).toEqual(["limit_by_per_header x regexp:^b 1/1"]);
  });

  it("that are empty match everything", () => {
    configure({ rule_items: [item("limit_by_per_header", "x", "regexp:")] });
    expect(match({ x: "" })).toEqual(["limit_by_per_header x  1/1"]);
  });

  it("keep the bytes of the value", () => {
    configure({ rule_items: [item("limit_by_per_param", "x", "*")] });
    expect(match({ ":path": "/?x=%ff%00%e4" }, "latin1")).toEqual(["limit_by_per_param x \xff\0\xe4 1/1"]);
    configure({ rule_items: [item("limit_by_per_header", "x", "*")] });
    expect(match({ x: latin1("\xff") }, "latin1")).toEqual(["limit_by_per_header x \xff 1/1"]);
  });
});

describe("addresses", () => {
  const byHeader = (...keys: string[]): object =>
    item("limit_by_per_ip", "from-header-X-Forwarded-For", ...keys);

  it("are those of the published example", () => {
    configure({ rule_items: [byHeader("1.1.1.1", "1.1.1.0/24", "0.0.0.0/0")] });
    const found = (value: string): string[] => match({ "x-forwarded-for": value });
    const name = "limit_by_per_ip from-header-X-Forwarded-For";
    expect(found("1.1.1.1, 9.9.9.9")).toEqual([`${name} 1.1.1.1 1/1`]);
    expect(found("1.1.1.7:443")).toEqual([`${name} 1.1.1.7 2/1`]);
    expect(found("8.8.8.8")).toEqual([`${name} 8.8.8.8 3/1`]);
    expect(found("2001:DB8:0:0::1")).toEqual([`${name} 2001:db8::1 3/1`]);
    expect(found("::ffff:101:107")).toEqual([`${name} 1.1.1.7 2/1`]);
    expect(found("unknown")).toEqual([]);
    expect(match({})).toEqual([]);
  });

  it("may be that of the peer", () => {
    configure({ rule_items: [item("limit_by_per_ip", "from-remote-addr", "10.0.0.0/8", "fd00::/8")] });
    expect(match({ "source\0address": "10.1.2.3:4567" })).toEqual([
      "limit_by_per_ip from-remote-addr 10.1.2.3 1/1",
    ]);
    expect(match({ "source\0address": "[fd00::a]:80" })).toEqual([
      "limit_by_per_ip from-remote-addr fd00::a 2/1",
    ]);
    expect(match({ "source\0address": "11.1.2.3:4567" })).toEqual([]);
  });

  it("let later items match when there is none (]; padding; a mapped address)", () => {
    configure({ rule_items: [byHeader("1.2.3.4"), item("limit_by_per_header", "x", "*")] });
    expect(match({ "x-forwarded-for": "]", x: "v" })).toEqual(["limit_by_per_header x v 1/1"]);
    const name = "limit_by_per_ip from-header-X-Forwarded-For 1.2.3.4 1/1";
    expect(match({ "x-forwarded-for": "1.2.3.4 , 9.9.9.9" })).toEqual([name]);
    expect(match({ "x-forwarded-for": "[::ffff:1.2.3.4]:80" })).toEqual([name]);
  });
});
