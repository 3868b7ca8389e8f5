// Contract: an answer that can be fetched again is charged once to each of its callers, however often it is fetched.
// Specified in README.md, "What is counted".
import { describe, expect, it } from "vitest";
import { array, chargeOf, counter, MODULES, PER_KEY, ROOT, start, usageBody } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { event, JSON_TYPE, newId, SSE_TYPE, words } from "./calls.ts";

describe.each(MODULES)("%s", (_name, file) => {
  it("asks for stored answers as a whole, and charges one whose stream is left before it reports usage", async () => {
    const host = await start(file, PER_KEY);
    const get = {
      ":method": "GET",
      ":path": "/v1/responses/resp_1",
      "x-api-key": "alice",
      range: "bytes=0-99",
    };
    const stream = host.request(2, ROOT, get);
    expect(stream.request).not.toHaveProperty("range");
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, `{"id":"resp_1","output":[{"content":[{"text":"${"lorem ipsum ".repeat(100)}"}]}]`);
    host.end(2);
    expect(chargeOf(host.pending[0]!).tokens).toBeGreaterThan(150);
  });

  it("charges a GET by the usage that it reports, such as the result of a background response", async () => {
    const host = await start(file, PER_KEY);
    host.request(2, ROOT, { ":method": "GET", ":path": "/v1/responses/resp_1", "x-api-key": "alice" });
    host.responseHeaders(2, JSON_TYPE);
    host.responseBody(2, usageBody(3, 4), true);
    expect(chargeOf(host.pending[0]!).tokens).toBe(7);
  });

  describe("an answer that can be fetched again", () => {
    const answer = (id: string, input: number, output: number): string =>
      JSON.stringify({
        id,
        object: "response",
        status: "completed",
        usage: { input_tokens: input, output_tokens: output },
      });
    /** Plays a call and returns its commands; each but the last is answered. */
    function commands(host: StrictHost, request: Record<string, string>, body: string, apiKey = "alice") {
      const id = newId();
      host.request(id, ROOT, { "x-api-key": apiKey, ...request });
      if (host.pending.length > 0) host.reply(ROOT, counter(0));
      host.responseHeaders(id, body.startsWith("data:") ? SSE_TYPE : JSON_TYPE);
      host.responseBody(id, body, true);
      host.end(id);
      const sent = host.pending.splice(0);
      if (sent[0] === undefined) return [];
      host.reply(ROOT, array(60_000, 7), sent[0]);
      return [...sent, ...host.pending.splice(0)].map(chargeOf);
    }
    const POST = { ":method": "POST", ":path": "/v1/responses" };
    const GET = { ":method": "GET", ":path": "/v1/responses/resp_1?include[]=x" };

    it("is charged when it is fetched, under the same name each time, which only its callers share", async () => {
      const host = await start(file, PER_KEY);
      const [first, ...rest] = commands(host, GET, answer("resp_1", 3, 4));
      expect([first?.tokens, rest.length]).toEqual([7, 0]);
      expect(first?.marker).toContain(":answer:");
      expect(commands(host, GET, answer("resp_1", 3, 4))[0]?.marker).toBe(first?.marker);
      const stream = event({
        type: "response.completed",
        response: JSON.parse(answer("resp_1", 3, 4)) as object,
      });
      expect(commands(host, GET, stream)[0]?.marker).toBe(first?.marker);
      for (const other of [
        commands(host, GET, answer("resp_2", 3, 4)),
        commands(host, GET, answer("resp_1", 3, 5)),
        commands(host, GET, answer("resp_1", 3, 4), "bob"),
      ]) {
        expect(other[0]?.marker.split(":").at(-1)).not.toBe(first?.marker.split(":").at(-1));
      }
    });

    it("has a name, however long the names of its counters are", async () => {
      const limit = { key: "*", token_per_second: 1e6, token_per_minute: 1e6, token_per_hour: 1e6 };
      const names = Array.from({ length: 8 }, (_, i) => `x-${i}`);
      const rules = names.map((name) => ({ limit_by_per_header: name, limit_keys: [limit] }));
      const host = await start(file, { ...PER_KEY, rule_mode: "all_match", rule_items: rules });
      const long = (last: string): object =>
        Object.fromEntries(names.map((name) => [name, `${"v".repeat(4000)}${last}`]));
      const [first] = commands(host, { ...GET, ...long("a") }, answer("resp_1", 3, 4));
      expect(first?.marker).toContain(":answer:");
      const [again] = commands(host, { ...GET, ...long("a") }, answer("resp_1", 3, 4));
      expect(again?.marker).toBe(first?.marker);
      const [other] = commands(host, { ...GET, ...long("b") }, answer("resp_1", 3, 4));
      expect(other?.marker.split(":").at(-1)).not.toBe(first?.marker.split(":").at(-1));
    });

    it("is always charged when it is generated, and named, so that fetching it costs nothing", async () => {
      const host = await start(file, PER_KEY);
      const [fetched] = commands(host, GET, answer("resp_1", 3, 4));
      for (let i = 0; i < 2; ++i) {
        const [made, named] = commands(host, POST, answer("resp_1", 3, 4));
        expect([made?.tokens, named?.tokens]).toEqual([7, 0]);
        expect(made?.marker).toContain(":charge:");
        expect(named?.marker).toBe(fetched?.marker);
      }
    });

    it("has no name when it is cut off, because it may report more when it is fetched as a whole", async () => {
      const host = await start(file, PER_KEY);
      const first = { type: "response.created", response: JSON.parse(answer("resp_1", 3, 4)) as object };
      for (const headers of [SSE_TYPE, { ...JSON_TYPE, ":status": "206" }]) {
        const id = newId();
        const isStream = headers === SSE_TYPE;
        host.request(id, ROOT, { "x-api-key": "alice", ...GET });
        host.responseHeaders(id, headers);
        host.responseBody(id, isStream ? event(first) : answer("resp_1", 3, 4), !isStream);
        host.end(id);
        const charges = host.pending.splice(0).map(chargeOf);
        expect(charges).toHaveLength(1);
        expect(charges[0]!.marker).toContain(":charge:");
      }
    });

    it("has no name when it has no id or reports nothing", async () => {
      const host = await start(file, PER_KEY);
      expect(commands(host, GET, usageBody(3, 4).replace('"id":"1",', ""))[0]?.marker).toContain(":charge:");
      expect(commands(host, GET, answer("x".repeat(161), 3, 4))[0]?.marker).toContain(":charge:");
      expect(commands(host, GET, '{"id":"resp_1","status":"queued","usage":null}')).toEqual([]);
    });

    it("is not free for a caller who leaves the stream before it reports its usage", async () => {
      const host = await start(file, PER_KEY);
      const pieces =
        words(0) + event({ type: "response.output_text.delta", delta: "lorem ipsum ".repeat(100) });
      const [charge] = commands(host, GET, pieces);
      expect(charge?.tokens).toBeGreaterThan(150);
      expect(charge?.marker).toContain(":charge:");
    });
  });
});
