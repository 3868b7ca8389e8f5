// Scenario: stock Envoy holds the bodies of calls for which tokens are reserved, in both of the ways it can be configured for.
// Bodies of every size come in every way, and clients leave in the middle. The model gets each call to the byte, but for its
// caps; no call hangs; and nothing stays reserved when all is quiet.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  filterOf,
  isAvailable,
  type Envoy,
  type HttpConnectionManager,
} from "../../tools/envoy/processes.ts";
import { eventually, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";
import {
  ANNOUNCED,
  capOf,
  INPUT,
  OUTPUT,
  send,
  startRecordingModel,
  WAYS,
  type Answer,
  type RecordingModel,
  type Sending,
  type Way,
} from "../support/recording-model.ts";

const ALL_WAYS = [...new Set([...WAYS, ...ANNOUNCED])];
const LIMIT = 2_000_000;
const MAX_BODY_BYTES = 512 << 10;
const TIMEOUT_MS = 400;
/** More than the limit, so that it is lowered whatever the input. */
const CAP = 9_000_000;
const CLAMPED = "x-ratelimit-clamped-tokens";
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: LIMIT }] }],
  redis: { ...REDIS, timeout: TIMEOUT_MS },
  reservation: { mode: "clamp", default_output_tokens: 64 },
};
const counterOf = (caller: string): string =>
  `higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:${caller}`;

/** A call of exactly `size` bytes, with these members before and behind the prompt. */
function bodyOf(size: number, first: object = {}, last: object = {}): Buffer {
  const make = (text: string): Buffer =>
    Buffer.from(
      JSON.stringify({ model: "m", ...first, messages: [{ role: "user", content: text }], ...last }),
    );
  const words = "Grüße an die Welt 世界 🌍, ";
  const room = size - make("").length;
  const text = words.repeat(Math.floor(room / Buffer.byteLength(words)));
  return make(text + "x".repeat(room - Buffer.byteLength(text)));
}

/** The body as it should arrive with another cap: of the same length. */
const lowered = (body: Buffer, cap: number): string =>
  body.toString("utf8").replaceAll(String(CAP), String(cap).padStart(String(CAP).length));

describe.skipIf(!isAvailable).each([
  ["that holds headers", true],
  ["that lets headers go", false],
])("an Envoy %s", (_name, holdsHeaders) => {
  let backends: Backends;
  let model: RecordingModel;
  let envoy: Envoy;
  let calls = 0;

  /** An Envoy whose filter is configured like this. */
  const start = (configuration: object): Promise<Envoy> =>
    backends.envoy({
      llmPort: model.port,
      concurrency: 2,
      configuration: { ...configuration, hold_headers: holdsHeaders },
      change: (manager: HttpConnectionManager & { http_protocol_options?: object }) => {
        if (holdsHeaders) filterOf(manager).typed_config.config.allow_on_headers_stop_iteration = true;
        manager.http_protocol_options = { enable_trailers: true };
      },
    });

  beforeAll(async () => {
    [backends, model] = await Promise.all([startBackends(), startRecordingModel()]);
    envoy = await start(CONFIGURATION);
  });
  afterAll(async () => {
    await backends.close();
    model.close();
  });
  beforeEach(() => backends.redis.flushall());

  /** What is held on all counters. */
  async function heldNow(): Promise<number> {
    const keys = await backends.redis.keys("higress-token-ratelimit:held:*");
    const sums = await Promise.all(keys.map((key) => backends.redis.hget(key, "sum")));
    return sums.reduce((all, sum) => all + Number(sum ?? 0), 0);
  }
  afterEach(() =>
    eventually(async () => ((await heldNow()) === 0 ? true : undefined)).catch(async () => {
      throw new Error(`${await heldNow()} tokens are still reserved`);
    }),
  );

  interface Call {
    readonly name: string;
    readonly answer: Promise<Answer>;
    leave(): void;
  }
  /** A call of a caller of its own, unless the headers name one. */
  function begin(
    sending: Omit<Sending, "headers"> & { headers?: Record<string, string> },
    to: Envoy = envoy,
  ): Call {
    const name = `call-${++calls}`;
    const sent = send(to.url, {
      ...sending,
      headers: { "x-call": name, "x-api-key": name, ...sending.headers },
    });
    return { name, ...sent };
  }

  /** What the model got of a call that was answered, and what the answer says. */
  async function finished(call: Call): Promise<{ body: Buffer; length: string | undefined; cap: number }> {
    const answer = await call.answer;
    expect(answer.status).toBe(200);
    const { body, headers } = model.received.get(call.name)!;
    return { body, length: headers["content-length"], cap: Number(answer.headers[CLAMPED] ?? -1) };
  }

  it.each(ALL_WAYS)("lowers the caps of a body of any size and in any pieces (%s)", async (way) => {
    const sizes = [
      [150, 1],
      [150, 20],
      [2_000, 1],
      [2_000, 20],
      [100_000, 1],
      [100_000, 20],
      [MAX_BODY_BYTES, 7],
    ] as const;
    const all = sizes.map(([size, pieces]) => {
      const body = bodyOf(size, { max_tokens: CAP }, { max_completion_tokens: CAP });
      return { body, call: begin({ way, body, pieces, pauseMs: 15 }) };
    });
    for (const { body, call } of all) {
      const got = await finished(call);
      expect(got.cap).toBeGreaterThan(LIMIT / 2);
      expect(got.cap).toBeLessThan(LIMIT);
      expect(got.body.toString("utf8") === lowered(body, got.cap)).toBe(true);
      expect(got.length).toBe(ANNOUNCED.includes(way) && holdsHeaders ? String(body.length) : undefined);
      await untilCounter(backends.redis, counterOf(call.name), INPUT + got.cap);
    }
  });

  it.each(ALL_WAYS)("leaves what it need not or cannot lower as it is, to the byte (%s)", async (way) => {
    const bodies: [Buffer, number][] = [
      [bodyOf(2_000, { max_tokens: 50 }), 20],
      // Beyond what is held, and beyond what Envoy buffers.
      [bodyOf(600_000, { max_tokens: 50 }), 1],
      [bodyOf(600_000, { max_tokens: 50 }), 20],
      [bodyOf(3_500_000, { max_tokens: 50 }), 1],
      [bodyOf(3_500_000, { max_tokens: 50 }), 20],
    ];
    const all = bodies.map(([body, pieces]) => ({ body, call: begin({ way, body, pieces, pauseMs: 10 }) }));
    for (const { body, call } of all) {
      const got = await finished(call);
      expect(got.body.equals(body)).toBe(true);
      expect(got.cap).toBe(-1);
      await untilCounter(backends.redis, counterOf(call.name), INPUT + (capOf(body) ?? OUTPUT));
    }
  });

  it.each(WAYS)("has no room for what a lenient model may read, and no filter can (%s)", async (way) => {
    for (const body of [Buffer.from("1"), Buffer.from("\xff\x00{", "latin1")]) {
      const call = begin({ way, body, pieces: 3 });
      expect((await call.answer).status).toBe(429);
      expect(model.received.has(call.name)).toBe(false);
    }
  });

  it.each(ALL_WAYS)("adds a cap where there is none (%s)", async (way) => {
    const body = bodyOf(2_000);
    const got = await finished(begin({ way, body, pieces: 3, pauseMs: 5 }));
    expect(got.cap).toBe(64);
    // Where the headers go ahead, they cannot say how long the body becomes.
    expect(got.length).toBe(ANNOUNCED.includes(way) && holdsHeaders ? String(got.body.length) : undefined);
    expect(JSON.parse(got.body.toString("utf8"))).toEqual({
      ...(JSON.parse(body.toString("utf8")) as object),
      max_tokens: 64,
    });
  });

  it("tells a client that waits for it to go on (Expect: 100-continue)", async () => {
    const body = bodyOf(2_000, { max_tokens: CAP });
    const got = await finished(begin({ way: "length", body, headers: { expect: "100-continue" } }));
    expect(got.body.toString("utf8")).toBe(lowered(body, got.cap));
  });

  it.each(["chunked", "HTTP/2"] as const)(
    "grants what is stated or nothing before trailers (%s)",
    async (way) => {
      const fits = bodyOf(2_000, { max_tokens: 50 });
      const got = await finished(begin({ way, body: fits, pieces: 3, trailers: true }));
      expect(got.body.equals(fits)).toBe(true);
      const tooMuch = begin({ way, body: bodyOf(2_000, { max_tokens: CAP }), pieces: 3, trailers: true });
      expect((await tooMuch.answer).status).toBe(429);
      expect(model.received.has(tooMuch.name)).toBe(false);
    },
  );

  it.each(WAYS)("passes on what the model says before it has the body (%s)", async (way) => {
    const headers = { "x-refuse": "1" };
    const call = begin({ way, body: bodyOf(100_000, { max_tokens: 50 }), pieces: 20, pauseMs: 10, headers });
    expect((await call.answer).status).toBe(401);
    expect(Number((await backends.redis.get(counterOf(call.name))) ?? 0)).toBe(0);
  });

  it.each(WAYS)("rejects a call that does not fit, and the model gets no body (%s)", async (way) => {
    const headers = { "x-api-key": "full" };
    await backends.redis.set(counterOf("full"), LIMIT, "EX", 3600);
    for (const [size, pieces] of [
      [2_000, 20],
      [100_000, 20],
    ] as const) {
      const call = begin({ way, body: bodyOf(size, { max_tokens: CAP }), pieces, pauseMs: 2, headers });
      expect((await call.answer).status).toBe(429);
      expect(model.received.has(call.name)).toBe(false);
      if (holdsHeaders) expect(model.begun.has(call.name)).toBe(false);
    }
  });

  it.each(WAYS)("rejects a body that is too long while it is still being sent (%s)", async (way) => {
    await backends.redis.set(counterOf("full"), LIMIT, "EX", 3600);
    const body = bodyOf(4_000_000, { max_tokens: CAP });
    const call = begin({ way, body, pieces: 100, pauseMs: 50, headers: { "x-api-key": "full" } });
    expect((await call.answer).status).toBe(429);
    call.leave();
    expect(model.received.has(call.name)).toBe(false);
  });

  it.each(WAYS)("forgets a client that leaves in the middle of its body (%s)", async (way) => {
    for (const size of [2_000, 4_000_000]) {
      const call = begin({ way, body: bodyOf(size, { max_tokens: 50 }), pieces: 20, pauseMs: 30 });
      await new Promise((later) => setTimeout(later, 100));
      call.leave();
      expect(model.received.has(call.name)).toBe(false);
    }
    await eventually(async () => (/downstream_rq_active: 0$/m.test(await active()) ? true : undefined));
  });
  const active = (): Promise<string> => envoy.admin("/stats?filter=http.llm.downstream_rq_active");

  it.each(WAYS)("gives back what it reserves for a client that leaves meanwhile (%s)", async (way) => {
    await backends.redis.client("PAUSE", TIMEOUT_MS / 2, "ALL");
    const call = begin({ way, body: bodyOf(2_000, { max_tokens: 50 }), pieces: 2 });
    await eventually(async () => (/downstream_rq_active: 1$/m.test(await active()) ? true : undefined));
    await new Promise((later) => setTimeout(later, TIMEOUT_MS / 4));
    call.leave();
    await eventually(async () => (/downstream_rq_active: 0$/m.test(await active()) ? true : undefined));
    expect(model.received.has(call.name)).toBe(false);
    // What was reserved, if anything, is given back; nothing is charged.
    expect(Number((await backends.redis.get(counterOf(call.name))) ?? 0)).toBe(0);
  });

  it.each(WAYS)("lets calls pass as they are while Redis does not answer (%s)", async (way) => {
    await backends.redis.client("PAUSE", 3 * TIMEOUT_MS, "ALL");
    const bodies = [bodyOf(2_000, { max_tokens: 50 }), bodyOf(600_000, { max_tokens: 50 }), bodyOf(2_000)];
    const all = bodies.map((body) => ({ body, call: begin({ way, body, pieces: 5, pauseMs: 5 }) }));
    for (const { body, call } of all) {
      const got = await finished(call);
      expect(got.body.equals(body)).toBe(true);
      expect(got.cap).toBe(-1);
    }
    for (const { body, call } of all)
      await untilCounter(backends.redis, counterOf(call.name), INPUT + (capOf(body) ?? OUTPUT));
  });

  it("lets calls pass as they are when Redis cannot be asked at all", async () => {
    const redis = { ...REDIS, http: { ...REDIS.http, cluster: "nowhere" } };
    const other = await start({ ...CONFIGURATION, redis });
    const all = WAYS.flatMap((way: Way) =>
      [bodyOf(2_000, { max_tokens: CAP }), bodyOf(600_000, { max_tokens: CAP }), bodyOf(2_000)].map(
        (body) => ({
          body,
          call: begin({ way, body, pieces: 5, pauseMs: 2 }, other),
        }),
      ),
    );
    for (const { body, call } of all) expect((await finished(call)).body.equals(body)).toBe(true);
  });

  it.each(WAYS)("only estimates with mode estimate (%s)", async (way) => {
    const other = await start({ ...CONFIGURATION, reservation: { mode: "estimate" } });
    const fits = bodyOf(2_000, { max_tokens: 50 });
    expect((await finished(begin({ way, body: fits, pieces: 5, pauseMs: 2 }, other))).body.equals(fits)).toBe(
      true,
    );
    const none = bodyOf(2_000);
    expect((await finished(begin({ way, body: none, pieces: 5, pauseMs: 2 }, other))).body.equals(none)).toBe(
      true,
    );
    const tooMuch = begin({ way, body: bodyOf(2_000, { max_tokens: CAP }), pieces: 5, pauseMs: 2 }, other);
    expect((await tooMuch.answer).status).toBe(429);
  });
});
