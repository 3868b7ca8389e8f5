// Scenario: stock Envoy with `on_limit: header` routes calls above a limit to a cheaper model, by a header that only the filter
// can set. Specified in README, "How strictly limits apply".
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chat, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";
import { isAvailable, type Envoy, type HttpConnectionManager } from "../../tools/envoy/processes.ts";

const MARK = "x-ratelimit-exceeded";
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: 50 }] }],
  on_limit: "header",
  redis: REDIS,
};
const KEY = "higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:ann";

/** Answers tell which route they have taken. */
const route = (name: string, headers: object[]): object => ({
  name,
  match: { prefix: "/", headers },
  route: { cluster: "llm" },
  response_headers_to_add: [{ header: { key: "x-route", value: name } }],
});
const twoRoutes = (manager: HttpConnectionManager): void => {
  manager.route_config.virtual_hosts[0].routes = [
    route("cheap", [{ name: MARK, present_match: true }]),
    route("dear", []),
  ];
};

describe.skipIf(!isAvailable)("stock Envoy", () => {
  let backends: Backends;
  beforeAll(async () => {
    backends = await startBackends();
  });
  afterAll(() => backends.close());
  beforeEach(() => backends.redis.flushall());

  const envoyWith = (configuration: object): Promise<Envoy> =>
    backends.envoy({ configuration, change: twoRoutes });
  const call = async (envoy: Envoy, headers: Record<string, string> = {}): Promise<string | number> => {
    const response = await chat(envoy.url, 51, { headers: { "x-api-key": "ann", ...headers } });
    await response.text();
    return response.ok ? (response.headers.get("x-route") ?? "") : response.status;
  };

  it("takes a call above the limit to the other route, and charges it", async () => {
    const envoy = await envoyWith(CONFIGURATION);
    expect(await call(envoy)).toBe("dear");
    await untilCounter(backends.redis, KEY, 51);
    expect(await call(envoy)).toBe("cheap");
    await untilCounter(backends.redis, KEY, 102);
    expect(await envoy.stat("ai_token_ratelimit.diverted_requests")).toBe(1);
  });

  it("takes nobody there who only says so", async () => {
    const envoy = await envoyWith(CONFIGURATION);
    expect(await call(envoy, { [MARK]: "rule_items[0].limit_keys[0]" })).toBe("dear");
    await untilCounter(backends.redis, KEY, 51);
    expect(await call(envoy, { [MARK]: "" })).toBe("cheap");
    // Nothing of this may be charged during the next test.
    await untilCounter(backends.redis, KEY, 102);
  });

  it("refuses whoever says so if the configuration depends on the route", async () => {
    const envoy = await envoyWith({ _rules_: [{ ...CONFIGURATION, _match_route_: ["dear"] }] });
    expect(await call(envoy, { [MARK]: "x" })).toBe(400);
    expect(await call(envoy)).toBe("dear");
    await untilCounter(backends.redis, KEY, 51);
    expect(await call(envoy)).toBe("cheap");
  });
});
