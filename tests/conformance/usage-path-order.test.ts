// Contract: a request on usage_path may end, be answered early or late, and share its ticket with others before and after it,
// and still gets its own answer, or none. Specified in the docstrings of assembly/filters/token-ratelimit/usage-query.ts.
import { describe, expect, it } from "vitest";
import { CONTINUE, counter, MODULES, PAUSE, PER_KEY, ROOT, start } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";

const CONFIG = { ...PER_KEY, usage_path: "/v1/usage" };
const ALICE = { ":method": "GET", ":path": "/v1/usage", "x-api-key": "alice" };

/** The body that a caller is answered whose counter Redis replies with. */
function answered(host: StrictHost, id: number, reply: string): string {
  const stream = host.request(id, ROOT, ALICE);
  host.reply(ROOT, reply);
  host.end(id);
  return stream.localResponse!.body;
}

describe.each(MODULES)("%s", (_name, file) => {
  it("answers nobody any more who has left", async () => {
    const host = await start(file, CONFIG);
    host.request(2, ROOT, ALICE);
    host.end(2);
    // The ticket is not used again before its reply has come.
    host.request(3, ROOT, { "x-api-key": "bob" });
    host.reply(ROOT, counter(1));
    expect(host.streams.get(3)!.continued).toBe(0);
    host.reply(ROOT, counter(101));
    expect(host.streams.get(3)!.localResponse).toMatchObject({ code: 429 });
    expect(host.lines()).toEqual([]);
  });

  it("answers although Redis does so before the call that asks it has returned", async () => {
    const host = await start(file, CONFIG);
    for (const [id, reply, code] of [
      [2, counter(7), 200],
      [3, null, 503],
      [4, counter(101), 200],
    ] as const) {
      host.onRedisCall = () => host.reply(ROOT, reply);
      const stream = host.request(id, ROOT, ALICE);
      expect([stream.action, stream.localResponse?.code]).toEqual([PAUSE, code]);
      host.end(id);
    }
  });

  it("may end while it is answered, and another request begin", async () => {
    const host = await start(file, CONFIG);
    host.request(2, ROOT, ALICE);
    let next: ReturnType<StrictHost["request"]> | undefined;
    host.intercept = (name) => {
      if (name !== "proxy_send_local_response" || next !== undefined) return undefined;
      host.end(2);
      next = host.request(3, ROOT, { "x-api-key": "bob" });
      return 0;
    };
    host.reply(ROOT, counter(7));
    host.reply(ROOT, counter(0));
    expect(next).toMatchObject({ continued: 1, localResponse: null });
    host.end(3);
    expect(answered(host, 4, counter(8))).toContain('"used":8,');
  });

  it("is answered by the configuration it began with", async () => {
    const host = await start(file, CONFIG);
    const stream = host.request(2, ROOT, ALICE);
    expect(host.reconfigure(ROOT, { ...PER_KEY, rule_name: "other" })).toBe(true);
    host.reply(ROOT, counter(7));
    expect(JSON.parse(stream.localResponse!.body)).toMatchObject({
      rule_name: "r",
      windows: [{ limit: 100, used: 7 }],
    });
    host.end(2);
    expect(host.request(3, ROOT, ALICE).action).toBe(CONTINUE);
  });

  it("tells a call nothing that was asked before it with the same ticket", async () => {
    const host = await start(file, CONFIG);
    for (let id = 2; id < 200; id += 2) {
      answered(host, id, counter(1));
      host.request(id + 1, ROOT, { "x-api-key": "bob" });
      host.reply(ROOT, counter(101));
      expect(host.streams.get(id + 1)!.localResponse).toMatchObject({ code: 429, body: "Too many requests" });
      host.end(id + 1);
    }
  });

  it("does not take memory for being asked", async () => {
    const host = await start(file, CONFIG);
    for (let id = 2; id < 5_000; ++id) answered(host, id, counter(1));
    const warm = host.memoryBytes;
    for (let id = 5_000; id < 30_000; ++id) answered(host, id, counter(1));
    expect(host.memoryBytes).toBe(warm);
  });
});
