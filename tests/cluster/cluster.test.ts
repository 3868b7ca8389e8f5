// Scenario: the scripts run on a real cluster of six servers, three with a replica each, for every shape of rule; a slot moves,
// and a master dies. Counters, their holds and the markers of their charges move and fail over together. Specified by the README, `redis`,
// and https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/. On Redis and, where it is here, on Valkey.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../tools/redis-server.ts";
import { loadHarness } from "../support/as.ts";
import { eventually } from "../support/stack.ts";

interface Keys {
  globalKey(rule: string, tagged: boolean, window: number): string;
  ruleKey(rule: string, tagged: boolean, by: string, window: number, name: string, value: string): string;
  holdsKey(counter: ArrayBuffer): string;
  markerKey(counter: ArrayBuffer, isAnswer: boolean, high: bigint, low: bigint): string;
}
interface Scripts {
  peekScript(counters: number): string;
  settleScript(counters: number): string;
  holdScript(counters: number): string;
  settleHeldScript(counters: number): string;
}

const VALKEY = resolve(import.meta.dirname, "../../build/tools/valkey");
const SERVERS: [string, string][] = [["Redis", "redis-server"]];
if (existsSync(VALKEY) || process.env.CI) SERVERS.push(["Valkey", VALKEY]);

const SLOTS = 16384;
const MASTERS = 3;
const WINDOW = 3600;

interface Node {
  readonly port: number;
  readonly process: ChildProcess;
  readonly client: Redis;
}

/** The port of a node's bus, which other nodes use, is another one that is free; so is what it keeps on disk its own. */
async function startNode(program: string, directory: string): Promise<Node> {
  const [port, bus] = [await freePort(), await freePort()];
  const home = join(directory, String(port));
  mkdirSync(home);
  const settings = { port, "cluster-port": bus, bind: "127.0.0.1", dir: home, save: "", appendonly: "no" };
  const cluster = { "cluster-enabled": "yes", "cluster-node-timeout": 1000, "repl-diskless-sync-delay": 0 };
  const args = Object.entries({ ...settings, ...cluster }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const child = spawn(program, args, { stdio: "ignore" });
  const client = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
  client.on("error", () => undefined);
  await eventually(async () => ((await client.ping().catch(() => "")) === "PONG" ? true : undefined), 20_000);
  await client.call("CLUSTER", "SET-CONFIG-EPOCH", 0).catch(() => undefined);
  return { port, process: child, client };
}

const idOf = ({ client }: Node): Promise<string> => client.call("CLUSTER", "MYID") as Promise<string>;

async function formCluster(nodes: readonly Node[]): Promise<void> {
  const ports = await Promise.all(
    nodes.map(async ({ client }) => ((await client.call("CONFIG", "GET", "cluster-port")) as string[])[1]!),
  );
  for (const [index, { port }] of nodes.entries())
    await nodes[0]!.client.call("CLUSTER", "MEET", "127.0.0.1", port, ports[index]!);
  for (let master = 0; master < MASTERS; ++master) {
    const first = Math.floor((master * SLOTS) / MASTERS);
    const last = Math.floor(((master + 1) * SLOTS) / MASTERS) - 1;
    await nodes[master]!.client.call("CLUSTER", "ADDSLOTSRANGE", first, last);
  }
  const known = async ({ client }: Node): Promise<number> =>
    ((await client.call("CLUSTER", "NODES")) as string).trim().split("\n").length;
  for (const node of nodes)
    await eventually(async () => ((await known(node)) === nodes.length ? true : undefined), 20_000);
  for (const [index, node] of nodes.slice(MASTERS).entries()) {
    const id = await idOf(nodes[index]!);
    await eventually(
      () =>
        node.client.call("CLUSTER", "REPLICATE", id).then(
          () => true,
          () => undefined,
        ),
      20_000,
    );
  }
  for (const node of nodes) {
    await eventually(async () => {
      const info = (await node.client.call("CLUSTER", "INFO")) as string;
      return info.includes("cluster_state:ok") ? true : undefined;
    }, 20_000);
  }
  for (const node of nodes.slice(MASTERS)) {
    await eventually(async () => {
      const info = await node.client.info("replication");
      return info.includes("master_link_status:up") ? true : undefined;
    }, 20_000);
  }
}

describe.each(SERVERS)("a cluster of %s", (_name, program) => {
  const directory = mkdtempSync(join(tmpdir(), "ai-token-ratelimit-cluster-"));
  const nodes: Node[] = [];
  let cluster: Cluster;
  let keys: Keys;
  let scripts: Scripts;
  let ids = 0n;

  beforeAll(async () => {
    keys = await loadHarness<Keys>("tests/unit/ledger/ledger.harness.ts");
    scripts = await loadHarness<Scripts>("tests/lua/scripts.harness.ts");
    for (let node = 0; node < 2 * MASTERS; ++node) nodes.push(await startNode(program, directory));
    await formCluster(nodes);
    cluster = new Cluster(
      nodes.map(({ port }) => ({ host: "127.0.0.1", port })),
      { clusterRetryStrategy: () => 100, retryDelayOnFailover: 200, maxRedirections: 64 },
    );
    cluster.on("error", () => undefined);
  }, 90_000);
  afterAll(() => {
    cluster?.disconnect();
    for (const { client, process } of nodes) {
      client.disconnect();
      process.kill("SIGKILL");
    }
    rmSync(directory, { recursive: true, force: true });
  });

  const capacityFor = (counters: number): number => 2 ** Math.ceil(Math.log2(counters));
  const newMarker = (counter: string): string =>
    keys.markerKey(new Uint8Array(Buffer.from(counter)).buffer, false, 7n, ++ids);
  /** The charge script's arguments, as assembly/ledger/charge.ts sends them. */
  function chargeOf(
    counters: string[],
    marker: string,
    tokens: number,
  ): [string, number, ...(string | number)[]] {
    const [first, ...rest] = counters;
    const all = [first!, marker, ...rest];
    const numbers = [WINDOW, Date.now() + 60_000, ...rest.map(() => WINDOW), tokens];
    return [scripts.settleScript(capacityFor(counters.length)), all.length, ...all, ...numbers, "1"];
  }
  const charge = (counters: string[], marker: string, tokens: number): Promise<unknown> =>
    cluster.eval(...chargeOf(counters, marker, tokens));
  const check = (counters: string[]): Promise<unknown[]> =>
    cluster.eval(
      scripts.peekScript(capacityFor(counters.length)),
      counters.length,
      ...counters,
      ...counters.map(() => WINDOW),
      "1",
    ) as Promise<unknown[]>;

  const holdsOf = (counter: string): string => keys.holdsKey(new Uint8Array(Buffer.from(counter)).buffer);
  const heldKeys = (counters: string[], marker: string): string[] => [
    ...counters.flatMap((counter) => [counter, holdsOf(counter)]),
    marker,
  ];
  const windows = (counters: string[]): string[] => counters.map(() => String(WINDOW));
  /** Reserves 10 tokens on each counter, of a limit of 1,000; no hold lapses during the tests. */
  const hold = (counters: string[], marker: string, kinds = windows(counters)): Promise<unknown> => {
    const all = heldKeys(counters, marker);
    const asked = [1, 4, 6, 6, "stated", 60_000, "charge", 600_000, "-", 3, 50];
    const limits = kinds.flatMap((kind) => [kind, 1000]);
    return cluster.eval(
      scripts.holdScript(capacityFor(counters.length)),
      all.length,
      ...all,
      ...asked,
      ...limits,
      "1",
    );
  };
  const settleHeld = (
    counters: string[],
    marker: string,
    tokens: number,
    kinds = windows(counters),
  ): Promise<unknown> => {
    const all = heldKeys(counters, marker);
    const numbers = [1, tokens, Date.now() + 60_000, 0, 0, tokens, ...kinds];
    return cluster.eval(
      scripts.settleHeldScript(capacityFor(counters.length)),
      all.length,
      ...all,
      ...numbers,
      "1",
    );
  };
  const heldOn = async (counter: string): Promise<number> =>
    Number((await cluster.hget(holdsOf(counter), "sum")) ?? 0);

  const VALUES = [
    "ann",
    "",
    "{",
    "}",
    "{}",
    "}x{y}",
    "{a}b",
    "a{b",
    "a}b",
    "{{a}}",
    "日本",
    "x".repeat(4096),
  ];
  const single = (value: string): string[] => [
    keys.ruleKey("r", false, "limit_by_per_header", WINDOW, "x-api-key", value),
  ];
  const tagged = (value: string): string[] => [
    keys.globalKey("r", true, WINDOW),
    keys.ruleKey("r", true, "limit_by_per_header", 60, "x-api-key", value),
    keys.ruleKey("r", true, "limit_by_per_header", WINDOW, "x-api-key", value),
  ];

  it.each(VALUES.map((value) => [value.length > 99 ? "a long one" : JSON.stringify(value), value]))(
    "checks and charges every shape of rule for the value %s, each charge once",
    async (_title, value) => {
      for (const counters of [single(value), tagged(value)]) {
        const before = Number((await check(counters))[0] ?? 0);
        const marker = newMarker(counters[0]!);
        await charge(counters, marker, 10);
        // A repetition answers the number of the command alone.
        expect(await charge(counters, marker, 10)).toEqual(["1"]);
        expect(Number((await check(counters))[0])).toBe(before + 10);
      }
    },
  );

  it.each(VALUES.map((value) => [value.length > 99 ? "a long one" : JSON.stringify(value), value]))(
    "reserves on every shape of rule for the value %s, on all counters at once, and settles each hold once",
    async (_title, value) => {
      for (const counters of [single(`held ${value}`), single(value), tagged(`held ${value}`)]) {
        const [before = 0] = (await check(counters)).map(Number);
        const marker = newMarker(counters[0]!);
        expect(await hold(counters, marker)).toEqual([6, expect.any(Number), 0, "held", "1"]);
        for (const counter of counters) expect(await heldOn(counter)).toBe(10);
        await settleHeld(counters, marker, 7);
        // A repetition answers the number of the command alone.
        expect(await settleHeld(counters, marker, 7)).toEqual(["1"]);
        for (const counter of counters) expect(await heldOn(counter)).toBe(0);
        expect(Number((await check(counters))[0])).toBe(before + 7);
      }
    },
  );

  it("counts a request, by the calendar too, in the step that reserves tokens, and each once", async () => {
    const counters = tagged("requests");
    const kinds = ["c86400+28800", "r60", "rc2592000-12600"];
    const marker = newMarker(counters[0]!);
    expect(await hold(counters, marker, kinds)).toEqual([6, expect.any(Number), 0, "held", "1"]);
    expect(await hold(counters, marker, kinds)).toEqual(["1"]);
    await settleHeld(counters, marker, 7, kinds);
    const counted = await Promise.all(counters.slice(1).map((counter) => cluster.get(counter)));
    expect(counted).toEqual(["1", "1"]);
    const lefts = await Promise.all(counters.map((counter) => cluster.pttl(counter)));
    for (const [i, days] of [1, 1 / 1440, 31].entries()) {
      expect(lefts[i]).toBeGreaterThan(0);
      expect(lefts[i]).toBeLessThanOrEqual(days * 86_400_000);
    }
  });

  it("a host without a Cluster client gets MOVED, and nothing is counted", async () => {
    const counters = single("moved");
    const slot = (await nodes[0]!.client.call("CLUSTER", "KEYSLOT", counters[0]!)) as number;
    const owner = Math.min(MASTERS - 1, Math.floor((slot * MASTERS) / SLOTS));
    const stranger = nodes[(owner + 1) % MASTERS]!.client;
    await expect(stranger.eval(...chargeOf(counters, newMarker(counters[0]!), 10))).rejects.toThrow(
      /^MOVED \d+ /,
    );
    expect((await check(counters))[0]).toBeNull();
  });

  it("a slot that moves takes counter, holds and markers along: what was charged before is not charged again", async () => {
    const counters = single("moving");
    const marker = newMarker(counters[0]!);
    const held = newMarker(counters[0]!);
    await charge(counters, marker, 10);
    await hold(counters, held);
    const slot = (await nodes[0]!.client.call("CLUSTER", "KEYSLOT", counters[0]!)) as number;
    const owners = await Promise.all(
      nodes.slice(0, MASTERS).map(({ client }) =>
        client.get(counters[0]!).then(
          () => true,
          () => false,
        ),
      ),
    );
    const from = nodes[owners.indexOf(true)]!;
    const to = nodes[(owners.indexOf(true) + 1) % MASTERS]!;
    await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
    await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
    const names = (await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
    expect(names.sort()).toEqual([...counters, marker, holdsOf(counters[0]!), held].sort());
    await from.client.call("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", ...names);
    // The old owner says ASK now, which a client of the cluster follows and any other gets.
    await expect(from.client.eval(...chargeOf(counters, marker, 10))).rejects.toThrow(/^ASK \d+ /);
    expect(await charge(counters, marker, 10)).toEqual(["1"]);
    // A new one has a marker that is nowhere yet, so neither owner can tell whose it is. It is refused, and nothing is done.
    const next = newMarker(counters[0]!);
    await to.client.call("ASKING");
    await expect(to.client.eval(...chargeOf(counters, next, 5))).rejects.toThrow(/^TRYAGAIN /);
    for (const { client } of [to, from, ...nodes.slice(0, MASTERS)])
      await client.call("CLUSTER", "SETSLOT", slot, "NODE", await idOf(to));
    await charge(counters, next, 5);
    expect(await charge(counters, next, 5)).toEqual(["1"]);
    expect(await charge(counters, marker, 10)).toEqual(["1"]);
    await expect(from.client.eval(...chargeOf(counters, marker, 10))).rejects.toThrow(/^MOVED \d+ /);
    expect((await check(counters))[0]).toBe("15");
    expect(await heldOn(counters[0]!)).toBe(10);
    await settleHeld(counters, held, 3);
    expect([await heldOn(counters[0]!), (await check(counters))[0]]).toEqual([0, "18"]);
  });

  it("a replica that takes over knows counters, holds and markers", async () => {
    const counters = tagged("failover");
    const [marker, held] = [newMarker(counters[0]!), newMarker(counters[0]!)];
    const before = Number((await check(counters))[0] ?? 0);
    await charge(counters, marker, 10);
    await hold(counters, held);
    const slot = (await nodes[0]!.client.call("CLUSTER", "KEYSLOT", counters[0]!)) as number;
    const owner = nodes[Math.min(MASTERS - 1, Math.floor((slot * MASTERS) / SLOTS))]!;
    // Replication is asynchronous: what the replica has not got when the master dies is lost. Here it has.
    expect(await owner.client.wait(1, 5000)).toBe(1);
    owner.process.kill("SIGKILL");
    expect(await charge(counters, marker, 10)).toEqual(["1"]);
    await charge(counters, newMarker(counters[0]!), 7);
    expect(Number((await check(counters))[0])).toBe(before + 17);
    expect(await Promise.all(counters.map(heldOn))).toEqual(counters.map(() => 10));
    await settleHeld(counters, held, 3);
    expect(await Promise.all(counters.map(heldOn))).toEqual(counters.map(() => 0));
    expect(Number((await check(counters))[0])).toBe(before + 20);
  }, 60_000);
});
