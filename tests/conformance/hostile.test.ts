// Contract: no input from the network, Redis, the configuration or the host traps the VM, because a trap ends every
// stream of a worker. A trap would reject here as a WebAssembly.RuntimeError. FUZZ_SEED and FUZZ_RUNS: see fuzz.ts.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { fuzz, RUNS } from "../support/fuzz.ts";
import {
  array,
  counter,
  made,
  MODULES,
  PER_KEY,
  play,
  REDIS,
  ROOT,
  start,
  usageBody,
} from "../support/filter.ts";
import { mutate, splice } from "../support/mutations.ts";
import { HIGRESS_IMPORTS, StrictHost } from "../support/strict-host.ts";
import { withNumber } from "../support/wire.ts";

const limits = { token_per_second: 5, token_per_minute: 100, token_per_hour: 1000, token_per_day: 10_000 };
/** Every kind of rule, both modes' features, an override. */
const EVERYTHING = {
  rule_name: "every",
  rule_mode: "all_match",
  global_threshold: limits,
  rule_items: [
    { limit_by_header: "x-key", limit_keys: [{ key: 102234, ...limits }] },
    { limit_by_param: "apikey", limit_keys: [{ key: "a", ...limits }] },
    { limit_by_consumer: "", limit_keys: [{ key: "c", ...limits }] },
    { limit_by_cookie: "k", limit_keys: [{ key: "v", ...limits }] },
    {
      limit_by_per_header: "x-key",
      limit_keys: [
        { key: "regexp:^(a+)+$", ...limits },
        { key: "*", ...limits },
      ],
    },
    {
      limit_by_per_param: "apikey",
      limit_keys: [
        { key: "regexp:(?i)x[^y]*z", ...limits },
        { key: "*", ...limits },
      ],
    },
    { limit_by_per_consumer: "", limit_keys: [{ key: "regexp:\\d+\\b", ...limits }] },
    { limit_by_per_cookie: "k", limit_keys: [{ key: "*", ...limits }] },
    {
      limit_by_per_ip: "from-header-x-forwarded-for",
      limit_keys: [
        { key: "10.0.0.0/8", ...limits },
        { key: "::/0", ...limits },
      ],
    },
    { limit_by_per_ip: "from-remote-addr", limit_keys: [{ key: "0.0.0.0/0", ...limits }] },
  ],
  rejected_code: 200,
  rejected_msg: '{"code":-1}',
  usage_path: "/usage",
  redis: REDIS,
  _rules_: [{ ...PER_KEY, _match_domain_: ["*.a.com", "b.*"] }],
};

describe.each(MODULES)("%s", (_name, file) => {
  let host: StrictHost;
  let id = 2;
  beforeAll(async () => {
    host = await start(file, EVERYTHING);
  });

  /** What is never answered is kept for ever. */
  const answerAll = (): void => {
    while (host.pending.length > 0) host.reply(ROOT, made(7));
  };

  it("survives every status at every host call", async () => {
    for (const name of HIGRESS_IMPORTS) {
      for (const status of [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 255]) {
        const failing = await StrictHost.load(file);
        failing.clusters.add("outbound|6379||redis.dns");
        failing.intercept = (call) => (call === name ? status : undefined);
        failing.configure(ROOT, { ...PER_KEY, usage_path: "/usage" });
        for (const reply of [counter(101), counter(0), null, "-NOAUTH no\r\n", "-NOSCRIPT no\r\n"]) {
          const stream = ++id;
          failing.request(stream, ROOT, { "x-api-key": "alice" });
          if (failing.pending.length > 0) failing.reply(ROOT, reply);
          failing.responseHeaders(stream, { "content-type": "application/json" });
          failing.responseBody(stream, usageBody(3, 4), true);
          failing.end(stream);
          while (failing.pending.length > 0) failing.reply(ROOT, reply);
          failing.request(++id, ROOT, { ":method": "GET", ":path": "/usage", "x-api-key": "alice" });
          if (failing.pending.length > 0) failing.reply(ROOT, reply);
          failing.end(id);
        }
        failing.intercept = () => undefined;
        failing.logs.length = 0;
        expect(failing.reconfigure(ROOT, PER_KEY)).toBe(true);
        play(failing, ++id, "alice");
        expect(failing.lines(4)).toEqual([]);
      }
    }
  });

  it("survives any configuration", () => {
    const mutated = fc
      .tuple(
        fc.nat(),
        fc.oneof(fc.jsonValue(), fc.constantFrom("", "*", "regexp:(", -1, 0, 1e300, null, [], {})),
      )
      .map(([at, value]) => mutate(structuredClone(EVERYTHING), at, value));
    const texts = fc.oneof(
      mutated.map((value) => JSON.stringify(value)),
      fc.json(),
      fc.tuple(fc.nat(), fc.string()).map(([at, text]) => splice(JSON.stringify(EVERYTHING), at, text)),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          texts.map((text) => Buffer.from(text)),
          fc.uint8Array(),
        ),
        (text) => {
          if (!host.configure(1000, text)) expect(host.lines(4).length).toBeGreaterThan(0);
          host.guest.proxy_on_delete(1000);
          host.logs.length = 0;
        },
      ),
      fuzz(Math.ceil(RUNS / 2)),
    );
  });

  it("survives any request", () => {
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text)),
      fc.constantFrom(
        "]",
        "[::1]:80",
        "1.2.3.4:5",
        "::ffff:1.2.3.4",
        "k",
        "k=",
        "=",
        ";",
        ",",
        " ",
        "%",
        "102234",
        "a".repeat(3000),
      ),
    );
    const header = fc.constantFrom(":authority", "x-key", "cookie", "x-forwarded-for", "x-mse-consumer");
    const method = fc.constantFrom("POST", "GET");
    const path = fc.oneof(
      value,
      fc.constantFrom("/usage", "/%75sage?apikey=a", "/a/..//usage/").map((text) => Buffer.from(text)),
      fc
        .stringMatching(/^\/[a-z]{0,3}\?(apikey|k|%[0-9a-z]{0,2}|[=&;+%#[\]])*$/)
        .map((text) => Buffer.from(text)),
    );
    const property = fc.oneof(fc.string(), fc.constantFrom("1.2.3.4:80", "[::1]:9", "x|y|z|w"));
    fc.assert(
      fc.property(
        fc.dictionary(header, value),
        method,
        path,
        property,
        fc.boolean(),
        (headers, verb, target, address, over) => {
          host.properties
            .set("source.address", address)
            .set("route_name", address)
            .set("cluster_name", address);
          host.properties.set("ai_log", address);
          host.request(++id, ROOT, { ...headers, ":method": verb, ":path": target });
          for (const command of [...host.pending]) {
            const counters = Number(command.args[2]);
            host.reply(
              ROOT,
              array(...Array.from({ length: 2 * counters }, () => (over ? "99999999" : 0))),
              command,
            );
          }
          host.end(id);
        },
      ),
      fuzz(),
    );
  });

  it("survives any reply of Redis", () => {
    const resp = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc
        .stringMatching(/^([*$:+\-%_,](-?\d{0,20}|[A-Z]{0,9})(\r\n|\r|\n)?){0,12}$/)
        .map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(), fc.string()).map(([at, text]) => Buffer.from(splice(array("12", 30_000), at, text))),
      fc
        .constantFrom(
          "*".padEnd(1, "*"),
          "*1\r\n".repeat(5000),
          "*1000000000\r\n",
          "$2147483647\r\nx",
          "$-2\r\n",
          "*0\r\n",
        )
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(resp, fc.nat({ max: 3 }), fc.boolean(), (bytes, status, isNumbered) => {
        const stream = host.request(++id, ROOT, { "x-key": "k" });
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
      }),
      fuzz(),
    );
  });

  it("survives any response", () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.tuple(fc.nat(), fc.string()).map(([at, text]) => Buffer.from(splice(usageBody(3, 4), at, text))),
      fc.json().map((text) => Buffer.from(`data: ${text}\n\n`)),
    );
    const type = fc.constantFrom(
      "application/json",
      "text/event-stream",
      "application/vnd.amazon.eventstream",
      "x",
      "",
    );
    fc.assert(
      fc.property(fc.array(body, { maxLength: 5 }), type, fc.boolean(), (chunks, contentType, trailers) => {
        host.request(++id, ROOT, { "x-key": "k" });
        for (const command of host.pending.splice(0)) host.deliver(ROOT, command.token, 1, null);
        host.responseHeaders(id, { "content-type": contentType });
        for (const chunk of chunks) host.responseBody(id, chunk);
        if (trailers) host.responseTrailers(id);
        host.end(id);
        answerAll();
      }),
      fuzz(),
    );
  });

  it("still works after all that, in bounded memory", () => {
    expect(host.memoryBytes).toBeLessThan(8 << 20);
    host.logs.length = 0;
    expect(host.configure(2000, PER_KEY)).toBe(true);
    const stream = host.request(++id, 2000, { "x-api-key": "alice" });
    host.reply(2000, counter(101));
    expect(stream.localResponse?.code).toBe(429);
  });
});
