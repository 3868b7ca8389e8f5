// Contract: a consumer's balance is read before a call is let through, and pays for what the call has consumed.
// Specified in reference behaviour of the published ai-quota: keys, values, status, details and texts.
import { describe, expect, it } from "vitest";
import {
  chargeOf,
  CONTINUE,
  made,
  MADE_BEFORE,
  PAUSE,
  REDIS,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { balance, QUOTA, QUOTA_MODULES } from "../support/quota.ts";
import { held } from "../support/hold-commands.ts";
import type { StrictHost } from "../support/strict-host.ts";

const ANN = { "x-mse-consumer": "ann" };
const DENIED = {
  code: 403,
  details: "ai-quota.noquota",
  body: "Request denied by ai quota check, No quota left",
  headers: [
    ["content-type", "text/plain"],
    ["x-should-retry", "false"],
  ],
  grpcStatus: -1,
};
const metric = (host: StrictHost, name: string): number => Number(host.metrics.get(`ai_quota.${name}`) ?? 0n);

/** The keys of the command that waits, and its arguments but for the number at the end. */
function asked(host: StrictHost): { keys: string[]; values: string[] } {
  const [, , count, ...rest] = host.pending[0]!.args.map(String);
  return { keys: rest.slice(0, Number(count)), values: rest.slice(Number(count), -1) };
}

describe.each(QUOTA_MODULES)("%s", (_name, file) => {
  it("reads the consumer's balance under the published key, and pauses the request until the reply", async () => {
    const host = await start(file, QUOTA);
    const stream = host.request(2, ROOT, ANN);
    expect(stream.action).toBe(PAUSE);
    expect(asked(host)).toEqual({ keys: ["chat_quota:ann"], values: ["0"] });
    host.reply(ROOT, balance(1));
    expect(stream.continued).toBe(1);
    expect(host.properties.get("clear_route_cache")).toBe("off");
  });

  it.each([
    ["nothing is left", balance(0), "spent"],
    ["more was spent than there was", balance(-5), "spent"],
    ["there is no balance", balance(null), "missing"],
    ["the balance is no number", balance("many"), "spent"],
    ["Redis answers with an error", "-ERR broken\r\n", "unknown"],
    ["Redis cannot be reached", null, "unknown"],
    ["Redis answers something else", ":1\r\n", "unknown"],
  ])("denies a call as published when %s", async (_when, reply, cause) => {
    const host = await start(file, QUOTA);
    const stream = host.request(2, ROOT, ANN);
    host.reply(ROOT, reply);
    expect(stream.localResponse).toEqual(DENIED);
    expect(metric(host, `denied_requests.${cause}`)).toBe(1);
    host.responseHeaders(2, { ":status": "403" });
    host.responseBody(2, usageBody(5, 5), true);
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it("denies a call at once when the cluster of Redis is not known", async () => {
    const host = await start(file, QUOTA);
    host.clusters.clear();
    expect(host.request(2, ROOT, ANN).localResponse).toEqual(DENIED);
  });

  it("takes what a call has consumed from the balance, once, and gives the balance no expiry", async () => {
    const host = await start(file, QUOTA);
    host.request(2, ROOT, ANN);
    host.reply(ROOT, balance(100));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    expect(chargeOf(host.pending[0]!)).toMatchObject({ keys: ["chat_quota:ann"], tokens: -12, windows: [0] });
    host.reply(ROOT, made(88));
    host.end(2);
    expect(host.pending).toHaveLength(0);
    expect(metric(host, "charged_tokens")).toBe(12);
  });

  it("repeats a charge whose reply was lost under the same marker", async () => {
    const host = await start(file, QUOTA);
    host.request(2, ROOT, ANN);
    host.reply(ROOT, balance(100));
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(8, 4), true);
    const first = chargeOf(host.pending[0]!);
    host.reply(ROOT, null);
    host.pass(ROOT, 1_500);
    expect(chargeOf(host.pending[0]!)).toEqual(first);
    host.reply(ROOT, MADE_BEFORE);
    expect(metric(host, "charged_tokens")).toBe(12);
    expect(metric(host, "lost_tokens")).toBe(0);
  });

  it("begins a missing balance with what on_missing says", async () => {
    const host = await start(file, { ...QUOTA, on_missing: { create: 500 } });
    host.request(2, ROOT, ANN);
    expect(asked(host).values).toEqual(["500"]);
  });

  it.each([
    ["openai", { error: { type: "insufficient_quota", code: "insufficient_quota", param: null } }],
    ["anthropic", { type: "error", error: { type: "rate_limit_error" } }],
  ])("denies in the form of %s with the configured status", async (format, body) => {
    const host = await start(file, { ...QUOTA, deny_with: { status: 429, format } });
    const stream = host.request(2, ROOT, ANN);
    host.reply(ROOT, balance(0));
    expect(stream.localResponse!.code).toBe(429);
    expect(stream.localResponse!.headers).toContainEqual(["content-type", "application/json"]);
    expect(JSON.parse(stream.localResponse!.body)).toMatchObject(body);
  });

  it("takes the last line of the consumer's header, which key-auth adds, and never the client's", async () => {
    const host = await start(file, QUOTA);
    host.request(2, ROOT, { "x-mse-consumer": ["rich", "ann"] });
    expect(asked(host).keys).toEqual(["chat_quota:ann"]);
  });

  it("believes no consumer when consumer_header_trusted is false", async () => {
    const host = await start(file, { ...QUOTA, consumer_header_trusted: false });
    const stream = host.request(2, ROOT, ANN);
    expect(stream.localResponse).toMatchObject({ code: 401, details: "ai-quota.no_key" });
    host.pass(ROOT, 500);
    expect(host.metrics.get("ai_quota.refused_unidentified_requests")).toBe(1n);
    expect(Object.keys(stream.request!)).not.toContain("x-mse-consumer");
    expect(host.pending).toHaveLength(0);
  });

  it.each([
    ["has none", {}, 401, "ai-quota.no_key", "No Key Authentication information found."],
    ["is empty", { "x-mse-consumer": "" }, 403, "ai-quota.unauthorized", "Unauthorized consumer."],
    ["is blank", { "x-mse-consumer": " \t" }, 403, "ai-quota.unauthorized", "Unauthorized consumer."],
  ])("refuses a request whose consumer %s on every path", async (_what, headers, code, details, text) => {
    const host = await start(file, QUOTA);
    for (const [index, path] of ["/v1/chat/completions", "/health", "/v1/chat/completions/quota"].entries()) {
      const stream = host.request(2 + index, ROOT, { ":path": path, ...headers });
      expect(stream.localResponse).toMatchObject({
        code,
        details,
        body: `Request denied by ai quota check. ${text}`,
      });
    }
    expect(host.pending).toHaveLength(0);
  });

  it("neither checks nor charges a request that consumes nothing", async () => {
    const host = await start(file, QUOTA);
    const models = host.request(2, ROOT, { ...ANN, ":method": "GET", ":path": "/v1/models" });
    expect(models.action).toBe(CONTINUE);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, '{"object":"list","data":[]}', true);
    host.end(2);
    expect(host.pending).toHaveLength(0);
  });

  it.each(["/v1/batches", "/v1/messages/batches"])(
    "lets nobody create a batch at %s without a balance, and charges nothing for creating one",
    async (path) => {
      const host = await start(file, QUOTA);
      const create = (id: number, tokens: number) => {
        const stream = host.request(id, ROOT, { ...ANN, ":path": path }, false);
        host.reply(ROOT, balance(tokens));
        return stream;
      };
      expect(create(2, 0).localResponse).toEqual(DENIED);
      expect(create(4, 1).continued).toBe(1);
      host.requestBody(4, `{"requests":[{"params":{"messages":"${"lorem ipsum ".repeat(50)}"}}]}`, true);
      host.responseHeaders(4, { "content-type": "application/json" });
      host.responseBody(4, '{"id":"batch_1","status":"validating"}', true);
      host.end(4);
      expect(host.pending).toHaveLength(0);
    },
  );

  it("asks before it lets a call pass whose body is held and ends with trailers", async () => {
    const host = await start(file, { ...QUOTA, reservation: { mode: "estimate" } });
    const stream = host.request(2, ROOT, ANN, false);
    host.requestBody(2, '{"messages":[]}');
    expect(host.requestTrailers(2)).not.toBe(CONTINUE);
    expect(host.pending).toHaveLength(1);
    host.reply(ROOT, null);
    expect(stream.localResponse).toEqual(DENIED);
  });

  it("counts a call that has no room as one without balance, not as one that Redis could not be asked about", async () => {
    const host = await start(file, { ...QUOTA, reservation: { mode: "estimate" } });
    const stream = host.request(2, ROOT, ANN, false);
    host.requestBody(2, '{"messages":[]}', true);
    host.reply(ROOT, held(-1, 1_000_000));
    expect(stream.localResponse).toEqual(DENIED);
    expect(metric(host, "denied_requests.spent")).toBe(1);
    expect(metric(host, "denied_requests.unknown")).toBe(0);
  });

  it("only looks for a balance before it lets somebody create a batch, even if calls reserve tokens", async () => {
    const host = await start(file, { ...QUOTA, reservation: { mode: "estimate" } });
    const stream = host.request(2, ROOT, { ...ANN, ":path": "/v1/batches" }, false);
    expect(asked(host)).toEqual({ keys: ["chat_quota:ann"], values: ["0"] });
    host.reply(ROOT, balance(1));
    expect(stream.continued).toBe(1);
  });

  it("counts a WebSocket, and closes it once the balance is spent", async () => {
    const host = await start(file, { ...QUOTA, redis: REDIS });
    host.request(2, ROOT, { ...ANN, ":method": "GET", ":path": "/v1/realtime", upgrade: "websocket" });
    host.reply(ROOT, balance(1));
    host.responseHeaders(2, { ":status": "101", upgrade: "websocket" });
    const report = JSON.stringify({
      type: "response.done",
      response: { id: "r", usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } },
    });
    const frame = Buffer.concat([
      Buffer.from([0x81, 126, report.length >> 8, report.length & 255]),
      Buffer.from(report),
    ]);
    host.responseBody(2, frame);
    expect(chargeOf(host.pending[0]!).tokens).toBe(-7);
    host.reply(ROOT, made(-6));
    const stream = host.streams.get(2)!;
    host.responseBody(2, frame);
    expect(Buffer.from(stream.toClient).toString("latin1")).toContain("quota exceeded");
  });

  it.each(["/v1/models", "/v1/chat/completions"])(
    "shows the secret of `debug` to no upstream, whatever the path %s is for",
    async (path) => {
      const host = await start(file, { ...QUOTA, debug: { header: "x-why", secret: "0123456789abcdef" } });
      const headers = { "x-mse-consumer": "ann", "x-why": "0123456789abcdef", ":path": path };
      const method = path === "/v1/models" ? "GET" : "POST";
      const { request } = host.request(2, ROOT, { ...headers, ":method": method });
      expect(request).not.toHaveProperty("x-why");
    },
  );
});
