// Contract: what `make bench` measures is what it says: in each scenario the filter asks, charges and rejects as in
// production, also on the plain host, and the floor makes the same Redis calls. Nothing is timed here.
import { describe, expect, it } from "vitest";
import { BenchHost } from "../../tools/bench/host.ts";
import { chart } from "../../tools/bench/chart.ts";
import { dialectOf } from "../../tools/bench/dialect.ts";
import { environmentOf } from "../../tools/bench/environment.ts";
import { measureMatching } from "../../tools/bench/matching.ts";
import { measureMemory } from "../../tools/bench/memory.ts";
import {
  filterModules,
  quotaModules,
  reservationModules,
  type FilterModule,
} from "../../tools/bench/modules.ts";
import { PlainHost } from "../../tools/bench/plain-host.ts";
import { CONSUMER, QUOTA } from "../../tools/bench/quota-scenarios.ts";
import { text } from "../../tools/bench/report.ts";
import { measureRecords } from "../../tools/bench/recording-cost.ts";
import { measureRequests, playerOf } from "../../tools/bench/requests.ts";
import { LOWERED, RESERVATION } from "../../tools/bench/reservation-scenarios.ts";
import { measureEstimator, measureRegex, measureScanner } from "../../tools/bench/scanning.ts";
import { measureScripts } from "../../tools/bench/script-time.ts";
import { SCENARIOS, USAGE, type Scenario } from "../../tools/bench/scenarios.ts";

const [ours, floor] = (await filterModules()) as [FilterModule, FilterModule];
const CHARGED = BigInt(USAGE.input + USAGE.output);
const MINUTE = 60_000;
/** Enough to see that it works. */
const ONCE = { rounds: 1, warmUp: 0, batch: 0 };

/** The words of a Redis command. */
const words = (command: Buffer | undefined): string[] =>
  String(command)
    .split("\r\n")
    .filter((line, i) => i > 0 && !/^\$\d+$/.test(line) && line !== "");

describe.each([
  ["lean", BenchHost],
  ["plain", PlainHost],
])("on the %s host", (_name, Host) => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "plays: %s",
    async (name, scenario) => {
      const player = await playerOf(ours.module, Host);
      expect(player.redis.name).toBe("ours");
      // Twice, so that what a stream leaves behind would show.
      player.play(scenario);
      const recording = player.host.record();
      player.play(scenario);
      // A filter that has a rule and meets no request that it fits says so once.
      const complaints = name === "unmatched" ? [expect.stringContaining("a request lacks")] : [];
      expect(player.host.complaints).toEqual(complaints);

      const [check, charge] = recording.commands.map(words);
      const metrics = [...recording.metrics];
      if (name === "unmatched") {
        expect(recording.commands).toEqual([]);
      } else if (name === "rejected") {
        expect(recording.commands).toHaveLength(1);
        expect(recording.answers).toEqual([429]);
        expect(recording.continued).toBe(0);
        expect(metrics).toMatchObject([[expect.stringContaining("upstream.outbound|443||qwen.dns"), 1n]]);
      } else {
        expect(recording.commands).toHaveLength(2);
        expect(check![0]).toBe("EVALSHA");
        expect(check).toContain(
          "higress-token-ratelimit:bench:limit_by_per_header:60:x-api-key:sk-proj-7Qm2XvR9tLpW",
        );
        expect(charge).toContain(String(CHARGED));
        expect(recording).toMatchObject({ answers: [], continued: 1 });
        expect(metrics).toEqual([["ai_token_ratelimit.charged_tokens", CHARGED]]);
      }
    },
  );
});

describe("the floor", () => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "does as ours: %s",
    async (_, scenario) => {
      const [we, it] = [await playerOf(ours.module), await playerOf(floor.module)];
      const [ourRecording, itsRecording] = [we.host.record(), it.host.record()];
      we.play(scenario);
      it.play(scenario);
      const { answers, continued, replied } = ourRecording;
      expect(itsRecording).toMatchObject({ answers, continued, replied });
      const lengths = ({ commands }: typeof ourRecording): number[] =>
        commands.map((command) => command.length);
      expect(lengths(itsRecording)).toEqual(lengths(ourRecording));
      expect(it.host.memoryBytes).toBe(1 << 16);
    },
  );
});

describe("reservations", async () => {
  const modules = (await reservationModules()) as [FilterModule, FilterModule];
  const scenarios = RESERVATION.scenarios.map((scenario) => [scenario.name, scenario] as const);
  const play = async (Host: typeof BenchHost, index: 0 | 1, scenario: Scenario) => {
    const player = await playerOf(modules[index].module, Host, RESERVATION);
    player.play(scenario);
    const recording = player.host.record();
    player.play(scenario);
    expect(player.host.complaints).toEqual([]);
    return { host: player.host, recording };
  };

  it.each(scenarios)("hold, rewrite, settle and reject as in production: %s", async (name, scenario) => {
    const { host, recording } = await play(PlainHost, 0, scenario);
    const [hold, settle] = recording.commands.map(words);
    expect(hold).toContain("stated");
    if (name === "denied") {
      expect(recording.commands).toHaveLength(1);
      expect(recording).toMatchObject({ answers: [429], continued: 0, rewritten: null });
      return;
    }
    expect(recording.commands).toHaveLength(2);
    expect(settle!.filter((word) => word.includes(":charge:"))).toEqual(
      hold!.filter((word) => word.includes(":charge:")),
    );
    expect(settle).toContain(String(CHARGED));
    expect(recording).toMatchObject({ answers: [], continued: 1 });
    expect([...recording.metrics]).toEqual([["ai_token_ratelimit.charged_tokens", CHARGED]]);
    const { body, header } = host as PlainHost;
    const before = String(scenario.prompt);
    const after = name === "clamped" ? before.replace(":512}", `: ${LOWERED}}`) : null;
    expect(recording.rewritten?.toString() ?? null).toBe(after);
    expect(Buffer.from(body).toString()).toBe(after ?? "");
    expect(header).toEqual(after && ["x-ratelimit-clamped-tokens", String(LOWERED)]);
  });

  it.each(scenarios)("cost their floor the same calls: %s", async (_, scenario) => {
    const [we, it] = await Promise.all([play(BenchHost, 0, scenario), play(BenchHost, 1, scenario)]);
    const { answers, continued, replied, rewritten, commands } = we.recording;
    expect(it.recording).toMatchObject({ answers, continued, replied });
    expect(it.recording.rewritten).toEqual(rewritten);
    expect(it.recording.commands.map(({ length }) => length)).toEqual(commands.map(({ length }) => length));
    expect(it.host.memoryBytes).toBe(1 << 16);
  });
});

describe("the dialect of a filter", () => {
  it("is told by the commands that it sends", () => {
    const nameFor = (...commands: string[]): string =>
      dialectOf(
        commands.map((command) => Buffer.from(command)),
        100,
      ).name;
    const ours = "*6\r\n$7\r\nEVALSHA\r\n$40\r\n";
    expect(nameFor()).toBe("ours");
    expect(nameFor(ours, `${ours}$2\r\n60\r\n$13\r\n1729382397910\r\n`)).toBe("ours");
    expect(nameFor(ours, `${ours}$2\r\n19\r\n$2\r\n60\r\n`)).toBe("ours without deadlines");
    expect(nameFor("*6\r\n$4\r\neval\r\n$9\r\n")).toBe("published");
    expect(nameFor("*2\r\n$3\r\nget\r\n$16\r\nchat_quota:alice\r\n")).toBe("published ai-quota");
  });

  it("answers the published ai-quota as Redis answers GET and DECRBY", () => {
    const redis = dialectOf([Buffer.from("*2\r\n$3\r\nget\r\n")], 100);
    expect([redis.check(42), redis.balance(0), redis.charge].map(String)).toEqual([
      "$2\r\n42\r\n",
      "$1\r\n0\r\n",
      ":61\r\n",
    ]);
  });
});

describe("ai-quota", async () => {
  const [quota, itsFloor] = (await quotaModules()) as [FilterModule, FilterModule];
  const scenarios = QUOTA.scenarios.map((scenario) => [scenario.name, scenario] as const);

  it.each(scenarios)(
    "asks, deducts and answers as in production, and its floor with it: %s",
    async (name, scenario) => {
      const [we, it] = await Promise.all(
        [quota, itsFloor].map(({ module }) => playerOf(module, BenchHost, QUOTA)),
      );
      we!.play(scenario);
      const [ours, floors] = [we!.host.record(), it!.host.record()];
      we!.play(scenario);
      it!.play(scenario);
      expect(we!.host.complaints).toEqual([]);
      const commands = ours.commands.map(words);
      expect(commands[0]).toContain(`chat_quota:${CONSUMER}`);
      if (name === "deducted") {
        expect(commands).toHaveLength(2);
        expect(commands[1]).toContain(`-${CHARGED}`);
        expect(ours).toMatchObject({ answers: [], continued: 1 });
        expect([...ours.metrics]).toEqual([["ai_quota.charged_tokens", CHARGED]]);
      } else {
        expect(commands).toHaveLength(1);
        expect(ours).toMatchObject({ answers: [name === "query" ? 200 : 403], continued: 0 });
      }
      const { answers, continued, replied } = ours;
      expect(floors).toMatchObject({ answers, continued, replied });
      expect(floors.commands.map(({ length }) => length)).toEqual(ours.commands.map(({ length }) => length));
    },
  );
});

describe("each section", () => {
  it("finds the limit of every request, of every kind", { timeout: MINUTE }, async () => {
    expect(await measureMatching(ours.module, ONCE, [10, 100])).toHaveLength(10);
  });

  it("reads bodies, texts and patterns", { timeout: MINUTE }, async () => {
    expect(await measureScanner(ONCE)).toHaveLength(4);
    expect(await measureEstimator(ONCE)).toHaveLength(3);
    expect(await measureRegex(ONCE)).not.toEqual([]);
  });

  it("records a decision only where somebody reads it", { timeout: MINUTE }, async () => {
    const costs = await measureRecords(ours.module, ONCE);
    expect(costs.map(({ goal }) => goal)).toEqual([null, 1, null]);
    const [none, asked, state] = costs.map(({ hostCalls }) => hostCalls);
    // Whether the header is there, and that nobody else sees it.
    expect(asked).toBe(none! + 2);
    expect(state).toBeGreaterThan(none! + 2);
    expect(costs[0]!.more.median).toBe(0);
    expect(text({ ...environmentOf([]), records: costs })).toContain("nobody can ask");
  });

  it("asks a real Redis what its scripts cost", { timeout: MINUTE }, async () => {
    const scripts = await measureScripts({ rounds: 3, batch: 50, counters: [10], open: [20] });
    expect(scripts.map(({ script, learns }) => [script, learns])).toEqual([
      ["hold", false],
      ["settle", false],
      ["hold", true],
      ["settle", true],
    ]);
    for (const { time } of scripts) expect(time.median).toBeGreaterThan(5);
    expect(text({ ...environmentOf([]), scripts })).toMatch(/^hold +10 +yes +20 +[\d.]+ /m);
  });

  it("sees that neither requests nor chunks make memory grow", { timeout: MINUTE }, async () => {
    const { early, late, grownByChunks } = await measureMemory(ours.module, 20_000, 20_000, 1);
    expect(late).toBe(early);
    expect(grownByChunks).toBe(0);
  });
});

describe("streams that are open at the same time", () => {
  it("take more the further they are, and what is promised at the most", { timeout: MINUTE }, async () => {
    const { open } = await measureMemory(ours.module, 10, 10, 10_000);
    expect(open).toMatchObject({ streams: 10_000 });
    const { waiting, begun, read, all } = open!;
    expect(waiting).toBeGreaterThan(500);
    expect(begun).toBeGreaterThanOrEqual(waiting);
    expect(read).toBeGreaterThan(begun);
    expect(begun).toBeLessThan(6 << 10);
    expect(read).toBeLessThan(14 << 10);
    expect(all).toBeLessThan(128 << 20);
  });
});

describe("the results", () => {
  it("show every request and module, as text and as a chart", async () => {
    const requests = await measureRequests([ours, floor], () => true, ONCE);
    const quota = await measureRequests(await quotaModules(), () => true, ONCE, QUOTA);
    const reservation = await measureRequests(await reservationModules(), () => true, ONCE, RESERVATION);
    // A peer may be called as our own plugin, whose goals it need not meet.
    const peer = { ...floor, name: "ai-quota" };
    const report = { ...environmentOf([floor, peer]), requests, reservation, quota };
    const [printed, drawn] = [text(report), chart(report)!];
    for (const { title } of SCENARIOS) {
      expect(printed).toContain(title);
      expect(drawn).toContain(title);
    }
    for (const { title } of [...QUOTA.scenarios, ...RESERVATION.scenarios]) expect(printed).toContain(title);
    expect(printed).toMatch(/^ai-quota\.wasm +\d+\.\d kB +\d+\.\d kB +below 150\.0 kB: met$/m);
    expect(printed).toMatch(/^ai-quota +\d+\.\d kB +\d+\.\d kB$/m);
    expect(printed).toMatch(/^ai-token-ratelimit\.wasm +\d+\.\d kB +\d+\.\d kB +below 220\.0 kB: met$/m);
    expect(drawn.match(/<rect /g)).toHaveLength(1 + 2 + 2 * SCENARIOS.length);
  });
});
