// Contract of assembly/config: redis blocks that reach one service in different ways are told, with both places, where the gateway
// shares its connections. Specified in the docstrings of assembly/config/problems.ts.
import { describe, expect, it } from "vitest";
import { global, parse } from "./support.ts";

describe("problems", () => {
  describe("of redis blocks for one service", () => {
    const both = (first: object, second: object): object => ({
      ...global,
      redis: { service_name: "redis.dns", ...first },
      _rules_: [
        { _match_route_: "a", ...global, redis: { service_name: "other.dns", password: "p" } },
        { _match_route_: "b", ...global, redis: { service_name: "redis.dns", ...second } },
      ],
    });
    const message = (fields: string): string =>
      `error: redis: names the service of _rules_[1].redis with another ${fields}; ` +
      "the gateway reaches a service in one way only; give both the same, or services of their own";

    it.each<[object, object, string]>([
      [{ database: 1 }, { database: 2 }, "database"],
      [{}, { database: 2 }, "database"],
      [{ username: "u" }, {}, "username"],
      [{ password: "p" }, { password: "q" }, "password"],
      [{ timeout: 500 }, { timeout: 1000 }, "timeout"],
      [{ timeout: 500 }, { service_port: 6379 }, "timeout"],
      [{ password: "p", database: 3 }, {}, "password, database"],
    ])("name both places when %j and %j differ", (first, second, fields) => {
      expect(parse(both(first, second))).toEqual([message(fields)]);
      // Where each command has its own way, nothing is shared.
      expect(parse(both(first, second), false)).toEqual([]);
    });

    it.each<[object, object]>([
      [{ database: 0, timeout: 1000 }, {}],
      [{ service_port: 6379 }, { service_port: "6379" }],
      [{ service_port: 6380, database: 1 }, { database: 2 }],
      [{ service_name: "a.dns", database: 1 }, { database: 2 }],
    ])("are not reported when %j and %j are the same, or name different services", (first, second) =>
      expect(parse(both(first, second))).toEqual([]),
    );

    it("are reported together with all other mistakes", () => {
      const lines = parse({ ...both({ database: 1 }, {}), rule_name: null, rejected_code: 1 });
      expect(lines.map((line) => line.split(":")[1])).toEqual([" rejected_code", " redis", " rule_name"]);
    });
  });
});
