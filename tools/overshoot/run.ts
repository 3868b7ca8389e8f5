// Runs all calls through all gateways, in each mode.
import { basename } from "node:path";
import { canStart, KINDS, MODES, startGateways, type Gateways, type Kind } from "./gateways.ts";
import { measureBursts, measureRetries, type Outcome } from "./measure.ts";
import { measureWindows, type Windows } from "./windows.ts";

/** The answers: JSON, or a stream. */
export const ANSWERS = ["JSON", "stream"] as const;

export interface Result {
  readonly gateway: Kind;
  /** `off`, `estimate`, `clamp`, or the name of another plugin. */
  readonly mode: string;
  readonly answers: (typeof ANSWERS)[number];
  readonly calls: number;
  readonly burst: Outcome;
  /** By clients that come back after a rejection; undefined where few are rejected. */
  readonly retried: Outcome | undefined;
  /** When windows end meanwhile; only for the most calls. */
  readonly windows?: Windows | undefined;
}

export interface Plan {
  readonly calls: readonly number[];
  /** The module of another plugin, for one gateway. */
  readonly peer: string | undefined;
  readonly progress: (what: string) => void;
}

/** From how many calls on clients are also asked to come back. */
const MANY = 100;

/** Gateways in one mode. */
interface Subject {
  readonly mode: string;
  readonly gateways: Gateways;
}

/** @throws when tokens have been lost, charged twice, or stay reserved, because then the figures mean nothing */
export async function measureAll(plan: Plan): Promise<Result[]> {
  const results: Result[] = [];
  for (const kind of KINDS.filter(canStart)) {
    const subjects: Subject[] = [];
    try {
      for (const mode of MODES) subjects.push({ mode, gateways: await startGateways(kind, mode) });
      if (kind === KINDS[0] && plan.peer !== undefined) {
        const gateways = await startGateways(kind, "off", plan.peer);
        subjects.push({ mode: basename(plan.peer, ".wasm"), gateways });
      }
      results.push(...(await measureKind(kind, subjects, plan)));
    } finally {
      await Promise.all(subjects.map(({ gateways }) => gateways.close()));
    }
  }
  return results;
}

async function measureKind(
  gateway: Kind,
  subjects: readonly Subject[],
  { calls, progress }: Plan,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const answers of ANSWERS) {
    for (const count of calls) {
      progress(`${gateway}, ${answers}, ${count} ...`);
      const isStream = answers === "stream";
      const all = subjects.map(({ gateways }) => gateways);
      const bursts = await measureBursts(all, count, isStream);
      for (const [i, { mode, gateways }] of subjects.entries()) {
        const retried = count < MANY ? undefined : await measureRetries(gateways, count, isStream);
        const crosses = count >= MANY && count === Math.max(...calls);
        const windows = crosses ? await measureWindows(gateways, count, isStream) : undefined;
        results.push({ gateway, mode, answers, calls: count, burst: bursts[i]!, retried, windows });
      }
    }
  }
  return results;
}
