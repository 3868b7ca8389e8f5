// Scenario: calls reserve through the local gateway, whose buffers are as small as those of a connection in Higress. Bodies come
// in every way, and clients leave in the middle. The model gets each call to the byte, but for its caps; no call hangs; and
// nothing stays reserved when all is quiet.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  capOf,
  INPUT,
  OUTPUT,
  send,
  startRecordingModel,
  type Answer,
  type RecordingModel,
  type Sending,
  type Way,
} from "../support/recording-model.ts";
import { eventually, startStack, untilCounter, type Stack } from "../support/stack.ts";

const LIMIT = 2_000_000;
const TIMEOUT_MS = 400;
/** More than the limit, so that it is lowered whatever the input. */
const CAP = 9_000_000;
/** As `connectionBufferLimits` of Higress. */
const HIGRESS_BUFFER_BYTES = 32_768;
const ways: Way[] = ["length", "chunked"];

const body = (size: number, members: object = {}): Buffer => {
  const make = (text: string): Buffer =>
    Buffer.from(JSON.stringify({ model: "m", ...members, messages: [{ role: "user", content: text }] }));
  return make("hello ".repeat(size).slice(0, size - make("").length));
};
const counterOf = (caller: string): string =>
  `higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:${caller}`;

describe("a gateway in which calls reserve", () => {
  let stack: Stack;
  let model: RecordingModel;
  let calls = 0;
  beforeAll(async () => {
    model = await startRecordingModel();
    stack = await startStack({
      upstream: `http://127.0.0.1:${model.port}`,
      bufferLimit: HIGRESS_BUFFER_BYTES,
      config: {
        rule_name: "r",
        rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: LIMIT }] }],
        redis: { service_name: "redis.static", timeout: TIMEOUT_MS },
        reservation: { mode: "clamp", default_output_tokens: 64 },
      },
    });
  });
  afterAll(async () => {
    await stack.close();
    model.close();
  });
  beforeEach(() => stack.redis.flushall());
  afterEach(() =>
    eventually(async () => {
      const keys = await stack.redis.keys("higress-token-ratelimit:held:*");
      const sums = await Promise.all(keys.map((key) => stack.redis.hget(key, "sum")));
      return sums.every((sum) => Number(sum ?? 0) === 0) ? true : undefined;
    }),
  );

  function begin(sending: Omit<Sending, "headers">, caller?: string) {
    const name = `call-${++calls}`;
    const headers = { "x-call": name, "x-api-key": caller ?? name };
    return { name, ...send(stack.gateway.url, { ...sending, headers }) };
  }

  async function finished(call: { name: string; answer: Promise<Answer> }) {
    const answer = await call.answer;
    expect(answer.status).toBe(200);
    const received = model.received.get(call.name)!;
    return { ...received, told: Number(answer.headers["x-ratelimit-clamped-tokens"] ?? -1) };
  }

  it.each(ways)("lowers and adds caps in bodies of any size (%s)", async (way) => {
    for (const [size, pieces] of [
      [200, 1],
      [2_000, 20],
      [100_000, 20],
      [500_000, 1],
    ] as const) {
      const stated = body(size, { max_tokens: CAP });
      const call = begin({ way, body: stated, pieces, pauseMs: 2 });
      const got = await finished(call);
      expect(got.told).toBeGreaterThan(LIMIT / 2);
      expect(got.body.toString()).toBe(stated.toString().replace(String(CAP), String(got.told)));
      if (way === "length") expect(got.headers["content-length"]).toBe(String(size));
      await untilCounter(stack.redis, counterOf(call.name), INPUT + got.told);

      const added = await finished(begin({ way, body: body(size), pieces, pauseMs: 2 }));
      expect(added.told).toBe(64);
      expect(JSON.parse(added.body.toString())).toEqual({
        ...(JSON.parse(body(size).toString()) as object),
        max_tokens: 64,
      });
      if (way === "length") expect(added.headers["content-length"]).toBe(String(added.body.length));
    }
  });

  it.each(ways)(
    "lets bodies pass that are too long to be held, but none that is no JSON (%s)",
    async (way) => {
      const strange = begin({ way, body: Buffer.from("1") });
      expect((await strange.answer).status).toBe(429);
      for (const sent of [body(600_000, { max_tokens: 50 }), body(3_500_000, { max_tokens: 50 })]) {
        const call = begin({ way, body: sent, pieces: 20, pauseMs: 2 });
        const got = await finished(call);
        expect(got.body.equals(sent)).toBe(true);
        await untilCounter(stack.redis, counterOf(call.name), INPUT + (capOf(sent) ?? OUTPUT));
      }
    },
  );

  it("changes no body that ends with trailers", async () => {
    const fits = body(2_000, { max_tokens: 50 });
    const got = await finished(begin({ way: "chunked", body: fits, pieces: 3, trailers: true }));
    expect(got.body.equals(fits)).toBe(true);
    const tooMuch = body(2_000, { max_tokens: CAP });
    const { answer } = begin({ way: "chunked", body: tooMuch, pieces: 3, trailers: true });
    expect((await answer).status).toBe(429);
  });

  it.each(ways)("rejects a call while its body is still being sent (%s)", async (way) => {
    await stack.redis.set(counterOf("full"), LIMIT, "EX", 3600);
    for (const size of [2_000, 4_000_000]) {
      const call = begin({ way, body: body(size, { max_tokens: CAP }), pieces: 60, pauseMs: 10 }, "full");
      expect((await call.answer).status).toBe(429);
      call.leave();
      expect(model.begun.has(call.name)).toBe(false);
    }
  });

  it.each(ways)("forgets clients that leave, and gives back what they hold (%s)", async (way) => {
    const sent = body(2_000, { max_tokens: 50 });
    const early = begin({ way, body: sent, pieces: 20, pauseMs: 20 });
    await new Promise((later) => setTimeout(later, 60));
    early.leave();
    await stack.redis.client("PAUSE", TIMEOUT_MS / 2, "ALL");
    const late = begin({ way, body: sent });
    await new Promise((later) => setTimeout(later, TIMEOUT_MS / 4));
    late.leave();
    const next = begin({ way, body: sent });
    await finished(next);
    await untilCounter(stack.redis, counterOf(next.name), INPUT + 50);
    for (const { name } of [early, late]) {
      expect(model.begun.has(name)).toBe(false);
      expect(Number((await stack.redis.get(counterOf(name))) ?? 0)).toBe(0);
    }
  });

  it.each(ways)("lets calls pass as they are while Redis does not answer (%s)", async (way) => {
    await stack.redis.client("PAUSE", 2 * TIMEOUT_MS, "ALL");
    const bodies = [body(2_000, { max_tokens: 50 }), body(600_000, { max_tokens: 50 }), body(2_000)];
    const all = bodies.map((sent) => ({ sent, call: begin({ way, body: sent, pieces: 3, pauseMs: 2 }) }));
    for (const { sent, call } of all) {
      expect((await finished(call)).body.equals(sent)).toBe(true);
      await untilCounter(stack.redis, counterOf(call.name), INPUT + (capOf(sent) ?? OUTPUT));
    }
  });
});
