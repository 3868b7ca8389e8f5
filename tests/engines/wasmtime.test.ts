// Contract: the modules need nothing of V8. In wasmtime, reduced to WebAssembly 1.0 with bulk memory, each serves a request
// whose response streams, charges exactly what that used, and rejects the next one, by the calls of proxy-wasm 0.2.1.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const PACKAGE = join(root, "build/tools/wasmtime");
/** `make test` obtains it, or says how to; in CI nothing is skipped. */
const isAvailable = Boolean(process.env.CI) || existsSync(PACKAGE);

const KEY = "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice";
const SHA1 = expect.stringMatching(/^[0-9a-f]{40}$/);
/** The number of a command, which its reply repeats. */
const NUMBER = expect.stringMatching(/^\d{19}$/);
const DEADLINE = expect.stringMatching(/^\d{13}$/);
const CHECK = ["EVALSHA", SHA1, "1", KEY, "60", NUMBER];
const PAUSE = 4;

interface Exchange {
  action: number;
  continued: number;
  answer: object | null;
  commands: string[][];
}

/** What tests/engines/play.py prints. */
interface Play {
  engine: string;
  valid_in_webassembly_1: boolean;
  accepted: boolean;
  refused: boolean;
  allowed: Exchange;
  rejected: Exchange;
  unanswered: number;
  metrics: Record<string, number>;
  logs: string[];
}

function play(module: string): Play {
  const { status, stdout, stderr } = spawnSync(
    "python3",
    [join(import.meta.dirname, "play.py"), join(root, "build", module)],
    { encoding: "utf8", env: { ...process.env, PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: "1" } },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Play;
}

describe.skipIf(!isAvailable).each(["ai-token-ratelimit.wasm", "ai-token-ratelimit.envoy.wasm"])(
  "%s in wasmtime",
  (module) => {
    let seen: Play;
    beforeAll(() => {
      seen = play(module);
    });

    it("needs bulk memory, and no other proposal that an engine may lack", () => {
      expect(seen.engine).toMatch(/^wasmtime \d/);
      // It was loaded with bulk memory alone. That it is invalid without shows that the switches work.
      expect(seen.valid_in_webassembly_1).toBe(false);
    });

    it("takes a configuration, and refuses a broken one with a reason", () => {
      expect([seen.accepted, seen.refused]).toEqual([true, true]);
      expect(seen.logs).toContain("4 [ai-token-ratelimit] configuration: ends too early, at byte 15");
    });

    it("lets a request through, and charges what its stream reports", () => {
      expect(seen.allowed).toMatchObject({ action: PAUSE, continued: 1, answer: null });
      expect(seen.allowed.commands).toEqual([
        CHECK,
        [
          "EVALSHA",
          SHA1,
          "2",
          KEY,
          expect.stringMatching(/^higress-token-ratelimit:charge:\{.{4}\}:.{22}$/),
          ...["60", DEADLINE, "42", NUMBER],
        ],
      ]);
      expect(seen.metrics["ai_token_ratelimit.charged_tokens"]).toBe(42);
      expect(seen.metrics).not.toHaveProperty("ai_token_ratelimit.lost_tokens");
    });

    it("answers a request that is over its limit, which costs nothing", () => {
      expect(seen.rejected).toEqual({
        action: PAUSE,
        continued: 0,
        commands: [CHECK],
        answer: {
          status: 429,
          details: "ai-token-ratelimit.rejected",
          body: "Too many requests",
          headers: { "X-TokenRateLimit-Reset": "30", "Retry-After": "30" },
        },
      });
      expect(seen.unanswered).toBe(0);
    });
  },
);
