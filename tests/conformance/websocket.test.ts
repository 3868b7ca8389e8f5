// Contract: a connection that becomes a WebSocket is charged for each response as it is reported, and for what was not
// reported when it ends; once its caller is above a limit, it is closed. README.md, "What is counted".
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chargeOf,
  CONTINUE,
  counter,
  made,
  MODULES,
  PAUSE,
  PER_KEY,
  ROOT,
  start,
} from "../support/filter.ts";
import { fuzz } from "../support/fuzz.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { frame, fragments, masked, Opcode, responseDone } from "../support/websocket.ts";

const ASKS = { ":method": "GET", connection: "Upgrade", upgrade: "websocket" };
const SWITCHES = { ":status": "101", connection: "Upgrade", upgrade: "websocket" };
const ID = 2;
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const REASON = "token rate limit exceeded";
const CLOSE = Buffer.concat([Buffer.from([0x88, 2 + REASON.length, 0x03, 0xf0]), Buffer.from(REASON)]);

/** A connection that was admitted and has become a WebSocket. */
async function connect(
  file: string,
  configuration: object = PER_KEY,
  answer = SWITCHES,
): Promise<StrictHost> {
  const host = await start(file, configuration);
  host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
  host.reply(ROOT, counter(0));
  host.responseHeaders(ID, answer);
  return host;
}

const prompt = (words: number): string =>
  JSON.stringify({ type: "response.create", input: "lorem ipsum dolor ".repeat(words / 3) });
const word = frame(JSON.stringify({ type: "response.output_text.delta", delta: " lorem" }));
/** The tokens of the charges in flight, which are answered with what the counter then holds. */
function charges(host: StrictHost, holds = 10): number[] {
  const tokens = host.pending.map((command) => chargeOf(command).tokens);
  while (host.pending.length > 0) host.reply(ROOT, made(holds));
  return tokens;
}
const metric = (host: StrictHost, name: string): number =>
  Number(host.metrics.get(`ai_token_ratelimit.${name}`) ?? 0n);

describe.each(MODULES)("%s", (_name, file) => {
  it("charges each response when it is reported, with a marker of its own, and nothing at the end", async () => {
    const host = await connect(file);
    host.requestBody(ID, masked(prompt(30)));
    host.responseBody(ID, word);
    expect(host.pending).toEqual([]);
    host.responseBody(ID, Buffer.concat([frame(responseDone(30, 5)), frame(responseDone(40, 6))]));
    const sent = host.pending.map(chargeOf);
    expect(sent.map(({ tokens }) => tokens)).toEqual([35, 46]);
    expect(new Set(sent.map(({ marker }) => marker)).size).toBe(2);
    expect(new Set(sent.flatMap(({ keys }) => keys))).toEqual(
      new Set(["higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice"]),
    );
    charges(host);
    host.end(ID);
    expect(host.pending).toEqual([]);
    expect(metric(host, "charged_tokens")).toBe(81);
  });

  it("passes what is said as it is, and asks for no extension", async () => {
    const host = await start(file, PER_KEY);
    const extensions = { "sec-websocket-extensions": "permessage-deflate" };
    const stream = host.request(ID, ROOT, { "x-api-key": "a", ...ASKS, ...extensions }, false);
    expect(stream.request).not.toHaveProperty("sec-websocket-extensions");
    host.reply(ROOT, counter(0));
    host.responseHeaders(ID, SWITCHES);
    const said = Buffer.concat([masked("{}"), masked("p", { opcode: Opcode.Ping })]);
    for (const piece of [said.subarray(0, 3), said.subarray(3)]) {
      expect(host.requestBody(ID, piece)).toBe(CONTINUE);
      expect(Buffer.from(host.streams.get(ID)!.toServer)).toEqual(Buffer.from(piece));
      expect(host.responseBody(ID, frame(responseDone(1, 1)))).toBe(CONTINUE);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(frame(responseDone(1, 1)));
    }
  });

  it("weights what is reported", async () => {
    const host = await connect(file, { ...PER_KEY, token_weights: { cached_input: 0.1, output: 2 } });
    host.responseBody(ID, frame(responseDone(100, 5).replace('"cached_tokens":0', '"cached_tokens":90')));
    expect(charges(host)).toEqual([10 + 9 + 10]);
  });

  it.each([
    ["before an answer", false],
    ["within an answer", true],
  ])("charges what was not reported when the connection ends: %s", async (_, hasAnswer) => {
    const host = await connect(file);
    host.requestBody(ID, masked(prompt(300)));
    if (hasAnswer) for (let i = 0; i < 100; ++i) host.responseBody(ID, word);
    host.end(ID);
    const [tokens] = charges(host);
    expect(tokens).toBeGreaterThan(hasAnswer ? 350 : 250);
    expect(tokens).toBeLessThan(hasAnswer ? 700 : 500);
    expect(metric(host, "estimated_tokens")).toBe(tokens);
  });

  it("charges what a client sends before the server has agreed", async () => {
    const host = await start(file, PER_KEY);
    host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(ID, masked(prompt(300)));
    host.responseHeaders(ID, SWITCHES);
    host.end(ID);
    expect(charges(host)[0]).toBeGreaterThan(250);
  });

  it("charges no estimate where none is wanted", async () => {
    const host = await connect(file, { ...PER_KEY, missing_usage: "ignore" });
    host.requestBody(ID, masked(prompt(300)));
    host.responseBody(ID, Buffer.concat([word, frame(responseDone(1, 2))]));
    host.requestBody(ID, masked(prompt(300)));
    host.end(ID);
    expect(charges(host)).toEqual([3]);
  });

  it("does not let much go unpaid for long, and sets it off against what is reported later", async () => {
    const host = await connect(file);
    const chunk = frame(JSON.stringify({ type: "response.output_text.delta", delta: " lorem".repeat(5000) }));
    let ahead: number[] = [];
    while (ahead.length === 0) {
      host.responseBody(ID, chunk);
      ahead = charges(host);
    }
    expect(ahead[0]).toBeGreaterThan(32_000);
    expect(ahead[0]).toBeLessThan(60_000);
    host.responseBody(ID, frame(responseDone(100, 70_000)));
    expect(charges(host)).toEqual([70_100 - ahead[0]!]);
    host.end(ID);
    expect(host.pending).toEqual([]);
  });

  it("charges by its size what is deflated all the same, and what has become no WebSocket", async () => {
    const deflated = await connect(file);
    deflated.responseBody(ID, frame(Buffer.alloc(4000, 7), { reserved: 0x40 }));
    deflated.end(ID);
    expect(charges(deflated)).toEqual([1000]);
    const other = await connect(file, PER_KEY, { ...SWITCHES, upgrade: "h2c" });
    other.requestBody(ID, Buffer.alloc(4000, 7));
    other.responseBody(ID, Buffer.alloc(8000, 7));
    other.end(ID);
    expect(charges(other)).toEqual([3000]);
  });

  describe("a caller above its limit", () => {
    /** Has a response reported that takes the counter above its limit, or to it. */
    async function spent(holds: number): Promise<StrictHost> {
      const host = await connect(file);
      host.responseBody(ID, frame(responseDone(60, 41)));
      expect(charges(host, holds)).toEqual([101]);
      return host;
    }

    it("is closed in place of the server's next frame, with 1008 and why", async () => {
      const host = await spent(101);
      host.responseBody(ID, word);
      const stream = host.streams.get(ID)!;
      expect(Buffer.from(stream.toClient)).toEqual(CLOSE);
      expect(stream.closed).toBe(false);
      // The client answers the close frame, and so does the server.
      host.requestBody(ID, masked(Buffer.from([0x03, 0xf0]), { opcode: Opcode.Close }));
      expect(stream.toServer.length).toBe(8);
      host.responseBody(ID, frame(Buffer.from([0x03, 0xf0]), { opcode: Opcode.Close }));
      expect([stream.toClient.length, stream.closed]).toEqual([0, false]);
      expect(metric(host, "closed_connections")).toBe(1);
    });

    it("is not closed at its limit", async () => {
      const host = await spent(100);
      host.responseBody(ID, word);
      host.requestBody(ID, masked(prompt(3)));
      const stream = host.streams.get(ID)!;
      expect(Buffer.from(stream.toClient)).toEqual(word);
      expect(Buffer.from(stream.toServer)).toEqual(masked(prompt(3)));
    });

    it("starts no other response: what it sends becomes a ping, whose answer becomes the close", async () => {
      const host = await spent(101);
      host.requestBody(ID, masked(prompt(300)));
      const stream = host.streams.get(ID)!;
      expect(Buffer.from(stream.toServer)).toEqual(PING);
      host.requestBody(ID, masked(prompt(300)));
      expect(stream.toServer.length).toBe(0);
      host.responseBody(ID, frame("", { opcode: Opcode.Pong }));
      expect(Buffer.from(stream.toClient)).toEqual(CLOSE);
      host.requestBody(ID, masked(prompt(300)));
      expect(stream.toServer.length).toBe(0);
      // Nothing of that has reached the server.
      host.end(ID);
      expect(host.pending).toEqual([]);
    });

    it("has the frame that is under way finished, in both directions", async () => {
      const host = await connect(file);
      const [report, next] = [frame(responseDone(60, 41)), frame("x".repeat(300))];
      host.requestBody(ID, masked("{}").subarray(0, 3));
      host.responseBody(ID, Buffer.concat([report, next.subarray(0, 100)]));
      charges(host, 101);
      const stream = host.streams.get(ID)!;
      host.responseBody(ID, next.subarray(100, 200));
      expect(Buffer.from(stream.toClient)).toEqual(next.subarray(100, 200));
      host.requestBody(ID, Buffer.concat([masked("{}").subarray(3), masked(prompt(3))]));
      expect(Buffer.from(stream.toServer)).toEqual(Buffer.concat([masked("{}").subarray(3), PING]));
      host.responseBody(ID, Buffer.concat([next.subarray(200), word]));
      expect(Buffer.from(stream.toClient)).toEqual(Buffer.concat([next.subarray(200), CLOSE]));
    });

    it("may have its message closed between two of its frames", async () => {
      const host = await spent(101);
      const [first] = fragments("in two pieces", 8);
      host.responseBody(ID, first!);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(CLOSE);
    });

    it("is charged for what the server goes on to report, and cut off", async () => {
      const host = await spent(101);
      host.responseBody(ID, word);
      host.responseBody(ID, frame(responseDone(1, 2)));
      expect(charges(host)).toEqual([3]);
      expect(host.streams.get(ID)!.closed).toBe(true);
    });

    it("is let go on once the window must have ended", async () => {
      const host = await spent(101);
      host.now += 60_001;
      host.requestBody(ID, masked(prompt(3)));
      expect(Buffer.from(host.streams.get(ID)!.toServer)).toEqual(masked(prompt(3)));
      host.responseBody(ID, word);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(word);
    });

    it("is found out, by a check beside its first message, where others have used the limit up", async () => {
      const host = await connect(file);
      host.now += 6_000;
      host.requestBody(ID, masked(prompt(300)));
      host.requestBody(ID, masked(prompt(300)));
      expect(host.pending.length).toBe(1);
      host.responseBody(ID, word);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(word);
      host.reply(ROOT, counter(101, 9_500));
      host.responseBody(ID, word);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(CLOSE);
      // What it has sent is its own all the same.
      host.end(ID);
      expect(charges(host)[0]).toBeGreaterThan(500);
    });

    it("is asked for every five seconds at most, if it goes on, and not after a charge", async () => {
      const host = await connect(file);
      for (const [ms, checks] of [
        [4_000, 0],
        [1_500, 1],
        [4_000, 0],
        [1_500, 1],
      ] as const) {
        host.now += ms;
        host.requestBody(ID, masked("{}"));
        expect(host.pending.length).toBe(checks);
        if (checks > 0) host.reply(ROOT, counter(1));
      }
      host.now += 4_000;
      host.responseBody(ID, frame(responseDone(1, 2)));
      charges(host);
      host.now += 4_000;
      host.requestBody(ID, masked("{}"));
      expect(host.pending).toEqual([]);
      host.now += 4_000;
      host.requestBody(ID, masked("{}"));
      host.end(ID);
      const [late] = host.pending;
      host.reply(ROOT, counter(101), late);
      host.request(3, ROOT, { "x-api-key": "alice" });
      expect(host.pending.length).toBeGreaterThan(0);
    });

    it("may close by itself", async () => {
      const host = await spent(101);
      const close = masked(Buffer.from([0x03, 0xe8]), { opcode: Opcode.Close });
      host.requestBody(ID, close);
      expect(Buffer.from(host.streams.get(ID)!.toServer)).toEqual(close);
    });

    it("is cut off where the connection is no WebSocket", async () => {
      const host = await connect(file, PER_KEY, { ...SWITCHES, upgrade: "other" });
      host.responseBody(ID, Buffer.alloc(200_000));
      expect(charges(host, 50_000)).toEqual([50_000]);
      expect(host.streams.get(ID)!.closed).toBe(false);
      host.responseBody(ID, Buffer.alloc(1));
      expect(host.streams.get(ID)!.closed).toBe(true);
    });

    it("is not taken for its successor on the same connection of the filter", async () => {
      const host = await connect(file);
      host.responseBody(ID, frame(responseDone(60, 41)));
      const late = host.pending[0]!;
      host.end(ID);
      host.request(3, ROOT, { "x-api-key": "bob", ...ASKS }, false);
      host.reply(ROOT, counter(0), host.pending[1]);
      host.responseHeaders(3, SWITCHES);
      host.reply(ROOT, made(101), late);
      host.responseBody(3, word);
      expect(Buffer.from(host.streams.get(3)!.toClient)).toEqual(word);
    });
  });

  it("is decided by the response: what only asks for an upgrade is read as any response", async () => {
    const host = await start(file, PER_KEY);
    host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS, ":method": "POST" }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(
      ID,
      JSON.stringify({ messages: [{ role: "user", content: "lorem ".repeat(100) }] }),
      true,
    );
    host.responseHeaders(ID, { "content-type": "text/event-stream" });
    host.responseBody(ID, 'data: {"choices":[{"index":0,"delta":{"content":" lorem"}}]}\n\n', true);
    host.end(ID);
    expect(charges(host)[0]).toBeGreaterThan(90);
  });

  it("rejects a handshake above the limit as any request", async () => {
    const host = await start(file, PER_KEY);
    const stream = host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    host.reply(ROOT, counter(101));
    expect(stream.localResponse?.code).toBe(429);
  });

  it("refuses upgrades where that is configured, before Redis is asked, and where a rule applies", async () => {
    const host = await start(file, { ...PER_KEY, upgrade: "refuse" });
    const stream = host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
    expect(stream.action).toBe(PAUSE);
    expect(stream.localResponse).toMatchObject({ code: 403, details: "ai-token-ratelimit.upgrade_refused" });
    expect(host.pending).toEqual([]);
    expect(metric(host, "refused_upgrades")).toBe(1);
    host.end(ID);
    expect(host.request(3, ROOT, ASKS, false).action).toBe(CONTINUE);
    expect(host.request(4, ROOT, { "x-api-key": "alice" }).localResponse).toBeNull();
  });

  it("traps for no bytes of either side, and for no host call that fails, and serves the next", async () => {
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

  it("takes no more memory for the connections that come and go", async () => {
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
