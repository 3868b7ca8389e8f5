// Contract: `limit_headers` tell callers what is left of their limits, and `rejected_format` puts a rejection in the form that
// clients of the called API read. Specified in README, "What a caller sees"; by the APIs' documentation of errors and headers;
// RFC 9457; and draft-ietf-httpapi-ratelimit-headers-10. Without these options, answers are the published ones: check.test.ts.
import { describe, expect, it } from "vitest";
import { array, counter, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";
import { held, holdOf, LAPSES_AT_MS } from "../support/hold-commands.ts";
import type { Stream } from "../support/host-calls/stream.ts";
import type { StrictHost } from "../support/strict-host.ts";

const RULE = "rule_items[0].limit_keys[0]";
const CALLER = { "x-api-key": "alice" };
const PATHS = {
  chat: "/v1/chat/completions",
  anthropic: "/v1/messages",
  gemini: "/v1beta/models/gemini-pro:generateContent",
  bedrock: "/model/claude/converse",
  invoke: "/model/claude/invoke-with-response-stream",
  cohere: "/v2/chat",
  ollama: "/api/chat",
  dashscope: "/api/v1/services/aigc/text-generation/generation",
  other: "/v1/other",
};

type Answer = { code: number; headers: Record<string, string>; body: string };

describe.each(MODULES)("%s", (_name, file) => {
  /** What a caller is answered whose counter is at 105 of 100. */
  async function rejected(more: object, path = PATHS.chat, reply = counter(105, 41_400)): Promise<Answer> {
    const host = await start(file, { ...PER_KEY, ...more });
    const stream = host.request(2, ROOT, { ...CALLER, ":path": path });
    host.reply(ROOT, reply);
    const { code, headers, body, details } = stream.localResponse!;
    expect(details).toBe("ai-token-ratelimit.rejected");
    return { code, headers: Object.fromEntries(headers), body };
  }

  /** The headers of a response as its client gets them. */
  const told = ({ response }: Stream): Record<string, string> => response as Record<string, string>;

  /** Those about limits, of the response to a call that is admitted. */
  function admitted(
    host: StrictHost,
    { id = 2, path = PATHS.chat, reply = counter(40, 41_400), upstream = {}, later = 0 } = {},
  ): Record<string, string> {
    const stream = host.request(id, ROOT, { ...CALLER, ":path": path });
    host.reply(ROOT, reply);
    expect(stream.continued).toBe(1);
    host.now += later;
    host.responseHeaders(id, { ":status": "200", "content-type": "application/json", ...upstream });
    return Object.fromEntries(Object.entries(told(stream)).filter(([name]) => name.includes("limit")));
  }

  describe("rejected_format", () => {
    const error = (message: unknown): object => ({ error: { message } });
    it.each<[format: string, path: keyof typeof PATHS, body: unknown]>([
      [
        "openai",
        "other",
        { error: { message: "Too many requests", type: "tokens", param: null, code: "rate_limit_exceeded" } },
      ],
      [
        "anthropic",
        "chat",
        { type: "error", error: { type: "rate_limit_error", message: "Too many requests" } },
      ],
      [
        "gemini",
        "chat",
        {
          error: {
            code: 429,
            message: "Too many requests",
            status: "RESOURCE_EXHAUSTED",
            details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "42s" }],
          },
        },
      ],
      ["azure", "chat", { error: { code: "429", message: "Too many requests" } }],
      ["bedrock", "chat", { message: "Too many requests" }],
      ["cohere", "chat", { message: "Too many requests" }],
      ["ollama", "chat", { error: "Too many requests" }],
      [
        "problem",
        "chat",
        {
          type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
          title: "Rate limit reached",
          status: 429,
          detail: "Too many requests",
          "violated-policies": [RULE],
        },
      ],
      ["auto", "chat", error("Too many requests")],
      ["auto", "other", error("Too many requests")],
      ["auto", "anthropic", { type: "error" }],
      ["auto", "gemini", { error: { status: "RESOURCE_EXHAUSTED" } }],
      ["auto", "bedrock", { message: "Too many requests" }],
      ["auto", "invoke", { message: "Too many requests" }],
      ["auto", "cohere", { message: "Too many requests" }],
      ["auto", "ollama", { error: "Too many requests" }],
      ["auto", "dashscope", { code: "Throttling.RateQuota", message: "Too many requests" }],
    ])("%s on a path of %s", async (format, path, body) => {
      const answer = await rejected({ rejected_format: format }, PATHS[path]);
      const isAws = format === "bedrock" || path === "bedrock" || path === "invoke";
      expect(answer.code).toBe(429);
      expect(answer.headers).toEqual({
        "X-TokenRateLimit-Reset": "41",
        "Retry-After": "42",
        "retry-after-ms": "41400",
        "x-ratelimit-rule": RULE,
        "content-type": format === "problem" ? "application/problem+json" : "application/json",
        ...(isAws && { "x-amzn-errortype": "ThrottlingException" }),
      });
      const parsed: unknown = JSON.parse(answer.body);
      if (format === "auto") expect(parsed).toMatchObject(body as object);
      else expect(parsed).toEqual(body);
    });

    it("escapes the message in JSON, and shows the status that is configured", async () => {
      const message = 'a "quota" \\ of\nyours { limit }';
      const answer = await rejected({ rejected_format: "gemini", rejected_msg: message, rejected_code: 503 });
      expect(answer.code).toBe(503);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 503, message } });
    });

    it("leaves a message that is JSON as it is", async () => {
      const answer = await rejected({
        rejected_format: "anthropic",
        rejected_msg: { code: -1, at: ["{used}"] },
      });
      expect(answer.body).toBe('{"code":-1,"at":["105"]}');
      expect(answer.headers).toMatchObject({ "content-type": "application/json", "x-ratelimit-rule": RULE });
    });

    it("has clients give up if the wait is longer than a minute", async () => {
      const more = { rejected_format: "openai" };
      expect((await rejected(more, PATHS.chat, counter(105, 60_000))).headers).not.toHaveProperty(
        "x-should-retry",
      );
      expect((await rejected(more, PATHS.chat, counter(105, 60_001))).headers).toMatchObject({
        "x-should-retry": "false",
        "Retry-After": "61",
      });
    });

    it("has clients give up if no waiting helps, and names no time", async () => {
      const host = await start(file, {
        ...PER_KEY,
        rejected_format: "auto",
        reservation: { mode: "estimate" },
      });
      const path = PATHS.gemini;
      const stream = host.request(2, ROOT, { ...CALLER, ":path": path }, false);
      host.requestBody(2, JSON.stringify({ generationConfig: { maxOutputTokens: 101 } }), true);
      expect(holdOf(host.pending[0]!)).toMatchObject({ least: 101, readings: false });
      host.reply(ROOT, held(-1, 0));
      const headers = Object.fromEntries(stream.localResponse!.headers);
      expect(headers).toMatchObject({ "x-should-retry": "false", "x-ratelimit-rule": RULE });
      expect(Object.keys(headers).join().toLowerCase()).not.toContain("retry-after");
      expect(JSON.parse(stream.localResponse!.body)).toMatchObject({ error: { code: 429, details: [] } });
    });
  });

  describe("rejected_msg", () => {
    it("has its words replaced, and no other braces", async () => {
      const rejected_msg =
        "{used} of {limit} {unit} of {rule}; again in {reset} s. {Limit} {limit {} }{used}{";
      const answer = await rejected({ rejected_msg });
      expect(answer.body).toBe(`105 of 100 tokens of ${RULE}; again in 42 s. {Limit} {limit {} }105{`);
      expect(answer.headers).toEqual({ "X-TokenRateLimit-Reset": "41", "Retry-After": "42" });
    });

    it("names calls as the unit of calls at the same time", async () => {
      const limit_keys = [{ key: "*", in_flight: 8 }];
      const more = { rule_items: [{ limit_by_per_header: "x-api-key", limit_keys }] };
      const answer = await rejected(
        { ...more, rejected_msg: "{used} {unit}" },
        PATHS.chat,
        array("0", -1, "8"),
      );
      expect(answer.body).toBe("8 calls");
    });
  });

  describe("limit_headers", () => {
    it("tell nothing by default, and cost nothing", async () => {
      const host = await start(file, PER_KEY);
      const upstream = { "x-ratelimit-limit-tokens": "7" };
      expect(admitted(host, { upstream })).toEqual(upstream);
    });

    it("are those of OpenAI, in place of the upstream's", async () => {
      const host = await start(file, { ...PER_KEY, limit_headers: "openai" });
      const upstream = { "x-ratelimit-limit-tokens": "7", "x-ratelimit-remaining-requests": "3" };
      expect(admitted(host, { upstream, later: 400 })).toEqual({
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "60",
        "x-ratelimit-reset-tokens": "41s",
        "x-ratelimit-remaining-requests": "3",
      });
    });

    it.each([
      [1, "1ms"],
      [1_250, "1.25s"],
      [60_000, "1m0s"],
      [3_600_000, "1h0m0s"],
      [86_399_999, "23h59m59.999s"],
    ])("write a duration of %s ms as OpenAI does", async (left, text) => {
      const host = await start(file, { ...PER_KEY, limit_headers: "openai" });
      expect(admitted(host, { reply: counter(1, left) })["x-ratelimit-reset-tokens"]).toBe(text);
    });

    it("are those of Anthropic", async () => {
      const host = await start(file, { ...PER_KEY, limit_headers: "anthropic" });
      const reset = Math.ceil((host.now + 41_400) / 1000) * 1000;
      expect(admitted(host)).toEqual({
        "anthropic-ratelimit-tokens-limit": "100",
        "anthropic-ratelimit-tokens-remaining": "60",
        "anthropic-ratelimit-tokens-reset": new Date(reset).toISOString().replace(".000", ""),
      });
    });

    it("are those of the draft of a standard", async () => {
      const host = await start(file, { ...PER_KEY, limit_headers: "ietf" });
      expect(admitted(host)).toEqual({
        "ratelimit-policy": `"${RULE}";q=100;w=60;qu="tokens"`,
        ratelimit: `"${RULE}";r=60;t=42`,
      });
    });

    it.each<[keyof typeof PATHS, string]>([
      ["chat", "x-ratelimit-limit-tokens"],
      ["other", "x-ratelimit-limit-tokens"],
      ["anthropic", "anthropic-ratelimit-tokens-limit"],
      ["gemini", "ratelimit"],
      ["ollama", "ratelimit"],
    ])("are those of the API, on a path of %s", async (path, name) => {
      const host = await start(file, { ...PER_KEY, limit_headers: "auto" });
      expect(admitted(host, { path: PATHS[path] })).toHaveProperty(name);
    });

    it("tell of a window that has not begun, and of one whose end Redis overstates", async () => {
      const host = await start(file, { ...PER_KEY, limit_headers: "auto" });
      expect(admitted(host, { reply: array(null, -2) })).toMatchObject({
        "x-ratelimit-remaining-tokens": "100",
        "x-ratelimit-reset-tokens": "0s",
      });
      const reply = array("5", "9223372036854775807");
      expect(admitted(host, { id: 3, reply })).toMatchObject({ "x-ratelimit-reset-tokens": "8784h0m0s" });
      expect(
        admitted(host, { id: 4, reply, path: PATHS.anthropic })["anthropic-ratelimit-tokens-reset"],
      ).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    it("tell of the limit with the smallest share left", async () => {
      const global_threshold = { token_per_hour: 1000 };
      const host = await start(file, {
        ...PER_KEY,
        rule_mode: "all_match",
        global_threshold,
        limit_headers: "ietf",
      });
      const policy = (reply: string, id: number): string =>
        admitted(host, { id, reply })["ratelimit-policy"]!;
      expect(policy(array("900", 1000, "50", 1000), 2)).toBe('"global_threshold";q=1000;w=3600;qu="tokens"');
      expect(policy(array("900", 1000, "95", 1000), 3)).toBe(`"${RULE}";q=100;w=60;qu="tokens"`);
    });

    it("tell of tokens and of requests, and by the standard of calls at the same time", async () => {
      const limit_keys = [{ key: "*", token_per_minute: 100, request_per_minute: 10, in_flight: 8 }];
      const more = { rule_items: [{ limit_by_per_header: "x-api-key", limit_keys }] };
      const reply = array(
        "40",
        41_000,
        "0",
        "3",
        30_000,
        "0",
        "0",
        -1,
        "5",
        "0",
        String(LAPSES_AT_MS),
        "0",
        "held",
      );
      const openai = await start(file, { ...PER_KEY, ...more, limit_headers: "openai" });
      expect(admitted(openai, { reply })).toEqual({
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "60",
        "x-ratelimit-reset-tokens": "41s",
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "6",
        "x-ratelimit-reset-requests": "30s",
      });
      const standard = await start(file, { ...PER_KEY, ...more, limit_headers: "ietf" });
      expect(admitted(standard, { reply })).toEqual({
        "ratelimit-policy": `"${RULE}";q=100;w=60;qu="tokens", "${RULE}";q=10;w=60, "${RULE}";q=8;qu="concurrent-requests"`,
        ratelimit: `"${RULE}";r=60;t=41, "${RULE}";r=6;t=30, "${RULE}";r=2`,
      });
    });

    it("are on rejections too, with the limit that refuses", async () => {
      const answer = await rejected({ limit_headers: "auto" });
      expect(answer.body).toBe("Too many requests");
      expect(answer.headers).toEqual({
        "X-TokenRateLimit-Reset": "41",
        "Retry-After": "42",
        "retry-after-ms": "41400",
        "x-ratelimit-rule": RULE,
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "41.4s",
      });
    });

    it("tell what a call has reserved as used up", async () => {
      const reservation = { mode: "estimate" };
      const host = await start(file, { ...PER_KEY, limit_headers: "openai", reservation });
      const stream = host.request(2, ROOT, { ...CALLER, ":path": PATHS.chat }, false);
      host.requestBody(2, JSON.stringify({ messages: [], max_tokens: 20 }), true);
      const { readings, input } = holdOf(host.pending[0]!);
      expect(readings).toBe(true);
      host.reply(ROOT, array("30", 5_000, "10", "20", String(LAPSES_AT_MS), "0", "held"));
      expect(stream.continued).toBe(1);
      host.responseHeaders(2, { ":status": "200" });
      expect(told(stream)).toMatchObject({
        "x-ratelimit-remaining-tokens": String(100 - 30 - 10 - 20 - input),
      });
    });

    it("tell nothing if Redis has not answered, or was not asked", async () => {
      const host = await start(file, { ...PER_KEY, limit_headers: "openai" });
      expect(admitted(host, { reply: "-ERR x\r\n" })).toEqual({});
      const stream = host.request(3, ROOT, { ...CALLER, ":method": "GET", ":path": "/v1/models" });
      host.responseHeaders(3, { ":status": "200" });
      expect(told(stream)).toEqual({ ":status": "200" });
    });
  });
});
