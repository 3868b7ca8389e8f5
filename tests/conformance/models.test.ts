// Contract: rules by model limit each call by the model that the upstream will use, wherever the call names it; a call that hides
// its model is no cheaper. Specified in README, "Configuration" and "Limits"; ARCHITECTURE.md, "Which model a call is for".
import { describe, expect, it } from "vitest";
import {
  chargeOf,
  CONTINUE,
  counter,
  made,
  metric,
  MODULES,
  REDIS,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { encodePairs } from "../support/wire.ts";
import { held, holdOf } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

type Headers = Parameters<StrictHost["request"]>[2];
const STOP_HEADERS = 1;
const BUFFER = 1;
const WATERMARK = 2;
const rule = (kind: string, ...keys: string[]) => ({
  [kind]: "",
  limit_keys: keys.map((key) => ({ key, token_per_minute: 100 })),
});
const rules = (...items: object[]) => ({ rule_name: "r", rule_items: items, redis: REDIS });
const PER_MODEL = rules(rule("limit_by_per_model", "*"));
const body = (model: unknown, more: object = {}): string =>
  JSON.stringify({ messages: [{ role: "user", content: "Hi" }], model, ...more });

/** The counter that a call is checked against, behind the part that all have; null if none is. */
function counterOf(host: StrictHost): string | null {
  const [command] = host.pending;
  return (
    command?.args[3]?.toString().replace(/^higress-token-ratelimit:\{?r\}?:limit_by_(per_)?model:60:/, "") ??
    null
  );
}

describe.each(MODULES)("%s", (_name, file) => {
  /** Posts a body in pieces, and says which counter it is checked against. */
  async function post(
    text: string,
    { config = PER_MODEL as object, headers = {} as Headers, pieces = 1 } = {},
  ): Promise<{ host: StrictHost; stream: ReturnType<StrictHost["request"]>; model: string | null }> {
    const host = await start(file, config);
    const stream = host.request(2, ROOT, { ":path": "/v1/chat/completions", ...headers }, false);
    const bytes = Buffer.from(text);
    for (let i = 0; i < pieces; ++i) {
      const at = (n: number): number => Math.floor((n * bytes.length) / pieces);
      host.requestBody(2, bytes.subarray(at(i), at(i + 1)), i === pieces - 1);
    }
    return { host, stream, model: counterOf(host) };
  }

  it("holds the body until it is known, decides, and charges as any other rule", async () => {
    const host = await start(file, PER_MODEL);
    const stream = host.request(
      2,
      ROOT,
      { ":path": "/v1/chat/completions", "accept-encoding": "gzip" },
      false,
    );
    expect(stream.action).toBe(STOP_HEADERS);
    const text = body("GPT-4o");
    expect(host.requestBody(2, text.slice(0, 50))).toBe(WATERMARK);
    expect(host.pending).toEqual([]);
    expect(host.requestBody(2, text.slice(50), true)).toBe(BUFFER);
    expect(counterOf(host)).toBe("model:gpt-4o");
    host.reply(ROOT, counter(0));
    expect(stream.continued).toBe(1);
    expect(Buffer.from(stream.toServer).toString()).toBe(text);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(chargeOf(host.pending[0]!)).toMatchObject({
      tokens: 12,
      keys: ["higress-token-ratelimit:r:limit_by_per_model:60:model:gpt-4o"],
    });
    host.reply(ROOT, made(12));
    host.end(2);
    expect(host.pending).toEqual([]);
  });

  it("denies a call above the limit of its model", async () => {
    const { host, stream } = await post(body("gpt-4o"));
    host.reply(ROOT, counter(101));
    expect(stream.localResponse).toMatchObject({ code: 429 });
    expect(stream.continued).toBe(0);
  });

  it.each<[string, string]>([
    ["gpt-4o", body("gpt-4o")],
    ["gpt-4o", body("  GPT-4o\t")],
    ["gpt-4o", '{"model":"gpt\\u002d4o"}'],
    ["gpt-4o", '{"mod\\u0065l":"gpt-4o"}'],
    ["gpt-4o", '{"Model":"gpt-4o"}'],
    ["gpt-4o", '{"model":"gpt-4o","model":"GPT-4o"}'],
    ["gpt-4o", '{"input":{"model":"other"},"x":[{"model":"other"}],"model":"gpt-4o"}'],
    ["模型", body("模型")],
    // Not known, and so all in one.
    ["", body("")],
    ["", body(["gpt-4o"])],
    ["", body({ model: "gpt-4o" })],
    ["", body(null)],
    ["", body(4)],
    ["", body("x".repeat(300))],
    // Another one may answer, or several.
    ["", body("cheap, dear")],
    ["", body("cheap", { models: ["dear"] })],
    ["", body("cheap", { fallbacks: [{ model: "dear" }] })],
    ["", body("cheap", { context_window_fallbacks: [{ cheap: ["dear"] }] })],
    ["", body("cheap", { contentPolicyFallbacks: [{ cheap: ["dear"] }] })],
    ["", '["model","gpt-4o"]'],
    ["", '{"model":"gpt-4o"'],
    ["", '{"model":"gpt-4o"}{}'],
    ["", '{"model":"gpt-4o"} // the one'],
    ["", "{'model':'gpt-4o'}"],
    ["", '{"model":"gpt-4o","model":7}'],
    ["", "model=gpt-4o"],
    ["", "{}"],
    ["", ""],
  ])("counts %j for %s", async (model, text) => {
    for (const pieces of [1, 2, 7, Math.max(text.length, 1)])
      expect((await post(text, { pieces })).model).toBe(`model:${model}`);
  });

  it("refuses a body with two models", async () => {
    for (const text of [
      '{"model":"cheap","model":"dear"}',
      '{"MODEL":"cheap","model":"dear"}',
      '{"model":"cheap","model":"dear","model":"cheap"}',
    ]) {
      const { host, stream } = await post(text);
      expect(stream.localResponse).toMatchObject({
        code: 400,
        details: "ai-token-ratelimit.ambiguous",
        body: "Bad request: the model is given more than once, with different values",
      });
      expect(host.pending).toEqual([]);
      expect(metric(host, "ambiguous_requests")).toBe(1);
    }
  });

  it.each<[string, string]>([
    ["gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:generateContent"],
    ["gemini-2.5-pro", "/v1beta/models/Gemini-2.5-Pro:streamGenerateContent?alt=sse"],
    ["gemini-2.5-pro", "/v1beta//models/./gemini%2D2.5-pro%3AgenerateContent"],
    ["claude@1", "/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:rawPredict"],
    ["tuned", "/v1/projects/p/locations/l/endpoints/tuned:generateContent"],
    ["my-gpt", "/openai/deployments/my-gpt/chat/completions?api-version=1"],
    ["my-gpt", "/openai/deployments/my-gpt/extensions/chat/completions"],
    ["whisper", "/openai/deployments/whisper/audio/transcriptions"],
    ["openai/gpt-4o", "/openai/deployments/openai/gpt-4o/chat/completions"],
    ["openai/gpt-4o", "/engines/openai/GPT-4o/embeddings"],
    ["anthropic.claude-v2:0", "/model/anthropic.claude-v2%3A0/converse"],
    [
      "arn:aws:bedrock:x:1:inference-profile/us.m",
      "/model/arn:aws:bedrock:x:1:inference-profile%2Fus.m/invoke",
    ],
  ])("takes %s from the path %s, without holding the body", async (model, path) => {
    const host = await start(file, PER_MODEL);
    const stream = host.request(2, ROOT, { ":path": path }, false);
    expect(stream.action).not.toBe(STOP_HEADERS);
    expect(counterOf(host)).toBe(`model:${model}`);
    host.reply(ROOT, counter(0));
    expect(host.requestBody(2, body("other"), true)).toBe(CONTINUE);
  });

  it.each([
    "/v1/models/cheap:generateContent/../../chat/completions",
    "/v1/models/cheap:generateContent%3Fx",
    "/v1/x;a%2f/models/cheap:generateContent",
    "/engines/dear,cheap/chat/completions",
    "/models/org/dear",
    "/v2/models/dear/infer",
    "/client/v4/accounts/a/ai/run/@cf/org/dear",
    "/endpoints/dear/invocations",
    "/v1/projects/p/locations/l/endpoints/7/chat/completions",
  ])(
    "does not know the model of the path %s, which servers may read differently, or do not find in the body",
    async (path) => {
      const { model } = await post(body("cheap"), { headers: { ":path": path } });
      expect(model).toBe("model:");
    },
  );

  it("believes a header only if it is configured", async () => {
    const headers = { "x-higress-llm-model": "Cheap" };
    expect((await post(body("dear"), { headers })).model).toBe("model:dear");
    const config = { ...PER_MODEL, model_header: "X-Higress-LLM-Model" };
    const host = await start(file, config);
    host.request(2, ROOT, { ":path": "/v1/chat/completions", ...headers }, false);
    expect(counterOf(host)).toBe("model:cheap");
    // A filter in front appends its line to that of the client.
    const lines = { "x-higress-llm-model": ["invented", "real"] };
    host.request(4, ROOT, { ":path": "/v1/chat/completions", ...lines }, false);
    expect(host.pending[1]?.args[3]?.toString()).toMatch(/model:real$/);
    expect((await post(body("dear"), { config, headers: { "x-higress-llm-model": " " } })).model).toBe(
      "model:dear",
    );
  });

  it("takes the model of a WebSocket from the query", async () => {
    const host = await start(file, PER_MODEL);
    const upgrade = { connection: "upgrade", upgrade: "websocket" };
    host.request(2, ROOT, { ":method": "GET", ":path": "/v1/realtime?model=GPT-rt", ...upgrade }, true);
    expect(counterOf(host)).toBe("model:gpt-rt");
  });

  it("refuses a call that names different models in its query and its body, since servers differ in which they use", async () => {
    const at = (query: string): { headers: Headers } => ({
      headers: { ":path": `/v1/chat/completions?${query}` },
    });
    for (const query of ["model=dear", "m%6Fdel=dear", "model=cheap&model=dear"]) {
      const { host, stream } = await post(body("cheap"), at(query));
      expect(stream.localResponse).toMatchObject({ code: 400, details: "ai-token-ratelimit.ambiguous" });
      expect(host.pending).toEqual([]);
    }
    expect((await post(body("cheap"), at("model=Cheap"))).model).toBe("model:cheap");
    expect((await post(body("cheap"), at("model="))).model).toBe("model:cheap");
    expect((await post(body(null), at("model=cheap"))).model).toBe("model:");
    const openapi = { headers: { ":path": "/v1/projects/p/locations/l/endpoints/openapi/chat/completions" } };
    expect((await post(body("cheap"), openapi)).model).toBe("model:cheap");
  });

  it("counts a model that is not known as the first key's", async () => {
    const config = rules(rule("limit_by_model", "dear", "cheap"));
    expect((await post(body("cheap"), { config })).model).toBe("model:cheap");
    expect((await post(body("DEAR"), { config })).model).toBe("model:dear");
    expect((await post(body(null), { config })).model).toBe("model:dear");
    expect((await post(body("other"), { config })).model).toBeNull();
    const gzip = { "content-encoding": "gzip" };
    expect((await post(body("cheap"), { config, headers: gzip })).model).toBe("model:dear");
    const long = body("cheap", { x: "x".repeat(9 << 20) });
    expect((await post(long, { config, pieces: 20 })).model).toBe("model:dear");
    const announced = { "content-length": String(9 << 20) };
    const host = await start(file, config);
    host.request(2, ROOT, { ":path": "/v1/chat/completions", ...announced }, false);
    expect(counterOf(host)).toBe("model:dear");
  });

  it("refuses a call whose model is not known if the rule requires it", async () => {
    const config = rules({ ...rule("limit_by_model", "cheap"), on_missing: "reject" });
    const { stream } = await post(body(null), { config });
    expect(stream.localResponse).toMatchObject({
      code: 400,
      details: "ai-token-ratelimit.unidentified",
      body: "Bad request: the request does not say which model it is for",
    });
    expect((await post(body("other"), { config })).stream.localResponse).toBeNull();
  });

  it("lets a call go on that no rule limits, and holds no body that no rule has to see", async () => {
    const named = rules(
      { limit_by_header: "x-team", limit_keys: [{ key: "a", token_per_minute: 5 }] },
      rule("limit_by_model", "dear"),
    );
    const { host, stream } = await post(body("cheap"), { config: named });
    expect(stream.localResponse).toBeNull();
    expect(Buffer.from(stream.toServer).toString()).toBe(body("cheap"));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    host.end(2);
    expect(host.pending).toEqual([]);
    expect(host.logs.map((line) => line.text).join()).toContain("a request lacks what this rule looks at");

    const early = host.request(4, ROOT, { ":path": "/v1/chat/completions", "x-team": "a" }, false);
    expect(early.action).not.toBe(STOP_HEADERS);
    expect(host.pending).toHaveLength(1);
    host.reply(ROOT, counter(0));
    host.end(4);
    host.pending.length = 0;
    expect(host.request(6, ROOT, { ":path": "/v1/models", ":method": "GET" }, true).action).toBe(CONTINUE);
  });

  it("reserves by what the body says, and by the rule that its model has", async () => {
    const clamp = { mode: "clamp", default_output_tokens: 30 };
    const config = rules(
      { ...rule("limit_by_model", "dear"), reservation: clamp },
      rule("limit_by_per_model", "*"),
    );
    const dear = await post(body("dear", { max_tokens: 20 }), { config, pieces: 3 });
    expect(holdOf(dear.host.pending[0]!)).toMatchObject({ output: 20 });
    dear.host.reply(ROOT, held(10));
    expect(Buffer.from(dear.stream.toServer).toString()).toContain('"max_tokens":10');
    const other = await post(body("other", { max_tokens: 20 }), { config });
    expect(other.model).toBe("model:other");
    other.host.reply(ROOT, counter(0));
    expect(Buffer.from(other.stream.toServer).toString()).toContain('"max_tokens":20');
  });

  it("keeps the facts of each stream apart while bodies are read", async () => {
    const config = {
      ...rules(
        { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 100 }] },
        rule("limit_by_per_model", "*"),
      ),
      rule_mode: "all_match",
    };
    const host = await start(file, config);
    for (let id = 2; id < 60; id += 2)
      host.request(id, ROOT, { ":path": "/v1/chat/completions", "x-api-key": `k${id}` }, false);
    for (let id = 58; id >= 2; id -= 2) {
      host.requestBody(id, body(`m${id}`), true);
      const keys = host.pending[0]!.args.slice(3, 5).map(String);
      expect(keys).toEqual([
        `higress-token-ratelimit:{r}:limit_by_per_header:60:x-api-key:k${id}`,
        `higress-token-ratelimit:{r}:limit_by_per_model:60:model:m${id}`,
      ]);
      host.pending.length = 0;
      host.end(id);
    }
  });

  it("still refuses, when the body has been read, headers of which the host shows only some", async () => {
    const others = [
      { limit_by_per_cookie: "s", limit_keys: [{ key: "*", token_per_minute: 100 }] },
      {
        limit_by_per_ip: "from-header-x-real-ip",
        limit_keys: [{ key: "0.0.0.0/0", token_per_minute: 100 }],
      },
      { limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 100 }] },
    ];
    for (const other of others) {
      const config = { ...rules(rule("limit_by_per_model", "*"), other), rule_mode: "all_match" };
      const host = await start(file, config);
      host.encodeLines = (lines) => encodePairs(lines.slice(0, -1));
      const headers = { cookie: "s=1", "x-real-ip": "1.2.3.4", "x-api-key": "k", z: "1" };
      const stream = host.request(2, ROOT, { ":path": "/v1/chat/completions", ...headers }, false);
      host.requestBody(2, body("m"), true);
      expect(stream.localResponse).toMatchObject({ code: 400, body: "Bad request: too many headers" });
    }
  });

  it("takes no memory for a model that a body names again and again", async () => {
    const host = await start(file, PER_MODEL);
    const call = (id: number, names: string[]): void => {
      host.request(id, ROOT, { ":path": "/v1/chat/completions" }, false);
      host.requestBody(id, `{${names.map((name) => `"model":"${name}"`).join()}}`, true);
      if (host.pending.length > 0) host.reply(ROOT, counter(0));
      host.end(id);
      if (host.pending.length > 0) host.reply(ROOT, made(1));
    };
    const names = Array.from({ length: 60_000 }, (_, i) => (i % 2 > 0 ? "m " : "M"));
    call(2, ["m", "x".repeat(1 << 20)]);
    const before = host.memoryBytes;
    for (let id = 4; id < 20; id += 2) call(id, id % 4 > 0 ? names : ["other", ...names]);
    expect(host.memoryBytes - before).toBeLessThan(1 << 20);
  });

  it("keeps no memory of calls that end at any time", async () => {
    const host = await start(file, PER_MODEL);
    const round = (id: number): void => {
      host.request(id, ROOT, { ":path": `/v1/chat/completions?x=${"v".repeat(20_000)}` }, false);
      if (id % 3 > 0) host.requestBody(id, body("m", { x: "x".repeat(5000) }), id % 3 > 1);
      if (host.pending.length > 0) host.reply(ROOT, counter(0));
      host.end(id);
      if (host.pending.length > 0) host.reply(ROOT, made(1));
    };
    for (let id = 2; id < 400; ++id) round(id);
    const warm = host.memoryBytes;
    for (let id = 400; id < 3_000; ++id) round(id);
    expect(host.memoryBytes).toBe(warm);
  });
});
