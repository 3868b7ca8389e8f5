// Contract: no input from callers, administrators, Redis, the configuration or the host traps ai-quota, and whatever happens
// in one stream changes nothing in another. A trap would reject here as a WebAssembly.RuntimeError.
// FUZZ_SEED and FUZZ_RUNS: see fuzz.ts.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { array, made, ROOT, start, usageBody } from "../support/filter.ts";
import { fuzz, RUNS } from "../support/fuzz.ts";
import { mutate, splice } from "../support/mutations.ts";
import { balance, changed, QUOTA, QUOTA_MODULES } from "../support/quota.ts";
import { HIGRESS_IMPORTS, StrictHost } from "../support/strict-host.ts";
import { withNumber } from "../support/wire.ts";

const B = "/v1/chat/completions/quota";
const EVERYTHING = {
  ...QUOTA,
  redis_key_prefix: "chat_quota:",
  admin_path: "/quota",
  enable_path_suffixes: ["/v1/chat/completions", "/v1/messages"],
  self_service: true,
  consumer_header_trusted: true,
  on_missing: { create: 100 },
  deny_with: { status: 429, format: "openai" },
  hold_headers: true,
  token_weights: { input: 0.5, output: 3 },
  missing_usage: "estimate",
  strip_accept_encoding: true,
  upgrade: "count",
  reservation: { mode: "clamp", default_output_tokens: 64, max_body_bytes: 4096 },
  _rules_: [{ ...QUOTA, _match_domain_: ["*.a.com"], redis_key_prefix: "a:" }],
};

describe.each(QUOTA_MODULES)("%s", (_name, file) => {
  let host: StrictHost;
  let id = 2;
  beforeAll(async () => {
    host = await start(file, EVERYTHING);
  });

  /** What is never answered is kept for ever. */
  const answerAll = (): void => {
    while (host.pending.length > 0) host.reply(ROOT, made(7));
  };

  /** A call, a query and a change on `on`, each with this reply of Redis. */
  function playAll(on: StrictHost, reply: string | null): void {
    const answer = (): void => {
      while (on.pending.length > 0) on.reply(ROOT, reply);
    };
    on.request(++id, ROOT, { "x-mse-consumer": "ann" });
    answer();
    on.responseHeaders(id, { "content-type": "application/json" });
    on.responseBody(id, usageBody(3, 4), true);
    on.end(id);
    answer();
    on.request(++id, ROOT, { "x-mse-consumer": "admin", ":path": `${B}?consumer=ann` });
    answer();
    on.end(id);
    on.request(++id, ROOT, { "x-mse-consumer": "admin", ":path": `${B}/delta` }, false);
    on.requestBody(id, "consumer=ann&value=1", true);
    answer();
    on.end(id);
  }

  it("survives every status at every host call", async () => {
    for (const name of HIGRESS_IMPORTS) {
      for (const status of [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 255]) {
        const failing = await StrictHost.load(file);
        failing.clusters.add("outbound|6379||redis.dns");
        failing.intercept = (call) => (call === name ? status : undefined);
        failing.configure(ROOT, QUOTA);
        for (const reply of [balance(5), changed(5), null, "-NOAUTH no\r\n", "-NOSCRIPT no\r\n"])
          playAll(failing, reply);
        failing.intercept = () => undefined;
        failing.logs.length = 0;
        expect(failing.reconfigure(ROOT, QUOTA)).toBe(true);
        const stream = failing.request(++id, ROOT, { "x-mse-consumer": "ann" });
        failing.reply(ROOT, balance(5));
        expect(stream.continued).toBe(1);
        expect(failing.lines(4)).toEqual([]);
      }
    }
  });

  it("survives any configuration", () => {
    const mutated = fc
      .tuple(
        fc.nat(),
        fc.oneof(fc.jsonValue(), fc.constantFrom("", "*", "/", "/..", "/%", -1, 0, 1e300, null, [], {})),
      )
      .map(([at, value]) => mutate(structuredClone(EVERYTHING), at, value));
    const texts = fc.oneof(
      mutated.map((value) => JSON.stringify(value)),
      fc.tuple(fc.nat(), fc.string()).map(([at, text]) => splice(JSON.stringify(EVERYTHING), at, text)),
    );
    const property = fc.property(texts, (text) => {
      if (!host.configure(1000, Buffer.from(text))) expect(host.lines(4).length).toBeGreaterThan(0);
      host.guest.proxy_on_delete(1000);
      host.logs.length = 0;
    });
    fc.assert(property, fuzz(Math.ceil(RUNS / 2)));
  });

  const odd = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text)),
    fc
      .constantFrom("admin", "ann", "", " ", "\0", "a\r\nb", "a:b", "{a}b", "}{", "é".repeat(3000), "\uffff")
      .map((text) => Buffer.from(text)),
  );
  const piece = fc
    .constantFrom("/", "v1", "chat", "completions", "messages", "quota", "refresh", "delta", "..", ".", "%2f")
    .chain((part) => fc.constantFrom(part, `/${part}`, `/${part};x`, `\\${part}`, `/${part}%00`));
  const path = fc.oneof(
    odd,
    fc
      .tuple(fc.array(piece, { maxLength: 8 }), fc.constantFrom("", "?consumer=ann", "?consumer", "?;&=%"))
      .map(([parts, query]) => Buffer.from(parts.join("") + query)),
    fc.constantFrom(`${B}?consumer=ann`, `${B}/refresh`, `${B}/delta`).map((text) => Buffer.from(text)),
  );
  const form = fc.oneof(
    odd,
    fc
      .stringMatching(/^((consumer|quota|value|%[0-9a-f]{0,2}|[&;=#+-]|[0-9]{1,20}))*$/)
      .map((text) => Buffer.from(text)),
    fc.constantFrom("consumer=ann&quota=5", "consumer=ann&value=-5").map((text) => Buffer.from(text)),
    fc.nat({ max: 20_000 }).map((size) => Buffer.alloc(size, "consumer=ann&value=1&")),
  );

  it("survives any request, and answers each in one way at most", () => {
    const property = fc.property(
      fc.array(odd, { maxLength: 3 }),
      path,
      fc.array(form, { maxLength: 3 }),
      fc.constantFrom("POST", "GET", "HEAD", "OPTIONS", "CONNECT"),
      fc.nat({ max: 31 }),
      (consumers, target, chunks, method, bits) => {
        const [hasBody, isUpgrade, hasTrailers, isCut] = [2, 4, 8, 16].map((bit) => (bits & bit) !== 0);
        const headers = {
          // One route reserves tokens, the other does not.
          ":authority": bits % 2 === 0 ? "example.com" : "x.a.com",
          ":method": method,
          ":path": target,
          ...(consumers.length > 0 ? { "x-mse-consumer": consumers } : {}),
          ...(isUpgrade ? { upgrade: "websocket" } : {}),
        };
        const stream = host.request(++id, ROOT, headers, !hasBody);
        if (hasBody)
          for (const chunk of chunks) if (stream.localResponse === null) host.requestBody(id, chunk);
        if (hasBody && stream.localResponse === null) {
          if (hasTrailers) host.requestTrailers(id);
          else host.requestBody(id, "", true);
        }
        if (isCut) host.end(id);
        for (const command of [...host.pending]) {
          const isChange = /^(get|set|add)$/.test(String(command.args[4]));
          host.reply(ROOT, isChange ? changed(5) : balance(5), command);
        }
        expect(stream.continued + (stream.localResponse ? 1 : 0)).toBeLessThanOrEqual(1);
        if (!isCut) host.end(id);
        answerAll();
      },
    );
    fc.assert(property, fuzz());
  });

  it("survives any reply of Redis, and answers each request once", () => {
    const resp = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc
        .stringMatching(/^([*$:+\-%_,](-?\d{0,20}|[A-Z]{0,9})(\r\n|\r|\n)?){0,12}$/)
        .map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(), fc.string()).map(([at, text]) => Buffer.from(splice(array("12", -1), at, text))),
      fc
        .constantFrom(
          "*1\r\n".repeat(5000),
          "*1000000000\r\n",
          "$-2\r\n",
          "*0\r\n",
          `-${"E".repeat(100_000)}\r\n`,
        )
        .map((text) => Buffer.from(text)),
    );
    const kind = fc.constantFrom<Record<string, string>>(
      { "x-mse-consumer": "ann" },
      { "x-mse-consumer": "ann", ":path": B },
      { "x-mse-consumer": "admin", ":path": `${B}?consumer=ann` },
      { "x-mse-consumer": "admin", ":path": `${B}/refresh` },
      { "x-mse-consumer": "admin", ":path": `${B}/delta` },
    );
    const property = fc.property(
      kind,
      resp,
      fc.nat({ max: 3 }),
      fc.boolean(),
      (headers, bytes, status, isNumbered) => {
        const isChange = headers[":path"]?.startsWith(`${B}/`) ?? false;
        const stream = host.request(++id, ROOT, headers, !isChange);
        if (isChange) host.requestBody(id, "consumer=ann&quota=1&value=1", true);
        const command = host.pending.pop()!;
        const number = String(command.args.at(-1));
        const reply = isNumbered
          ? Buffer.from(withNumber(bytes.toString("latin1"), number), "latin1")
          : bytes;
        host.deliver(ROOT, command.token, status, reply);
        for (const again of host.pending.splice(0)) host.deliver(ROOT, again.token, 1, null);
        expect(stream.continued + (stream.localResponse ? 1 : 0)).toBe(1);
        host.end(id);
        answerAll();
      },
    );
    fc.assert(property, fuzz());
  });

  it("still works after all that, in bounded memory", () => {
    expect(host.memoryBytes).toBeLessThan(8 << 20);
    host.logs.length = 0;
    const stream = host.request(++id, ROOT, { "x-mse-consumer": "ann" });
    host.reply(ROOT, null);
    expect(stream.localResponse?.code).toBe(429);
  });

  it("keeps nothing of queries and changes, however many there are", async () => {
    const fresh = await start(file, { ...QUOTA, self_service: true });
    const burst = (from: number, count: number): void => {
      for (let i = from; i < from + count; ++i) {
        fresh.request(2 * i, ROOT, { "x-mse-consumer": `ann-${i % 10}`, ":path": B });
        fresh.reply(ROOT, changed(5));
        fresh.end(2 * i);
        fresh.request(2 * i + 1, ROOT, { "x-mse-consumer": "admin", ":path": `${B}/delta` }, false);
        fresh.requestBody(2 * i + 1, `consumer=ann&value=1&x=${"y".repeat(7_000)}`, true);
        fresh.reply(ROOT, changed(5));
        fresh.end(2 * i + 1);
      }
    };
    burst(1, 1_000);
    const warm = fresh.memoryBytes;
    burst(1_001, 10_000);
    expect(fresh.memoryBytes).toBe(warm);
    expect(warm).toBeLessThan(2 << 20);
  });
});
