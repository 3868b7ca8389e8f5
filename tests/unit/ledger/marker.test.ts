// Contract of assembly/ledger/marker.ts: the marker of a charge is short, holds nothing that a caller sent, and stands in
// the slot of its counter, whatever that is called. A real Redis Cluster tells the slots, as its specification does:
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedisServer, type RedisServer } from "../../../tools/redis-server.ts";
import { loadHarness } from "../../support/as.ts";
import { fuzz } from "../../support/fuzz.ts";

interface Harness {
  markerKey(counter: ArrayBuffer, isAnswer: boolean, high: bigint, low: bigint): string;
  checksum(key: ArrayBuffer): number;
  tag(checksum: number): number;
}

let limiter: Harness;
let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  limiter = await loadHarness<Harness>("tests/unit/ledger/ledger.harness.ts");
  server = await startRedisServer({ settings: ["--cluster-enabled", "yes"] });
  redis = new Redis(server.port, server.host);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const bytes = (text: string | Uint8Array): ArrayBuffer => new Uint8Array(Buffer.from(text)).buffer;
const markerOf = (counter: string | Uint8Array, high = 1n, low = 2n): string =>
  limiter.markerKey(bytes(counter), false, high, low);
const PREFIX = "higress-token-ratelimit:";

describe("a marker", () => {
  it("is short, and repeats nothing of the counter", () => {
    for (const value of ["alice", "x".repeat(4096), "a}b", "{", "{}", "{alice}", "\r\n", ""]) {
      const marker = markerOf(`${PREFIX}r:limit_by_per_header:60:x-api-key:${value}`);
      expect(marker).toMatch(/^higress-token-ratelimit:charge:\{[@A-O]{3}[@A-O`a-o]\}:[\w-]{22}$/);
    }
  });

  it("has another name for another id, and for an answer", () => {
    const names = new Set<string>();
    for (let bit = 0n; bit < 64n; ++bit) {
      for (const isAnswer of [false, true]) {
        names.add(limiter.markerKey(bytes("k"), isAnswer, 1n << bit, 0n));
        names.add(limiter.markerKey(bytes("k"), isAnswer, 0n, 1n << bit));
      }
    }
    expect(names.size).toBe(256);
    expect(limiter.markerKey(bytes("k"), true, 0n, 2n ** 64n - 1n)).toMatch(/:answer:\{.{4}\}:A{11}P_{10}$/);
  });

  it("stands in the slot of its counter in a Redis Cluster, whatever the counter is called", async () => {
    const braces = fc.constantFrom("{", "}", "{}", "{a}", "}{", "{{a}}", "foo{}{bar}", ":", "");
    const part = fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), braces);
    const name = fc.array(part, { maxLength: 6 }).map((parts) => Buffer.from(PREFIX + parts.join("")));
    const raw = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(name, raw), { minLength: 20, maxLength: 20 }), async (counters) => {
        const slots = redis.pipeline();
        for (const counter of counters) {
          slots.cluster("KEYSLOT", counter as unknown as string);
          slots.cluster("KEYSLOT", markerOf(counter));
        }
        const replies = (await slots.exec())!.map(([error, slot]) => {
          expect(error).toBeNull();
          return slot as number;
        });
        for (let i = 0; i < replies.length; i += 2) expect(replies[i + 1]).toBe(replies[i]);
      }),
      fuzz(250),
    );
  });

  it("can be led anywhere: each checksum has a tag", () => {
    const tags = new Set<number>();
    for (let checksum = 0; checksum < 65_536; ++checksum) {
      const tag = Buffer.alloc(4);
      tag.writeUInt32BE(limiter.tag(checksum));
      expect(limiter.checksum(bytes(tag))).toBe(checksum);
      tags.add(tag.readUInt32BE());
    }
    expect(tags.size).toBe(65_536);
  });

  it("is found by the checksum that the specification of Redis Cluster gives", () => {
    expect(limiter.checksum(bytes("123456789"))).toBe(0x31c3);
    expect(limiter.checksum(bytes("a{123456789}b"))).toBe(0x31c3);
    expect(limiter.checksum(bytes("{123456789}{b}"))).toBe(0x31c3);
    expect(limiter.checksum(bytes("{}{b}"))).not.toBe(limiter.checksum(bytes("b")));
  });
});
