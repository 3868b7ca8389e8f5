// Contract: a reply is believed only if it ends with the number of its command, which no other command has. The reply to
// another command neither rejects a request nor settles a charge, whatever it says. Specified in assembly/redis/script.ts
// and, for why replies may be confused, deploy/envoy/README.md.
import { beforeEach, describe, expect, it } from "vitest";
import { array, CLUSTER, chargeOf, LEFT_MS, MODULES, PER_KEY, ROOT, usageBody } from "../support/filter.ts";
import { StrictHost, type RedisCommand } from "../support/strict-host.ts";
import { withNumber } from "../support/wire.ts";
import { ENVOY_MODULES, HttpHost, withNumber as withNumberInJson } from "./http-host.ts";

const ALICE = { "x-api-key": "alice" };

/** A filter, and the other end of its way to Redis, whichever that is. */
interface Way {
  readonly host: StrictHost;
  /** Commands that were sent and not answered yet. */
  pending(): RedisCommand[];
  /** Answers a command with an array of these and the number of `as`, or without any. */
  answer(command: RedisCommand, items: (number | string | null)[], as: RedisCommand | null): void;
  /** Answers a command with an error. */
  refuse(command: RedisCommand, message: string): void;
  /** Leaves a command without an answer. */
  fail(command: RedisCommand): void;
}

async function overRedis(file: string, now: number): Promise<Way> {
  const host = await StrictHost.load(file);
  host.now = now;
  host.clusters.add(CLUSTER);
  host.configure(ROOT, PER_KEY);
  const reply = (command: RedisCommand, bytes: string | null): void => {
    host.pending.splice(host.pending.indexOf(command), 1);
    host.deliver(ROOT, command.token, bytes === null ? 1 : 0, bytes);
  };
  return {
    host,
    pending: () => [...host.pending],
    answer: (command, items, as) =>
      reply(command, as === null ? array(...items) : withNumber(array(...items), numberOf(as))),
    refuse: (command, message) => reply(command, `-${message}\r\n`),
    fail: (command) => reply(command, null),
  };
}

async function overHttp(file: string, now: number): Promise<Way> {
  const host = await HttpHost.load(file);
  host.now = now;
  host.clusters.add("webdis");
  host.configure(ROOT, { ...PER_KEY, redis: { service_name: "webdis", http: { cluster: "webdis" } } });
  const respond = ({ token }: RedisCommand, status: number | null, body = ""): void => {
    const index = host.calls.findIndex((call) => call.token === token);
    host.calls.splice(index, 1);
    host.deliverResponse(ROOT, token, status, body);
  };
  return {
    host,
    pending: () =>
      host.calls.map(({ token, cluster, command }) => ({
        root: ROOT,
        token,
        cluster,
        args: command.args.map((arg) => Buffer.from(arg)),
      })),
    answer: (command, items, as) => {
      const body = JSON.stringify({ EVALSHA: items });
      respond(command, 200, as === null ? body : withNumberInJson(body, numberOf(as)));
    },
    refuse: (command, message) => respond(command, 200, JSON.stringify({ EVALSHA: [false, message] })),
    fail: (command) => respond(command, null),
  };
}

const numberOf = (command: RedisCommand): string => String(command.args.at(-1));

describe.each([
  ...MODULES.map(([name, file]) => [`Redis, ${name}`, (now = 1_000_000) => overRedis(file, now)] as const),
  ...ENVOY_MODULES.map(
    ([name, file]) => [`HTTP, ${name}`, (now = 1_000_000) => overHttp(file, now)] as const,
  ),
])("over %s", (_name, start) => {
  let way: Way;
  let host: StrictHost;
  beforeEach(async () => {
    way = await start();
    host = way.host;
  });

  const metric = (name: string): number => Number(host.metrics.get(`ai_token_ratelimit.${name}`) ?? 0n);
  const settled = (): number[] => [metric("charged_tokens"), metric("lost_tokens")];
  const next = (): RedisCommand => {
    const [command, ...others] = way.pending();
    expect(others).toEqual([]);
    return command!;
  };
  /** Some other command, whose number is therefore another one. */
  const other = (): RedisCommand => {
    host.request(900, ROOT, { "x-api-key": "other" });
    const command = next();
    way.answer(command, ["0", 30_000], command);
    host.end(900);
    return command;
  };
  const check = (id: number): { continued: number; localResponse: unknown } => host.request(id, ROOT, ALICE);
  /** The charge of 7 tokens that alice's request has used. */
  const charge = (id = 2, key = "alice"): RedisCommand => {
    host.request(id, ROOT, { "x-api-key": key });
    way.answer(next(), ["0", 30_000], next());
    host.responseHeaders(id, { "content-type": "application/json" });
    host.responseBody(id, usageBody(3, 4), true);
    host.end(id);
    return next();
  };

  it("rejects a request on the reply to its own command", () => {
    const stream = check(2);
    way.answer(next(), ["101", 30_000], next());
    expect(stream.localResponse).toMatchObject({ code: 429 });
  });

  it("lets a request pass when the reply belongs to another command, even one that would reject, and logs it", () => {
    const foreign = other();
    const stream = check(2);
    way.answer(next(), ["101", 30_000], foreign);
    expect([stream.continued, stream.localResponse]).toEqual([1, null]);
    expect(metric("unchecked_requests")).toBe(1);
    expect(metric("redis_failures.malformed")).toBe(1);
    expect(host.lines(4)).toEqual([expect.stringMatching(/not that to the command.*redis\.timeout/)]);
  });

  it.each([
    ["no number", ["101", 30_000]],
    ["nothing at all", []],
    ["an integer where the number should be", ["101", 30_000, 7]],
    ["nil where the number should be", ["101", 30_000, null]],
    ["a text where the number should be", ["101", 30_000, "x"]],
  ])("lets a request pass when the reply has %s", (_title, items) => {
    const stream = check(2);
    way.answer(next(), items, null);
    expect([stream.continued, stream.localResponse]).toEqual([1, null]);
    expect(metric("redis_failures.malformed")).toBe(1);
  });

  it("does not take the late reply to EVALSHA for the reply to the EVAL after it", () => {
    const stream = check(2);
    const first = next();
    way.refuse(first, "NOSCRIPT No matching script.");
    const second = next();
    expect(String(second.args[0])).toBe("EVAL");
    expect(numberOf(second)).not.toBe(numberOf(first));
    way.answer(second, ["101", 30_000], first);
    expect([stream.continued, stream.localResponse]).toEqual([1, null]);
    expect(metric("unchecked_requests")).toBe(1);
  });

  it("repeats a charge with the same marker when the reply belongs to another command, until it gets its own", () => {
    const foreign = other();
    const first = charge();
    // What a charge of the same form, and what one that was made before would be answered.
    for (const items of [[LEFT_MS, 7], [], [-2]]) {
      way.answer(next(), items, foreign);
      expect(settled()).toEqual([0, 0]);
      expect(way.pending()).toEqual([]);
      host.pass(ROOT, 4_000);
      expect(chargeOf(next())).toEqual(chargeOf(first));
    }
    way.answer(next(), [], next());
    expect(settled()).toEqual([7, 0]);
    host.pass(ROOT, 60_000);
    expect(way.pending()).toEqual([]);
  });

  it("does not take the late reply to the first attempt of a charge for the reply to the second", () => {
    const first = charge();
    way.fail(first);
    host.pass(ROOT, 1_500);
    const second = next();
    expect(chargeOf(second)).toEqual(chargeOf(first));
    expect(numberOf(second)).not.toBe(numberOf(first));
    way.answer(second, [LEFT_MS, 7], first);
    expect(settled()).toEqual([0, 0]);
    host.pass(ROOT, 2_500);
    way.answer(next(), [], next());
    expect(settled()).toEqual([7, 0]);
  });

  it("counts as lost, once, a charge that never gets its own reply", () => {
    const foreign = other();
    charge();
    let attempts = 0;
    for (; way.pending().length > 0; ++attempts) {
      way.answer(next(), [LEFT_MS, 7], foreign);
      host.pass(ROOT, 20_000);
    }
    // In the two minutes in which its marker would tell whether it was made.
    expect(attempts).toBe(7);
    expect(settled()).toEqual([0, 7]);
  });

  it("gives each command a number of 19 digits, unique across configurations", () => {
    host.configure(50, {
      ...PER_KEY,
      redis: { service_name: "webdis", database: 1, http: { cluster: "webdis" } },
    });
    host.clusters.add("outbound|6379||webdis");
    for (let id = 2; id < 200; ++id) host.request(id, id % 2 === 0 ? ROOT : 50, ALICE);
    const numbers = way.pending().map(numberOf);
    expect(numbers).toHaveLength(198);
    expect(new Set(numbers).size).toBe(198);
    for (const number of numbers) expect(number).toMatch(/^[1-9]\d{18}$/);
    expect(numbers.every((number) => BigInt(number) < 2n ** 63n)).toBe(true);
  });

  /** The number and the marker of a VM's first charge, when a host that is told so much tells it apart from others. */
  async function firstOf(
    configured: number,
    used: number,
    properties: Record<string, string | undefined>,
  ): Promise<{ number: bigint; marker: string }> {
    way = await start(configured);
    host = way.host;
    host.now = used;
    for (const [name, value] of Object.entries(properties)) {
      if (value !== undefined) host.properties.set(name, value);
    }
    const command = charge();
    return { number: BigInt(numberOf(command)), marker: chargeOf(command).marker };
  }

  /** Fails unless they are so far apart that none comes to where another began. */
  function expectApart(firsts: { number: bigint; marker: string }[]): void {
    const numbers = firsts.map(({ number }) => number).sort((a, b) => (a < b ? -1 : 1));
    for (let i = 1; i < numbers.length; ++i) {
      expect(numbers[i]! - numbers[i - 1]!).toBeGreaterThan(10n ** 13n);
    }
    // The last eleven characters of a marker are a number; those before are the VM's own.
    const ofVms = firsts.map(({ marker }) => marker.slice(-22, -11));
    expect(new Set(ofVms).size).toBe(firsts.length);
  }

  it("numbers commands differently in VMs that were configured, or first used, at different times", async () => {
    const firsts = [];
    for (const [configured, used] of [
      [1_000, 2_000],
      [1_001, 2_000],
      [1_000, 2_001],
      [2_000, 2_000],
    ] as const) {
      firsts.push(await firstOf(configured, used, {}));
    }
    expectApart(firsts);
  });

  it("numbers commands differently in each VM of a host whose clocks all read the same", async () => {
    // The workers of one proxy, each with its first connection, and another plugin on one of them.
    const firsts = [];
    for (const properties of [
      { "connection.id": "\x01" },
      { "connection.id": "\x02" },
      { "connection.id": "\x03" },
      { "connection.id": "\x03", plugin_name: "other" },
      { "connection.id": "\x03", plugin_vm_id: "other" },
    ]) {
      firsts.push(await firstOf(1_000, 2_000, { plugin_name: "limit", ...properties }));
    }
    expectApart(firsts);
  });

  it("numbers commands differently in the VMs of two hosts that differ only in their requests", async () => {
    const host = { "connection.id": "\x01", plugin_name: "limit", "node.id": "gateway" };
    const firsts = [];
    for (const properties of [
      { "request.id": "0a6c1f6e-5d5c-4d0e-9d0e-3c1c9a1f3d11", "source.address": "10.0.0.1:50000" },
      { "request.id": "4f1d2c3b-1a2b-4c3d-8e9f-0a1b2c3d4e5f", "source.address": "10.0.0.1:50000" },
      { "source.address": "10.0.0.1:50001" },
      { "xds.node.id": "another" },
      {},
    ]) {
      firsts.push(await firstOf(1_000, 2_000, { ...host, ...properties }));
    }
    expectApart(firsts);
  });
});
