// Contract of assembly/config: what is told about a configuration never holds a secret, nor a string that stands where one might.
// Specified in the docstrings of assembly/config/problems.ts.
import { describe, expect, it } from "vitest";
import { config, global, parse, redis } from "./support.ts";

describe("problems", () => {
  it("never repeat a secret", () => {
    const secret = "hunter2";
    for (const password of [secret, [secret], { a: secret }]) {
      for (const name of [secret, `redis://:${secret}@redis.static`, [secret]]) {
        const lines = parse({
          ...global,
          redis: { service_name: name, username: password, password, timeout: -1 },
        });
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.join("\n")).not.toContain(secret);
      }
    }
    parse({ ...global, redis: { ...redis, password: secret } });
    expect(config.describe()).not.toContain(secret);
  });

  const complete = {
    rule_name: "r",
    rule_mode: "all_match",
    global_threshold: { token_per_day: 5 },
    rule_items: [
      { limit_by_per_header: "x", limit_keys: [{ key: "regexp:^a", token_per_minute: 1 }] },
      {
        limit_by_per_ip: "from-header-x",
        trusted_proxies: ["10.0.0.0/8"],
        limit_keys: [{ key: "::/0", token_per_minute: 1 }],
      },
    ],
    rejected_code: 429,
    rejected_msg: "no",
    token_weights: { input: 1, cached_input: 0.1 },
    missing_usage: "ignore",
    strip_accept_encoding: true,
    redis: {
      service_name: "redis.dns",
      service_port: 1,
      username: "u",
      password: "p",
      timeout: 1,
      database: 1,
      http: { cluster: "c", path: "/", api: "webdis", authorization: "Basic x" },
    },
    _rules_: [{ _match_domain_: ["a.com"], ...global }],
  };
  /** The paths of all values in an object, those of objects and lists too. */
  const paths = (value: unknown): string[][] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([name, inner]) => [
          [name],
          ...paths(inner).map((rest) => [name, ...rest]),
        ])
      : [];
  const change = (value: object, [name = "", ...rest]: string[], to: unknown): object => {
    const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
    copy[name] = rest.length === 0 ? to : change(copy[name] as object, rest, to);
    return copy;
  };

  it.each(paths(complete).map((path) => [path.join("."), path] as const))(
    "never repeat a string in place of %s",
    (_, path) => {
      expect(parse(complete)).toEqual([]);
      const secret = "hunter2";
      const strings = [
        secret,
        `${secret} \u00e9|`,
        `regexp:(?<${secret}`,
        `regexp:[z-a${secret}`,
        `regexp:\\p{${secret}`,
      ];
      for (const text of [...strings, `${secret}: x`, `/${secret}/`, `${secret}/8`]) {
        for (const value of [text, [text], { a: text }, [[text]], { key: text }]) {
          const lines = parse(change(complete, path, value));
          expect(lines.join("\n")).not.toContain(secret);
        }
      }
    },
  );
});
