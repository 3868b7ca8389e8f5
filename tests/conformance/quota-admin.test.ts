// Contract: who may read and change balances, by which requests, and how they are answered.
// Specified in reference behaviour of the published ai-quota, 7.2 to 7.4; better: balances after changes, self-service.
import { describe, expect, it } from "vitest";
import { PAUSE, ROOT, start } from "../support/filter.ts";
import { changed, QUOTA, QUOTA_MODULES } from "../support/quota.ts";
import type { StrictHost } from "../support/strict-host.ts";

const B = "/v1/chat/completions/quota";
const ADMIN = { "x-mse-consumer": "admin" };
const STOP_HEADERS = 1;
const HOLD_BODY = 2;
const denied = (why: string): string => `Request denied by ai quota check. ${why}`;
const BAD_REFRESH = denied("consumer can't be empty and quota must be integer.");
const BAD_DELTA = denied("consumer can't be empty and value must be integer.");

/** What the command that waits does: the key, the verb and the amount. */
function asked(host: StrictHost): string[] {
  const [, , count, ...rest] = host.pending[0]!.args.map(String);
  expect(count).toBe("1");
  return rest.slice(0, -1);
}

describe.each(QUOTA_MODULES)("%s", (_name, file) => {
  const get = (host: StrictHost, path: string, consumer = "admin", id = 2) =>
    host.request(id, ROOT, { ":method": "GET", ":path": path, "x-mse-consumer": consumer });

  /** A form that the administrator posts, in these pieces. */
  function post(host: StrictHost, path: string, ...pieces: string[]) {
    const stream = host.request(2, ROOT, { ...ADMIN, ":path": path }, false);
    expect(stream.action).toBe(STOP_HEADERS);
    pieces.forEach((piece, i) => {
      expect(host.requestBody(2, piece, i === pieces.length - 1)).toBe(HOLD_BODY);
    });
    return stream;
  }

  it("answers a query with the balance", async () => {
    const host = await start(file, QUOTA);
    const stream = get(host, `${B}?consumer=ann`);
    expect(stream.action).toBe(PAUSE);
    expect(asked(host)).toEqual(["chat_quota:ann", "get", "0"]);
    host.reply(ROOT, changed(42));
    expect(stream.localResponse).toEqual({
      code: 200,
      details: "ai-quota.queryquota",
      body: '{"consumer":"ann","quota":42}',
      headers: [["content-type", "application/json"]],
      grpcStatus: -1,
    });
    host.end(2);
  });

  it.each([
    ["0 for a balance that does not exist", "ann", null, '{"consumer":"ann","quota":0}'],
    ["a balance below zero", "ann", -7, '{"consumer":"ann","quota":-7}'],
    [
      "a balance that no double holds",
      "ann",
      "9007199254740993",
      '{"consumer":"ann","quota":9007199254740993}',
    ],
    ["a name as Go writes it in JSON", "a%22%3C%26", 1, String.raw`{"consumer":"a\"\u003c\u0026","quota":1}`],
  ])("answers a query with %s", async (_what, name, tokens, body) => {
    const host = await start(file, QUOTA);
    const stream = get(host, `${B}?consumer=${name}`);
    host.reply(ROOT, changed(tokens));
    expect(stream.localResponse!.body).toBe(body);
  });

  it.each([
    ["refresh", "consumer=ann&quota=100", ["set", "100"], "refresh quota successful", "refreshquota", 100],
    ["refresh", "consumer=ann&quota=-3", ["set", "-3"], "refresh quota successful", "refreshquota", -3],
    ["refresh", "quota=%2B5&consumer=ann", ["set", "5"], "refresh quota successful", "refreshquota", 5],
    ["delta", "consumer=ann&value=10", ["add", "10"], "delta quota successful", "deltaquota", 110],
    ["delta", "consumer=ann&value=-10", ["add", "-10"], "delta quota successful", "deltaquota", 90],
  ])(
    "%s with %s changes the balance, and answers what it is then",
    async (verb, form, command, text, details, after) => {
      const host = await start(file, QUOTA);
      const stream = post(host, `${B}/${verb}`, form);
      expect(asked(host)).toEqual(["chat_quota:ann", ...command]);
      host.reply(ROOT, changed(after));
      expect(stream.localResponse).toEqual({
        code: 200,
        details: `ai-quota.${details}`,
        body: text,
        headers: [
          ["content-type", "text/plain"],
          ["x-quota-balance", String(after)],
        ],
        grpcStatus: -1,
      });
      host.end(2);
    },
  );

  it("reads a form that comes in pieces, and one that ends with trailers", async () => {
    const host = await start(file, QUOTA);
    post(host, `${B}/refresh`, "consumer=a", "nn&quo", "ta=7", "");
    expect(asked(host)).toEqual(["chat_quota:ann", "set", "7"]);
    host.reply(ROOT, changed(7));
    host.end(2);

    host.request(4, ROOT, { ...ADMIN, ":path": `${B}/refresh` }, false);
    host.requestBody(4, "consumer=bob&quota=8");
    expect(host.pending).toHaveLength(0);
    host.requestTrailers(4);
    expect(asked(host)).toEqual(["chat_quota:bob", "set", "8"]);
  });

  it.each([
    ["refresh", "", BAD_REFRESH],
    ["refresh", "consumer=ann", BAD_REFRESH],
    ["refresh", "quota=5", BAD_REFRESH],
    ["refresh", "consumer=&quota=5", BAD_REFRESH],
    ["refresh", "consumer=ann&quota=1.5", BAD_REFRESH],
    ["refresh", "consumer=ann&quota=%2B-5", BAD_REFRESH],
    ["refresh", "consumer=ann&quota=9223372036854775808", BAD_REFRESH],
    ["refresh", "consumer=ann&consumer=bob&quota=5", BAD_REFRESH],
    ["refresh", `consumer=ann&quota=5&x=${"y".repeat(9_000)}`, BAD_REFRESH],
    ["delta", "consumer=ann&quota=5", BAD_DELTA],
    ["delta", "consumer=ann&value=five", BAD_DELTA],
  ])("refuses to %s with %j", async (verb, form, body) => {
    const host = await start(file, QUOTA);
    const stream = post(host, `${B}/${verb}`, form);
    expect(stream.localResponse).toMatchObject({ code: 403, details: "ai-quota.unauthorized", body });
    expect(host.pending).toHaveLength(0);
  });

  it("refuses a form that is too long before it ends, and takes no more of it", async () => {
    const host = await start(file, QUOTA);
    const stream = host.request(2, ROOT, { ...ADMIN, ":path": `${B}/refresh` }, false);
    host.requestBody(2, `consumer=ann&quota=5&x=${"y".repeat(8_000)}`);
    expect(stream.localResponse).toBeNull();
    host.requestBody(2, "y".repeat(1_000));
    expect(stream.localResponse).toMatchObject({ code: 403, body: BAD_REFRESH });
    expect(host.pending).toHaveLength(0);
    host.end(2);
  });

  it("refuses a change without a body, and a query without a consumer", async () => {
    const host = await start(file, QUOTA);
    expect(host.request(2, ROOT, { ...ADMIN, ":path": `${B}/refresh` }).localResponse!.body).toBe(
      BAD_REFRESH,
    );
    expect(get(host, B, "admin", 4).localResponse!.body).toBe(denied("consumer can't be empty."));
  });

  it.each(["", "/refresh", "/delta"])(
    "lets only the administrator call …/quota%s, before its body is read",
    async (path) => {
      const host = await start(file, QUOTA);
      const stream = host.request(
        2,
        ROOT,
        { "x-mse-consumer": "ann", ":path": `${B}${path}?consumer=ann` },
        false,
      );
      expect(stream.localResponse).toMatchObject({
        code: 403,
        details: "ai-quota.unauthorized",
        body: denied("Unauthorized admin consumer."),
      });
      expect(host.metrics.get("ai_quota.admin_refusals")).toBe(1n);
      expect(host.pending).toHaveLength(0);
    },
  );

  it("tells consumers their own balance with self_service, and nobody else's", async () => {
    const host = await start(file, { ...QUOTA, self_service: true });
    for (const [id, path] of [
      [2, B],
      [4, `${B}?consumer=ann`],
    ] as const) {
      const own = get(host, path, "ann", id);
      expect(asked(host)).toEqual(["chat_quota:ann", "get", "0"]);
      host.reply(ROOT, changed(3));
      expect(own.localResponse!.body).toBe('{"consumer":"ann","quota":3}');
    }
    expect(get(host, `${B}?consumer=bob`, "ann", 6).localResponse!.code).toBe(403);
    const change = host.request(8, ROOT, { "x-mse-consumer": "ann", ":path": `${B}/delta` }, false);
    expect(change.localResponse!.code).toBe(403);
  });

  it("repeats what Redis says, and names other failures", async () => {
    const host = await start(file, QUOTA);
    const wrong = get(host, `${B}?consumer=ann`);
    host.reply(ROOT, "-WRONGTYPE not a string\r\n");
    expect(wrong.localResponse).toMatchObject({
      code: 503,
      details: "ai-quota.error",
      body: "redis error:WRONGTYPE not a string",
    });
    const lost = get(host, `${B}?consumer=ann`, "admin", 4);
    host.reply(ROOT, null);
    expect(lost.localResponse).toMatchObject({ code: 503, body: "redis error:network" });
    const text = get(host, `${B}?consumer=ann`, "admin", 6);
    host.reply(ROOT, changed("many"));
    expect(text.localResponse!.body).toBe("redis error:the balance is not an integer");
  });

  it("answers nobody when the administrator has left before Redis answers", async () => {
    const host = await start(file, QUOTA);
    get(host, `${B}?consumer=ann`);
    host.end(2);
    const next = get(host, `${B}?consumer=bob`, "admin", 4);
    host.reply(ROOT, changed(1));
    expect(next.localResponse).toBeNull();
    host.reply(ROOT, changed(2));
    expect(next.localResponse!.body).toBe('{"consumer":"bob","quota":2}');
  });

  it("has its own path and prefix, if configured", async () => {
    const host = await start(file, { ...QUOTA, admin_path: "/Balance", redis_key_prefix: "q:" });
    get(host, "/v1/chat/completions/balance?consumer=ann");
    expect(asked(host)).toEqual(["q:ann", "get", "0"]);
  });
});
