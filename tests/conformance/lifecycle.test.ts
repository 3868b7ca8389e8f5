// Contract: the module loads where it must, and no order of callbacks, id or repetition traps it.
// Specified in https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1 and in what Higress' host provides.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { counter, made, MODULES, PER_KEY, play, REDIS, ROOT, start, usageBody } from "../support/filter.ts";
import { HIGRESS_IMPORTS, StrictHost } from "../support/strict-host.ts";

describe("ai-quota", () => {
  it.each(["ai-quota.wasm", "ai-quota.envoy.wasm"])("%s is a module of at most 150 KB", (module) => {
    expect(readFileSync(resolve(import.meta.dirname, "../../build", module)).length).toBeLessThanOrEqual(
      150_000,
    );
  });
});

describe.each(MODULES)("%s", (name, file) => {
  it("imports only what Higress provides, and exports what hosts look for", async () => {
    const module = await WebAssembly.compile(readFileSync(file));
    const imports = WebAssembly.Module.imports(module);
    expect(imports.filter(({ module: from }) => from !== "env")).toEqual([]);
    expect(imports.map((entry) => entry.name).sort()).toEqual([...HIGRESS_IMPORTS].sort());
    const exports = WebAssembly.Module.exports(module).map((entry) => entry.name);
    expect(exports).toEqual(
      expect.arrayContaining([
        "memory",
        "malloc",
        "proxy_on_memory_allocate",
        "_initialize",
        "proxy_abi_version_0_2_100",
        "proxy_on_redis_call_response",
      ]),
    );
    // A host would call these with other arguments, or before a context exists.
    expect(exports).not.toEqual(expect.arrayContaining(["main"]));
    expect(exports).not.toEqual(expect.arrayContaining(["_start"]));
  });

  if (name === "release")
    it("is a module of less than 220 KB", () => {
      const size = readFileSync(file).length;
      console.log(`${file.split("/").at(-1)}: ${(size / 1000).toFixed(1)} kB`);
      expect(size).toBeLessThan(220_000);
    });

  it("survives callbacks for contexts that do not exist", async () => {
    const host = await StrictHost.load(file);
    const { guest } = host;
    expect(guest.proxy_on_configure(99, 0)).toBe(0);
    expect(guest.proxy_on_request_headers(99, 3, 1)).toBe(0);
    expect(guest.proxy_on_response_headers(99, 3, 1)).toBe(0);
    expect(guest.proxy_on_response_body(99, 3, 1)).toBe(0);
    expect(guest.proxy_on_response_trailers(99, 3)).toBe(0);
    guest.proxy_on_tick(99);
    guest.proxy_on_redis_call_response(99, 7, 0, 12);
    guest.proxy_on_context_create(5, 98);
    guest.proxy_on_log(99);
    expect(guest.proxy_on_done(99)).toBe(1);
    guest.proxy_on_delete(99);
  });

  it("survives callbacks out of order, repeated and after the end", async () => {
    const host = await start(file, PER_KEY);
    host.open(2, ROOT);
    host.responseBody(2, "x");
    host.responseTrailers(2);
    host.responseHeaders(2, {}, true);
    host.end(2);
    host.request(3, ROOT, { "x-api-key": "a" });
    host.responseHeaders(3, { "content-type": "application/json" }); // Answered by another filter meanwhile.
    host.responseBody(3, usageBody(1, 1), true);
    host.end(3);
    host.reply(ROOT, counter(0));
    expect(host.pending).toEqual([]);
    host.guest.proxy_on_response_body(3, 5, 1);
    host.guest.proxy_on_delete(3);
    host.open(4, ROOT);
    host.open(4, ROOT);
    host.deliver(ROOT, 999_999, 0, counter(1));
    host.deliver(77, 999_999, 0, counter(1));
    play(host, 5, "a");
  });

  it("keeps several root contexts apart", async () => {
    const host = await start(file, PER_KEY);
    const other = { ...PER_KEY, rule_name: "other", rejected_code: 403 };
    expect(host.configure(50, other)).toBe(true);
    const first = host.request(2, ROOT, { "x-api-key": "a" });
    const second = host.request(3, 50, { "x-api-key": "a" });
    const [one, two] = [...host.pending];
    expect(String(one!.args[3])).toContain(":r:");
    expect(String(two!.args[3])).toContain(":other:");
    host.reply(50, counter(101), two);
    host.reply(ROOT, counter(101), one);
    expect([first.localResponse?.code, second.localResponse?.code]).toEqual([429, 403]);
  });

  it("lets streams in flight finish on the configuration they began with", async () => {
    const host = await start(file, PER_KEY);
    const before = host.request(2, ROOT, { "x-api-key": "a" });
    const replacement = { ...PER_KEY, rule_name: "new", rejected_code: 403 };
    expect(host.reconfigure(ROOT, replacement)).toBe(true);
    host.reply(ROOT, counter(101));
    expect(before.localResponse?.code).toBe(429);
    host.request(3, ROOT, { "x-api-key": "a" });
    expect(String(host.pending[0]!.args[3])).toContain(":new:");
  });

  it("keeps the old configuration when a new one is refused", async () => {
    const host = await start(file, PER_KEY);
    expect(host.reconfigure(ROOT, { rule_name: "broken" })).toBe(false);
    host.request(2, ROOT, { "x-api-key": "a" });
    expect(String(host.pending[0]!.args[3])).toContain(":r:");
  });

  it("charges a stream whose root context has been replaced and deleted", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { "x-api-key": "a" });
    host.reply(ROOT, counter(0));
    host.configure(50, PER_KEY);
    host.guest.proxy_on_done(ROOT);
    host.guest.proxy_on_delete(ROOT);
    host.responseHeaders(2, { "content-type": "application/json" });
    host.responseBody(2, usageBody(3, 4), true);
    expect(host.pending).toHaveLength(1);
    host.reply(ROOT, made(7));
    expect(host.metrics.get("ai_token_ratelimit.charged_tokens")).toBe(7n);
  });

  it("reports all mistakes of a configuration at once, with their paths", async () => {
    const host = await StrictHost.load(file);
    const accepted = host.configure(ROOT, {
      rule_name: "r",
      rule_itms: [],
      rule_items: [
        { limit_by_header: "x", limit_keys: [{ key: "a", token_per_minute: -1 }, { token_per_minute: 5 }] },
        { limit_by_per_header: "x", limit_keys: [{ key: "regexp:(", token_per_minute: 5 }] },
      ],
      rejected_code: 42,
      redis: { ...REDIS, service_name: "" },
    });
    expect(accepted).toBe(false);
    const lines = host.lines();
    for (const path of [
      "rule_items[0].limit_keys[0].token_per_minute",
      "rule_items[0].limit_keys[1].key",
      "rule_items[1].limit_keys[0].key",
      "rejected_code",
      "redis.service_name",
    ]) {
      expect(lines.filter((line) => line.includes(`${path}: `))).toHaveLength(1);
    }
    expect(lines.find((line) => line.includes("rule_itms"))).toContain("rule_items");
  });
});
