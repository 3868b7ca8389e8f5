// Contract: whatever comes while a body is held, in whatever order, nothing traps, each stream is answered once, and each
// hold that Redis has made, or may have made, is settled once. FUZZ_SEED and FUZZ_RUNS: see fuzz.ts.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fuzz, RUNS } from "../support/fuzz.ts";
import { array, made, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import { held } from "../support/hold-commands.ts";
import { splice } from "../support/mutations.ts";
import type { RedisCommand, StrictHost } from "../support/strict-host.ts";

const CLAMP = {
  ...PER_KEY,
  reservation: { mode: "clamp", default_output_tokens: 64, max_body_bytes: 3000 },
};
const BODY = JSON.stringify({
  model: "m",
  max_tokens: 500,
  n: 2,
  thinking: { budget_tokens: 2000 },
  options: { num_predict: -1 },
  generationConfig: { maxOutputTokens: 5, thinkingConfig: { thinkingBudget: -1 } },
  prompt: ["a", ["b"], 1],
  messages: [{ role: "user", content: "Say hello to the world." }],
});
const PATHS = [
  "/v1/chat/completions",
  "/v1/messages",
  "/v1/responses",
  "/api/chat",
  "/v1beta/models/m:generateContent",
  "/model/m/converse",
  "/v1/embeddings",
  "/v1/embeddings/../x",
  "/generate",
];
const markerOf = (command: RedisCommand): string => {
  const args = command.args.map(String);
  return args[2 + Number(args[2])]!;
};
/** A hold says more than its settlement. */
const isHold = (command: RedisCommand): boolean =>
  command.args.map(String).some((text) => /^(charge|release)$/.test(text));

const chunk = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "{",
    "}",
    BODY,
    BODY.slice(0, 90),
    BODY.slice(90),
    "x".repeat(2000),
    "[".repeat(500),
  ),
  fc.tuple(fc.nat(), fc.string()).map(([at, text]) => splice(BODY, at, text)),
  fc.json(),
  fc.uint8Array({ maxLength: 40 }),
);
/** What Redis may say about a hold, and whether that was made then. */
type Reply = readonly [text: string | null, hold: "made" | "maybe" | "none"];
const REPLIES: Reply[] = [
  ...[0, 7, 16, 500, 2 ** 53].map((granted): Reply => [held(granted), "made"]),
  ...[held(-1, 95), held(-1, 1, 99), held(-1, 0, 0)].map((text): Reply => [text, "none"]),
  ...[null, "-ERR no\r\n", "+OK\r\n", array(), array("x", "y"), array("-5", "1"), array("5")].map(
    (text): Reply => [text, "maybe"],
  ),
];
const NO_SCRIPT = "-NOSCRIPT no\r\n";
const reply = fc.constantFrom<Reply>(...REPLIES, [NO_SCRIPT, "none"]);
type Step =
  | { what: "body"; chunk: string | Uint8Array; end: boolean }
  | { what: "bytes"; chunk: string }
  | { what: "reply"; reply: Reply }
  | {
      what:
        | "head"
        | "answer"
        | "report"
        | "answerTrailers"
        | "trailers"
        | "end"
        | "tick"
        | "reconfigure"
        | "forget";
    };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("body" as const), chunk, end: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant("bytes" as const),
      chunk: fc.constantFrom(BODY, "x".repeat(300)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("reply" as const), reply }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom(
        "head" as const,
        "answer",
        "report",
        "answerTrailers",
        "trailers",
        "end",
        "tick",
        "reconfigure",
        "forget",
      ),
    }),
  },
);
const headers = fc.record(
  {
    "content-length": fc.constantFrom("0", "10", "3000", "3001", "99999999999999999999", "-1", "x", ""),
    "content-encoding": fc.constantFrom("gzip", "identity"),
    "content-type": fc.constantFrom("multipart/form-data; boundary=x", "application/json; charset=utf-16"),
    upgrade: fc.constantFrom("websocket", "h2c"),
    authorization: fc.constantFrom("AWS4-HMAC-SHA256 x", "AWS4", "", "Bearer x"),
    "x-original-url": fc.constant("/"),
    ":method": fc.constantFrom("POST", "GET", "PUT", "DELETE"),
  },
  { requiredKeys: [] },
);

describe.each(MODULES)("%s", (_name, file) => {
  let host: StrictHost;
  let id = 2;
  const seen = { made: 0, maybe: 0, none: 0 };
  beforeAll(async () => {
    host = await start(file, CLAMP);
  });

  it("settles each hold once, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PATHS),
        headers,
        fc.boolean(),
        fc.array(step, { maxLength: 14 }),
        (path, more, hasBody, steps) => {
          id += 2;
          const stream = host.request(id, ROOT, { ...more, "x-api-key": "alice", ":path": path }, !hasBody);
          /** The holds by marker: what Redis said, and how often it was asked to settle it. */
          const holds = new Map<string, { hold: Reply[1]; settled: number }>();
          const answer = ([text, hold]: Reply): void => {
            const [command] = host.pending;
            if (command === undefined) return;
            const name = markerOf(command);
            if (!isHold(command)) {
              const known = holds.get(name);
              if (known) known.settled += 1;
              host.reply(ROOT, made(7), command);
            } else {
              if (text !== NO_SCRIPT) holds.set(name, { hold, settled: 0 });
              host.reply(ROOT, text, command);
            }
          };
          let hasEnded = false;
          let isOver = false;
          let hasAnswer = false;
          for (const next of steps) {
            if (next.what === "reply") answer(next.reply);
            else if (next.what === "tick") host.pass(ROOT, 1000);
            else if (next.what === "reconfigure") host.reconfigure(ROOT, CLAMP);
            else if (isOver) continue;
            else if (next.what === "end") {
              host.end(id);
              isOver = true;
            } else if (next.what === "body" && hasBody && !hasEnded) {
              hasEnded = next.end;
              host.requestBody(id, next.chunk, next.end);
            } else if (next.what === "bytes" && hasBody && !hasEnded) {
              for (const byte of next.chunk) host.requestBody(id, byte);
            } else if (next.what === "trailers" && hasBody && !hasEnded) {
              hasEnded = true;
              host.requestTrailers(id);
            } else if (next.what === "forget") stream.requestBody = new Uint8Array();
            else if (next.what === "head") {
              host.responseHeaders(id, { "content-type": "application/json" });
              hasAnswer = true;
            } else if (next.what === "answer" && hasAnswer) host.responseBody(id, usageBody(3, 4), true);
            else if (next.what === "report" && hasAnswer) host.responseBody(id, usageBody(3, 4).slice(0, 20));
            else if (next.what === "answerTrailers" && hasAnswer) host.responseTrailers(id);
          }
          expect(stream.continued + (stream.localResponse ? 1 : 0)).toBeLessThanOrEqual(1);
          if (!isOver) host.end(id);
          for (let rounds = 0; host.pending.length > 0; ++rounds) {
            if (rounds > 50) throw new Error("it asks for ever");
            answer([held(5), "made"]);
            if (host.pending.length === 0) host.pass(ROOT, 1000);
          }
          for (const { hold, settled } of holds.values()) {
            if (hold === "maybe") expect(settled).toBeLessThanOrEqual(1);
            else expect(settled).toBe(hold === "made" ? 1 : 0);
            seen[hold] += 1;
          }
        },
      ),
      fuzz(RUNS),
    );
    // So that the test notices when it does not get there any more.
    expect(Math.min(seen.made, seen.maybe, seen.none)).toBeGreaterThan(RUNS / 20);
  });

  it("takes a few KiB for each body that is held, however long that is", async () => {
    const crowded = await start(file, { ...CLAMP, reservation: { mode: "clamp" } });
    for (let stream = 2; stream < 2002; stream += 2) {
      crowded.request(stream, ROOT, { "x-api-key": "alice" }, false);
      for (let i = 0; i < 4; ++i)
        crowded.requestBody(stream, i === 0 ? BODY.slice(0, -3) : "hello ".repeat(2000));
    }
    expect(crowded.memoryBytes).toBeLessThanOrEqual(12 << 20);
  });

  it("takes no more memory for many long bodies than for one: four times the longest", async () => {
    const longest = 4 << 20;
    const reservation = { mode: "clamp", max_body_bytes: longest };
    const busy = await start(file, { ...CLAMP, reservation });
    const text = "hello you ".repeat((longest - 200) / 10);
    const body = JSON.stringify({ messages: [{ role: "user", content: text }], max_tokens: 5000 });
    for (let stream = 2; stream < 62; stream += 2) {
      busy.request(stream, ROOT, { "x-api-key": "alice" }, false);
      for (let at = 0; at < body.length; at += 1 << 20)
        busy.requestBody(stream, body.slice(at, at + (1 << 20)), at + (1 << 20) >= body.length);
      busy.reply(ROOT, held(37));
      expect(busy.streams.get(stream)!.toServer).toHaveLength(body.length);
      busy.end(stream);
      busy.reply(ROOT, made(7));
      expect(busy.memoryBytes).toBeLessThanOrEqual(4 * longest);
    }
  });

  it("still works after all that, in bounded memory", () => {
    expect(host.memoryBytes).toBeLessThan(8 << 20);
    const stream = host.request(++id, ROOT, { "x-api-key": "alice" }, false);
    host.requestBody(id, BODY, true);
    host.reply(ROOT, held(-1, 95));
    expect(stream.localResponse?.code).toBe(429);
    host.end(id);
  });
});
