// Scenario: ai-quota and ai-token-ratelimit in one chain of stock Envoy, and both reserve. Each holds the body in turn, and lowers
// the caps to what it has room for. The model gets the lower one, the client is told that one, and both books are exact.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { filterOf, isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { eventually, untilCounter } from "../../tools/calls.ts";
import { startBackends, type Backends } from "../../tools/envoy/backends.ts";
import {
  capOf,
  INPUT,
  send,
  startRecordingModel,
  WAYS,
  type RecordingModel,
  type Way,
} from "../support/recording-model.ts";

const BALANCE = "chat_quota:ann";
const COUNTER = "higress-token-ratelimit:consumers:limit_by_per_consumer:60:x-mse-consumer:ann";
const LIMIT = 2_000;
const BODY = Buffer.from(
  JSON.stringify({
    model: "m",
    max_tokens: 9_000,
    messages: [{ role: "user", content: "Say hello to the world. ".repeat(20) }],
  }),
);

describe.skipIf(!isAvailable).each([
  ["that holds headers", true],
  ["that lets headers go", false],
])("two plugins that reserve in an Envoy %s", (_name, holdsHeaders) => {
  let backends: Backends;
  let model: RecordingModel;
  let envoy: Envoy;
  let calls = 0;
  beforeAll(async () => {
    [backends, model] = await Promise.all([startBackends(), startRecordingModel()]);
    envoy = await backends.envoy({
      file: "envoy-quota.yaml",
      concurrency: 2,
      llmPort: model.port,
      change: (manager) => {
        for (const plugin of ["ai-quota", "ai-token-ratelimit"]) {
          const { config } = filterOf(manager, plugin).typed_config;
          const before = JSON.parse(config.configuration.value as string) as object;
          const reservation = { mode: "clamp" };
          config.allow_on_headers_stop_iteration = holdsHeaders;
          config.configuration.value = JSON.stringify({
            ...before,
            reservation,
            hold_headers: holdsHeaders,
          });
        }
      },
    });
  });
  afterAll(async () => {
    await backends.close();
    model.close();
  });
  beforeEach(() => backends.redis.flushall());

  async function heldNow(): Promise<number> {
    const keys = await backends.redis.keys("*:held:*");
    const sums = await Promise.all(keys.map((key) => backends.redis.hget(key, "sum")));
    return sums.reduce((all, sum) => all + Number(sum ?? 0), 0);
  }
  afterEach(() => eventually(async () => ((await heldNow()) === 0 ? true : undefined)));

  interface Outcome {
    status: number;
    told: string | undefined;
    cap: number | undefined;
  }
  async function call(way: Way): Promise<Outcome> {
    const name = `call-${++calls}`;
    const headers = { "x-call": name, "x-api-key": "ann-change-me" };
    const { status, headers: answered } = await send(envoy.url, {
      way,
      headers,
      body: BODY,
      pieces: 3,
      pauseMs: 2,
    }).answer;
    const received = model.received.get(name);
    // Where the headers go ahead, they cannot say how long the body becomes.
    const length = way === "length" && holdsHeaders ? String(received?.body.length) : undefined;
    if (received) expect(received.headers["content-length"]).toBe(length);
    return {
      status,
      told: answered["x-ratelimit-clamped-tokens"] as string | undefined,
      cap: received && capOf(received.body),
    };
  }

  it.each(
    WAYS.flatMap((way): [Way, string, number, number][] => [
      [way, "balance", 1_000, 0],
      [way, "limit", 100_000, 1_000],
      [way, "limit, though the balance lowers it first", 3_000, 1_000],
    ]),
  )("lower the cap to what is left (%s) of the %s", async (way, _what, balance, spent) => {
    await backends.redis.set(BALANCE, balance);
    await backends.redis.set(COUNTER, spent, "EX", 60);
    const { status, told, cap } = await call(way);
    expect(status).toBe(200);
    // What is left, but for the input.
    const left = Math.min(balance, LIMIT - spent);
    expect(cap).toBeLessThan(left);
    expect(cap).toBeGreaterThan(left - 200);
    expect(told).toBe(String(cap));
    await untilCounter(backends.redis, BALANCE, balance - INPUT - cap!);
    await untilCounter(backends.redis, COUNTER, spent + INPUT + cap!);
  });

  it("give back what the first has reserved when the second rejects", async () => {
    await backends.redis.set(BALANCE, 5_000);
    await backends.redis.set(COUNTER, LIMIT, "EX", 60);
    for (const way of WAYS) expect(await call(way)).toMatchObject({ status: 429, cap: undefined });
    expect(await backends.redis.get(BALANCE)).toBe("5000");
    await backends.redis.set(BALANCE, 0);
    for (const way of WAYS) expect(await call(way)).toMatchObject({ status: 403, cap: undefined });
    expect(await backends.redis.get(COUNTER)).toBe(String(LIMIT));
  });

  it("are never overdrawn by many calls at once", async () => {
    await backends.redis.set(BALANCE, 1_500);
    const all = await Promise.all(Array.from({ length: 60 }, (_, i) => call(WAYS[i % 3]!)));
    const served = all.filter(({ status }) => status === 200);
    const tokens = served.reduce((sum, { cap }) => sum + INPUT + cap!, 0);
    expect(tokens).toBeGreaterThan(1_000);
    expect(tokens).toBeLessThanOrEqual(1_500);
    await untilCounter(backends.redis, BALANCE, 1_500 - tokens);
    await untilCounter(backends.redis, COUNTER, tokens);
  });
});
