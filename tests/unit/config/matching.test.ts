// Contract of assembly/rules and assembly/request together: which rule item applies to a request, as in the published
// plugin. Specified in the published configuration reference of ai-token-ratelimit (higress.io, 2025) and the
// docstrings of assembly/rules; the rows below that name a mistake are where the published plugin is fooled.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { configure, item, match } from "./requests.ts";
import { config, fixture } from "./support.ts";

describe("the published examples", () => {
  it.each<[string, Record<string, string>, string]>([
    [
      "by-param",
      { ":path": "/?apikey=9a342114-ba8a-11ec-b1bf-00163e1250b5" },
      "limit_by_param apikey 9a342114-ba8a-11ec-b1bf-00163e1250b5 10/60",
    ],
    [
      "by-param",
      { ":path": "/?apikey=a6a6d7f2-ba8a-11ec-bec2-00163e1250b5" },
      "limit_by_param apikey a6a6d7f2-ba8a-11ec-bec2-00163e1250b5 100/3600",
    ],
    ["by-param", { ":path": "/?apikey=abc" }, "limit_by_per_param apikey abc 10/1"],
    ["by-param", { ":path": "/?apikey=bcd" }, "limit_by_per_param apikey bcd 100/60"],
    ["by-param", { ":path": "/?apikey=xyz" }, "limit_by_per_param apikey xyz 1000/3600"],
    ["by-param", { ":path": "/?other=xyz" }, ""],
    ["by-header", { "x-ca-key": "102234" }, "limit_by_header x-ca-key 102234 10/60"],
    ["by-header", { "x-ca-key": "308239" }, "limit_by_header x-ca-key 308239 10/3600"],
    ["by-header", { "x-ca-key": "1" }, "limit_by_per_header x-ca-key 1 1000/3600"],
    [
      "by-ip",
      { "x-forwarded-for": "1.1.1.1" },
      "limit_by_per_ip from-header-x-forwarded-for 1.1.1.1 10/86400",
    ],
    [
      "by-ip",
      { "x-forwarded-for": "1.1.1.2" },
      "limit_by_per_ip from-header-x-forwarded-for 1.1.1.2 100/86400",
    ],
    [
      "by-ip",
      { "x-forwarded-for": "2.2.2.2" },
      "limit_by_per_ip from-header-x-forwarded-for 2.2.2.2 1000/86400",
    ],
    ["by-consumer", { "x-mse-consumer": "consumer2" }, "limit_by_consumer x-mse-consumer consumer2 100/3600"],
    ["by-consumer", { "x-mse-consumer": "b3" }, "limit_by_per_consumer x-mse-consumer b3 100/60"],
    ["by-cookie", { cookie: "key0=x; key1=value2" }, "limit_by_cookie key1 value2 100/3600"],
    ["by-cookie", { cookie: "key1=zz" }, "limit_by_per_cookie key1 zz 1000/3600"],
    [
      "manifest-default",
      { ":path": "/v1/chat/completions?apikey=123456" },
      "limit_by_param apikey 123456 200/60",
    ],
    ["tutorial", { "x-api-key": "any" }, "limit_by_per_header x-api-key any 5/60"],
  ])("%s, %j: %s", (name, request, found) => {
    configure(parseYaml(fixture(`published/${name}.yaml`)) as object);
    expect(match(request)).toEqual(found === "" ? [] : [found]);
  });
});

describe("rule items", () => {
  const two = [
    item("limit_by_param", "apikey", "a", "b"),
    item("limit_by_per_param", "apikey", "regexp:^b", "*"),
  ];

  it("are tried in order until one has a key for the value", () => {
    configure({ rule_items: two });
    expect(match({ ":path": "/?apikey=b" })).toEqual(["limit_by_param apikey b 2/1"]);
    expect(match({ ":path": "/?apikey=bc" })).toEqual(["limit_by_per_param apikey bc 1/1"]);
    expect(match({ ":path": "/?apikey" })).toEqual(["limit_by_per_param apikey  2/1"]);
    expect(match({ ":path": "/" })).toEqual([]);
  });

  it("all apply in all_match, in order", () => {
    configure({ rule_mode: "all_match", rule_items: [...two, item("limit_by_header", "x", "v")] });
    expect(match({ ":path": "/?apikey=b", x: "v" })).toEqual([
      "limit_by_param apikey b 2/1",
      "limit_by_per_param apikey b 1/1",
      "limit_by_header x v 1/1",
    ]);
    expect(match({ x: "v" })).toEqual(["limit_by_header x v 1/1"]);
  });

  it("have all the windows of their key", () => {
    const limit = { token_per_day: 4, token_per_hour: 3, token_per_minute: 2, token_per_second: 1 };
    configure({ rule_items: [{ limit_by_header: "x", limit_keys: [{ key: "a", ...limit }] }] });
    expect(match({ x: "a" })).toEqual(["limit_by_header x a 1/1,2/60,3/3600,4/86400"]);
  });

  it.each<[string[], string]>([
    [["limit_by_header", "limit_by_param"], "limit_by_param k"],
    [["limit_by_param", "limit_by_header"], "limit_by_param k"],
    [["limit_by_per_header", "limit_by_cookie"], "limit_by_per_header k"],
    [["limit_by_per_cookie", "limit_by_api_key"], "limit_by_api_key api_key"],
    [["limit_by_per_api_key", "limit_by_consumer"], "limit_by_consumer x-mse-consumer"],
    [["limit_by_per_cookie", "limit_by_consumer"], "limit_by_consumer x-mse-consumer"],
    [["limit_by_consumer", "limit_by_per_consumer"], "limit_by_per_consumer x-mse-consumer"],
    [["limit_by_per_consumer", "limit_by_per_ip"], "limit_by_per_ip from-remote-addr"],
  ])("of several kinds (%j) look at %s", (kinds, winner) => {
    const exact = winner.startsWith("limit_by_param") || /^limit_by_(consumer|api_key)/.test(winner);
    const ip = winner.startsWith("limit_by_per_ip");
    const name = (kind: string): string => (kind === "limit_by_per_ip" ? "from-remote-addr" : "k");
    const key = ip ? "1.1.1.1" : exact ? "v" : "*";
    const kindsOf = Object.fromEntries(kinds.map((kind) => [kind, name(kind)]));
    configure({ rule_items: [{ ...kindsOf, limit_keys: [{ key, token_per_day: 1 }] }] });
    const request = {
      k: "v",
      ":path": "/?k=v",
      cookie: "k=v",
      "x-mse-consumer": "v",
      "x-api-key": "v",
      "source\0address": "1.1.1.1:1",
    };
    expect(match(request)).toEqual([`${winner} ${ip ? "1.1.1.1" : "v"} 1/86400`]);
  });

  it("are not switched off by a bare cookie name, a bad escape or a semicolon", () => {
    configure({ rule_items: [item("limit_by_cookie", "k", "v"), ...two] });
    expect(match({ cookie: "k", ":path": "/?apikey=a" })).toEqual(["limit_by_param apikey a 1/1"]);
    expect(match({ cookie: "k; k=v" })).toEqual(["limit_by_cookie k v 1/1"]);
    expect(match({ ":path": "/?apikey=a&z=%zz" })).toEqual(["limit_by_param apikey a 1/1"]);
    expect(match({ ":path": "/?apikey=a&b=1;c=2" })).toEqual(["limit_by_param apikey a 1/1"]);
  });

  it("never trap on a request", () => {
    configure({
      rule_mode: "all_match",
      rule_items: [
        item("limit_by_per_header", "x", "regexp:^(a|b)*c", "*"),
        item("limit_by_per_param", "x", "regexp:\\d+", "*"),
        item("limit_by_per_cookie", "x", "*"),
        item("limit_by_per_ip", "from-header-x", "0.0.0.0/0"),
        item("limit_by_per_ip", "from-remote-addr", "0.0.0.0/0"),
      ],
    });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .string({ unit: fc.constantFrom(..."x=&;%[]:,.1a? ".split("")), maxLength: 40 })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 4, maxLength: 4 }), (values) => {
        const buffers = values.map((value) => Uint8Array.from(value).buffer);
        config.match(["x", ":path", "cookie", "source\0address"], buffers);
      }),
      { numRuns: 1000 },
    );
  });
});
