// Contract: over a WebSocket no bytes of either side trap, nor does a host call that fails, and memory is given back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counter, made, MODULES, PER_KEY, ROOT, start } from "../support/filter.ts";
import { fuzz } from "../support/fuzz.ts";
import { frame, masked, responseDone } from "../support/websocket.ts";
import { ASKS, charges, prompt, SWITCHES, word } from "./connection.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it("does not trap on bytes from either side or on failing host calls, and serves the next connection", async () => {
    const host = await start(file, PER_KEY);
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((any) => Buffer.from(any)),
      fc.constantFrom(word, frame(responseDone(60, 41)), masked(prompt(3)), masked("{", { fin: false })),
    );
    const step = fc.record({
      isClient: fc.boolean(),
      bytes,
      fails: fc.constantFrom(
        ...[null, null, null, "proxy_set_buffer_bytes", "proxy_get_buffer_bytes", "proxy_close_stream"],
        ...["proxy_redis_call", "proxy_get_header_map_value"],
      ),
      holds: fc.constantFrom(1, 101),
      ms: fc.constantFrom(0, 0, 6_000),
    });
    let id = 10;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        ++id;
        host.request(id, ROOT, { "x-api-key": "alice", ...ASKS }, false);
        host.reply(ROOT, counter(0));
        host.responseHeaders(id, SWITCHES);
        for (const { isClient, bytes, fails, holds, ms } of steps) {
          host.now += ms;
          host.intercept = (name) => (name === fails ? 10 : undefined);
          if (isClient) host.requestBody(id, bytes);
          else host.responseBody(id, bytes);
          host.intercept = () => undefined;
          while (host.pending.length > 0) host.reply(ROOT, made(holds));
        }
        host.end(id);
        host.pass(ROOT, 120_000);
        while (host.pending.length > 0) host.reply(ROOT, made(1));
      }),
      fuzz(300),
    );
    host.request(5, ROOT, { "x-api-key": "alice" });
    expect(host.pending.length).toBe(1);
  });

  it("does not take more memory as connections come and go", async () => {
    const host = await start(file, PER_KEY);
    const round = (from: number): void => {
      for (let id = from; id < from + 3000; ++id) {
        host.request(id, ROOT, { "x-api-key": "alice", ...ASKS }, false);
        host.reply(ROOT, counter(0));
        host.responseHeaders(id, SWITCHES);
        host.requestBody(id, masked(prompt(30)).subarray(0, id % 100));
        host.responseBody(id, Buffer.concat([frame(responseDone(1, 2)), word]).subarray(0, id % 600));
        host.end(id);
        charges(host);
      }
    };
    round(1000);
    const before = host.memoryBytes;
    round(5000);
    round(9000);
    expect(host.memoryBytes).toBe(before);
  });
});
