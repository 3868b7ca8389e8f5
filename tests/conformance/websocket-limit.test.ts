// Contract: once the caller of a WebSocket is above a limit, the connection is closed between two frames, and nothing that
// would start another response reaches the server. README.md, "What is counted".
import { describe, expect, it } from "vitest";
import { counter, made, metric, MODULES, PER_KEY, ROOT } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { fragments, frame, masked, Opcode, responseDone } from "../support/websocket.ts";
import { ASKS, charges, connect, ID, prompt, SWITCHES, word } from "./connection.ts";

const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const REASON = "token rate limit exceeded";
const CLOSE = Buffer.concat([Buffer.from([0x88, 2 + REASON.length, 0x03, 0xf0]), Buffer.from(REASON)]);

describe.each(MODULES)("%s", (_name, file) => {
  describe("a caller above its limit", () => {
    /** Has a response reported that takes the counter above its limit, or to it. */
    async function spent(holds: number): Promise<StrictHost> {
      const host = await connect(file);
      host.responseBody(ID, frame(responseDone(60, 41)));
      expect(charges(host, holds)).toEqual([101]);
      return host;
    }

    it("is closed with 1008 and the reason, in place of the server's next frame", async () => {
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

    it("cannot start another response: its message becomes a ping, and the answer to that becomes the close", async () => {
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

    it("gets the current frame finished first, in both directions", async () => {
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

    it("may be closed between two frames of one message", async () => {
      const host = await spent(101);
      const [first] = fragments("in two pieces", 8);
      host.responseBody(ID, first!);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(CLOSE);
    });

    it("is charged for what the server still reports, and cut off", async () => {
      const host = await spent(101);
      host.responseBody(ID, word);
      host.responseBody(ID, frame(responseDone(1, 2)));
      expect(charges(host)).toEqual([3]);
      expect(host.streams.get(ID)!.closed).toBe(true);
    });

    it("may continue once the window must have ended", async () => {
      const host = await spent(101);
      host.now += 60_001;
      host.requestBody(ID, masked(prompt(3)));
      expect(Buffer.from(host.streams.get(ID)!.toServer)).toEqual(masked(prompt(3)));
      host.responseBody(ID, word);
      expect(Buffer.from(host.streams.get(ID)!.toClient)).toEqual(word);
    });

    it("is found by a check with its first message if others have used up the limit", async () => {
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

    it("is checked at most every five seconds while it continues, and not after a charge", async () => {
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

    it("is cut off if the connection is not a WebSocket", async () => {
      const host = await connect(file, PER_KEY, { ...SWITCHES, upgrade: "other" });
      host.responseBody(ID, Buffer.alloc(200_000));
      expect(charges(host, 50_000)).toEqual([50_000]);
      expect(host.streams.get(ID)!.closed).toBe(false);
      host.responseBody(ID, Buffer.alloc(1));
      expect(host.streams.get(ID)!.closed).toBe(true);
    });

    it("is not confused with the next caller whose stream reuses its objects", async () => {
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
});
