// Contract: streams that are open at the same time take what they need, whatever their clients send: a header's value is
// not kept, a chunk is read in pieces, and what reads a body is made when there is one.
// Specified in ARCHITECTURE.md, "Memory and traps". Memory grows by doubling, so that what is said of a stream is said of many.
import { expect, it } from "vitest";
import { counter, MODULES, PER_KEY, REDIS, ROOT, start } from "../support/filter.ts";

const [, FILE] = MODULES[0];
const MIB = 1 << 20;
/** They take 28 MiB: not so near to a power of two that a few bytes more for each would double what is measured. */
const STREAMS = 3_500;
const prompt = (bytes: number): string =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content: "word ".repeat(bytes / 5) }] });
const event = (content: string): string =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content } }] })}\n\n`;

it("holds less than 6 KB for each open stream before the first byte of the response, and less than 14 KB while it is read", async () => {
  const host = await start(FILE, PER_KEY);
  const before = host.memoryBytes;
  const perStream = (): number => (host.memoryBytes - before) / STREAMS;
  const ids = Array.from({ length: STREAMS }, (_, i) => 2 + i);
  for (const id of ids) {
    host.request(id, ROOT, { "x-api-key": "alice" }, false);
    host.reply(ROOT, counter(0));
    host.requestBody(id, prompt(1_000), true);
    host.responseHeaders(id, { "content-type": "text/event-stream" });
  }
  expect(perStream()).toBeLessThan(6 << 10);
  for (const id of ids) host.responseBody(id, event(" word"));
  for (const id of ids) host.responseBody(id, event(" words"));
  expect(perStream()).toBeLessThan(14 << 10);
});

it("holds less than 32 MiB for 1,800 requests with a value of 60 KB that wait for their counters", async () => {
  const host = await start(FILE, PER_KEY);
  for (let i = 0; i < 1_800; ++i) host.request(2 + i, ROOT, { "x-api-key": `${i}${"x".repeat(60_000)}` });
  expect(host.pending).toHaveLength(1_800);
  expect(host.memoryBytes).toBeLessThan(32 * MIB);
});

it("holds less than four times the keys of 500 requests that wait for 56 counters each", async () => {
  const names = Array.from({ length: 14 }, (_, i) => `x-${i}`);
  const key = { key: "*", token_per_second: 9, token_per_minute: 9, token_per_hour: 9, token_per_day: 9 };
  const host = await start(FILE, {
    rule_name: "r",
    rule_mode: "all_match",
    rule_items: names.map((name) => ({ limit_by_per_header: name, limit_keys: [key] })),
    redis: REDIS,
  });
  const before = host.memoryBytes;
  const headers = Object.fromEntries(names.map((name) => [name, "a".repeat(300)]));
  for (let i = 0; i < 500; ++i) host.request(2 + i, ROOT, headers);
  const keys = host.pending[0]!.args.reduce((sum, argument) => sum + argument.length, 0);
  expect(host.memoryBytes - before).toBeLessThan(4 * 500 * keys);
});

it("does not hold a chunk of 64 MiB, of a request or a response", async () => {
  const host = await start(FILE, PER_KEY);
  const chunk = Buffer.alloc(64 * MIB, " ");
  host.request(2, ROOT, { "x-api-key": "alice" }, false);
  host.reply(ROOT, counter(0));
  host.requestBody(2, chunk, true);
  host.responseHeaders(2, { "content-type": "application/json" });
  host.responseBody(2, chunk);
  expect(host.memoryBytes).toBeLessThan(2 * MIB);
});
