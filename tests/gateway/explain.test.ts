// Contract of the command explain and its library: which rules apply, why the others do not, what the client would get. The filter
// itself is asked, and nothing is sent, counted or changed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it } from "vitest";
import { readCurl } from "../../gateway/src/explain/curl.ts";
import { explain, type Explanation } from "../../gateway/src/explain/explain.ts";
import { splitWords } from "../../gateway/src/explain/shell.ts";
import { Lua } from "../../gateway/src/memory-redis/lua.ts";
import { DEFAULT_WASM } from "../../gateway/src/modules.ts";
import { scratchFolder } from "../setup/scratch.ts";
import { startRedis } from "./support.ts";

const ROOT = join(import.meta.dirname, "../..");
const REDIS = { service_name: "r.static" };
const CALL = `curl http://host/v1/chat/completions -H 'content-type: application/json' -d '{"model":"m","messages":[]}'`;
let lua: Lua;
let module: WebAssembly.Module;
beforeAll(async () => {
  lua = await Lua.create();
  module = await WebAssembly.compile(readFileSync(DEFAULT_WASM));
});

async function explained(
  config: object,
  command = CALL,
  { route = "default", load }: { route?: string; load?: Parameters<typeof explain>[0]["load"] } = {},
): Promise<Explanation> {
  return explain({
    config,
    request: await readCurl(splitWords(command), undefined),
    info: { routeName: route, clusterName: "outbound|80||u.static", sourceAddress: "10.0.0.1:1234" },
    module,
    lua,
    now: () => 1_700_000_000_000,
    ...(load ? { load } : {}),
  });
}

const inShort = ({ rules }: Explanation): string[] =>
  rules.map(({ path, applies, why }) => `${applies ? "+" : "-"} ${path}: ${why}`);
const per = (key = "*"): object[] => [{ key, token_per_minute: 100 }];

describe("rules", () => {
  it("with match apply if all conditions hold, and say which do not", async () => {
    const match = [{ header: "x-team", value: "red" }, { consumer: "*" }];
    const config = {
      ...{ rule_name: "r", redis: REDIS },
      rule_items: [
        { match: [...match, { header: "x-tier", value: "gold" }], token_per_minute: 5 },
        { match, token_per_minute: 100 },
      ],
    };
    const command = `${CALL} -H 'x-team: red' -H 'x-mse-consumer: ann'`;
    expect(inShort(await explained(config, command))).toEqual([
      "- rule_items[0]: its match does not hold: match[2]",
      "+ rule_items[1]: all its conditions hold",
    ]);
  });

  it("apply or not, and each says why", async () => {
    const config = {
      ...{ rule_name: "r", rule_mode: "all_match", redis: REDIS },
      global_threshold: { token_per_minute: 1000 },
      rule_items: [
        { limit_by_header: "x-team", limit_keys: [...per("red"), ...per("blue")] },
        { limit_by_header: "x-team", limit_keys: [...per("green"), ...per("red")] },
        {
          limit_by_per_header: "authorization",
          limit_keys: [...per("regexp:^Basic"), ...per("regexp:^Bear"), ...per()],
        },
        { limit_by_per_cookie: "session", limit_keys: per() },
        { limit_by_param: "key", limit_keys: per("a") },
        { limit_by_per_consumer: "", limit_keys: per() },
        { limit_by_per_ip: "from-remote-addr", limit_keys: per("192.168.0.0/16") },
        { limit_by_per_ip: "from-header-x-forwarded-for", limit_keys: per("0.0.0.0/0") },
      ],
    };
    expect(
      inShort(await explained(config, `${CALL} -H 'x-team: green' -H 'authorization: Bearer sk'`)),
    ).toEqual([
      "+ global_threshold: all requests share it",
      "- rule_items[0]: the request has the header x-team, but its value fits none of the 2 keys",
      "+ rule_items[1].limit_keys[0]: it is the first of 2 keys that fits",
      "+ rule_items[2].limit_keys[1]: it is the first of 3 keys that fits",
      "- rule_items[3]: the request has no cookie session",
      "- rule_items[4]: the request has no URL parameter key",
      "- rule_items[5]: the request has no consumer (header x-mse-consumer)",
      "- rule_items[6]: the request has a client address, but its value does not fit the key",
      "- rule_items[7]: the request has no client address in the header x-forwarded-for",
    ]);
  });

  it("come after the first that applies, with first_match", async () => {
    const item = { limit_by_per_header: "x", limit_keys: per() };
    const config = { rule_name: "r", redis: REDIS, rule_items: [item, item] };
    expect(inShort(await explained(config, `${CALL} -H 'x: y'`))).toEqual([
      "+ rule_items[0].limit_keys[0]: its key fits",
      "- rule_items[1]: would apply too, but rule_items[0] comes first, and with rule_mode: first_match only the first one counts",
    ]);
  });

  it("are found among thousands of keys", async () => {
    const limit_keys = Array.from({ length: 3000 }, (_, i) => ({ key: `k${i}`, token_per_minute: 1 + i }));
    const config = { rule_name: "r", redis: REDIS, rule_items: [{ limit_by_header: "x", limit_keys }] };
    const { rules } = await explained(config, `${CALL} -H 'x: k2345'`);
    expect(rules).toMatchObject([
      { path: "rule_items[0].limit_keys[2345]", limit: { token_per_minute: 2346 } },
    ]);
  });

  it("are those of the part for the route", async () => {
    const limit = (tokens: number): object => ({
      rule_name: "r",
      redis: REDIS,
      global_threshold: { token_per_minute: tokens },
    });
    const config = {
      ...limit(1),
      _rules_: [
        { _match_route_: ["a"], ...limit(2) },
        { _match_route_: ["b"], ...limit(3) },
      ],
    };
    const scopes = await Promise.all(["a", "b", "c"].map((route) => explained(config, CALL, { route })));
    expect(
      scopes.map(({ scope, rules }) => [scope.path, scope.words, Number(rules[0]?.limit?.token_per_minute)]),
    ).toEqual([
      ["matchRules[0]", "routes a", 2],
      ["matchRules[1]", "routes b", 3],
      ["", "all other requests", 1],
    ]);
  });
});

describe("the verdict", () => {
  const config = {
    rule_name: "r",
    redis: REDIS,
    rule_items: [{ limit_by_per_header: "x-key", limit_keys: per() }],
  };

  it("warns where nothing limits the request", async () => {
    const unmatched = await explained(config);
    expect([unmatched.verdict, unmatched.why]).toEqual([
      "passes unchecked",
      "no rule applies to it, so nothing limits it",
    ]);
    const free = await explained(config, "curl host/v1/models -H 'x-key: a'");
    expect([free.verdict, free.rules]).toEqual(["passes unchecked", []]);
    const elsewhere = await explained({ _rules_: [{ _match_route_: ["a"], ...config }] });
    expect([elsewhere.verdict, elsewhere.why]).toEqual([
      "passes unchecked",
      "no part of the configuration is for requests like this one",
    ]);
  });

  it("is that of a new caller, and shows no value of it", async () => {
    const explanation = await explained(
      config,
      `${CALL} -H 'x-key: sk-alice-0123456789' -H 'accept-encoding: gzip'`,
    );
    expect(explanation).toMatchObject({
      verdict: "passes",
      counters: [
        { key: "higress-token-ratelimit:r:limit_by_per_header:60:x-key:sk-…89", used: 0, resetSeconds: null },
      ],
      answer: null,
      changes: ["the header accept-encoding is removed"],
    });
    expect(JSON.stringify(explanation)).not.toContain("alice");
  });

  it("is that of a caller above its limit, with the answer", async () => {
    const explanation = await explained(config, `${CALL} -H 'x-key: a'`, {
      load: (keys, store) => {
        for (const key of keys) store.set(key, "101", store.now() + 30_000);
        return Promise.resolve();
      },
    });
    expect(explanation).toMatchObject({
      verdict: "is rejected",
      counters: [{ used: 101, resetSeconds: 30 }],
      answer: { status: 429, body: "Too many requests" },
    });
    expect(explanation.answer?.headers).toContainEqual(["retry-after", "30"]);
  });

  it("says what a reservation would write into the body", async () => {
    const clamping = { ...config, reservation: { mode: "clamp" } };
    const { changes } = await explained(clamping, `${CALL} -H 'x-key: a'`);
    expect(changes.join()).toMatch(/max_tokens of the body becomes \d+/);
  });

  it("is a refusal for a caller that is missing and must not be", async () => {
    const strict = { ...config, rule_items: [{ ...config.rule_items[0], on_missing: "reject" }] };
    expect(await explained(strict)).toMatchObject({ verdict: "is rejected", answer: { status: 401 } });
  });
});

describe("the command", () => {
  const CONFIG =
    "rule_name: r\nrule_items: [{limit_by_per_header: x-key, limit_keys: [{key: '*', token_per_minute: 100}]}]\nredis: {service_name: r.static}\n";

  async function run(args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const folder = scratchFolder("explain");
    writeFileSync(join(folder, "config.yaml"), CONFIG);
    writeFileSync(join(folder, "body.json"), "{}");
    const child = spawn(
      join(ROOT, "gateway/bin/ai-token-ratelimit.mjs"),
      ["explain", "--config", "config.yaml", ...args],
      {
        cwd: folder,
      },
    );
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
    const [code] = await once(child, "close");
    return { code, ...output };
  }

  it("reads a Redis, and leaves it as it is", async () => {
    const address = await startRedis();
    const redis = new Redis(`redis://${address}`);
    const key = "higress-token-ratelimit:r:limit_by_per_header:60:x-key:sk-alice-0123456789";
    await redis.set(key, "250", "EX", 50);
    const { stdout, code } = await run([
      "--redis",
      address,
      "--",
      "curl",
      "host/v1/chat/completions",
      "-H",
      "x-key: sk-alice-0123456789",
      "-d",
      "@body.json",
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("250");
    expect(stdout).toMatch(/The request is rejected/);
    expect(stdout).toMatch(/^HTTP 429$/m);
    expect(stdout).not.toContain("alice");
    expect(await redis.keys("*")).toEqual([key]);
    expect(await redis.get(key)).toBe("250");
    redis.disconnect();
  });

  it("takes a whole command as one text, and fails if nothing limits the request", async () => {
    const { stdout, code } = await run(["--", "curl -s host/v1/chat/completions -d '{}'"]);
    expect(stdout).toContain("The request passes unchecked: no rule applies to it, so nothing limits it.");
    expect(code).toBe(1);
  });

  it("says in one line what it cannot read", async () => {
    expect(await run(["--", "curl -d 'x"])).toMatchObject({
      code: 1,
      stderr: "error: curl: a ' is never closed\n",
    });
    expect(await run(["--", "curl", "host", "-d", "@nothing"])).toMatchObject({
      code: 1,
      stderr: "error: curl: a file of its body cannot be read (ENOENT)\n",
    });
    expect(
      await run([
        "--redis",
        "127.0.0.1:1",
        "--",
        "curl",
        "host/v1/chat/completions",
        "-H",
        "x-key: a",
        "-d",
        "{}",
      ]),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: Redis at 127\.0\.0\.1:1 does not answer: .*\n$/),
    });
  });
});
