// Contract: the modules need nothing of V8. In wasmtime, reduced to WebAssembly 1.0 with bulk memory, each serves a request
// whose response streams, charges exactly what that used, and refuses the next one, by the calls of proxy-wasm 0.2.1.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const PACKAGE = join(root, "build/tools/wasmtime");
/** `make test` obtains it, or says how to; in CI nothing is skipped. */
const isAvailable = Boolean(process.env.CI) || existsSync(PACKAGE);

const SHA1 = expect.stringMatching(/^[0-9a-f]{40}$/);
/** The number of a command, which its reply repeats. */
const NUMBER = expect.stringMatching(/^\d{19}$/);
const DEADLINE = expect.stringMatching(/^\d{13}$/);
const PAUSE = 4;

/** What is played with a plugin, as tests/engines/play.py reads it, and what must be seen. */
const PLUGINS = {
  "ai-token-ratelimit": {
    scene: {
      configuration: {
        rule_name: "r",
        rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: 100 }] }],
      },
      header: { "x-api-key": "alice" },
      passes: [null, -2],
      charged: [141_000, 42],
      denied: [101, 30_000],
    },
    key: "higress-token-ratelimit:r:limit_by_per_header:60:x-api-key:alice",
    // What the script of a check is told of the counter, and that of a charge; and what is added.
    arguments: { check: "60", charge: "60", amount: "42" },
    metrics: "ai_token_ratelimit.",
    answer: {
      status: 429,
      details: "ai-token-ratelimit.rejected",
      body: "Too many requests",
      headers: { "X-TokenRateLimit-Reset": "30", "Retry-After": "30" },
    },
  },
  "ai-quota": {
    scene: {
      configuration: { admin_consumer: "admin" },
      header: { "x-mse-consumer": "alice" },
      passes: ["100", -1],
      charged: [141_000, 58],
      denied: ["0", -1],
    },
    key: "chat_quota:alice",
    arguments: { check: "0", charge: "0", amount: "-42" },
    metrics: "ai_quota.",
    answer: {
      status: 403,
      details: "ai-quota.noquota",
      body: "Request denied by ai quota check, No quota left",
      headers: { "content-type": "text/plain", "x-should-retry": "false" },
    },
  },
};
const MODULES = (["ai-token-ratelimit", "ai-quota"] as const).flatMap((plugin) =>
  ["", ".envoy"].map((target) => [`${plugin}${target}.wasm`, plugin] as const),
);

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
  denied: Exchange;
  unanswered: number;
  metrics: Record<string, number>;
  logs: string[];
}

function play(module: string, scene: object): Play {
  const { status, stdout, stderr } = spawnSync(
    "python3",
    [join(import.meta.dirname, "play.py"), join(root, "build", module), JSON.stringify(scene)],
    { encoding: "utf8", env: { ...process.env, PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: "1" } },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Play;
}

describe.skipIf(!isAvailable).each(MODULES)("%s in wasmtime", (module, plugin) => {
  const { scene, key, arguments: script, metrics, answer } = PLUGINS[plugin];
  const check = ["EVALSHA", SHA1, "1", key, script.check, NUMBER];
  let seen: Play;
  beforeAll(() => {
    seen = play(module, scene);
  });

  it("needs bulk memory, and no other proposal that an engine may lack", () => {
    expect(seen.engine).toMatch(/^wasmtime \d/);
    // It was loaded with bulk memory alone. That it is invalid without shows that the switches work.
    expect(seen.valid_in_webassembly_1).toBe(false);
  });

  it("takes a configuration, and refuses a broken one with a reason", () => {
    expect([seen.accepted, seen.refused]).toEqual([true, true]);
    expect(seen.logs).toContain(`4 [${plugin}] configuration: ends too early, at byte 15`);
  });

  it("lets a request through, and charges what its stream reports", () => {
    expect(seen.allowed).toMatchObject({ action: PAUSE, continued: 1, answer: null });
    expect(seen.allowed.commands).toEqual([
      check,
      [
        "EVALSHA",
        SHA1,
        "2",
        key,
        expect.stringMatching(/^higress-token-ratelimit:charge:\{.{4}\}:.{22}$/),
        ...[script.charge, DEADLINE, script.amount, NUMBER],
      ],
    ]);
    expect(seen.metrics[`${metrics}charged_tokens`]).toBe(42);
    expect(seen.metrics).not.toHaveProperty([`${metrics}lost_tokens`]);
  });

  it("answers a request that may not pass, which costs nothing", () => {
    expect(seen.denied).toEqual({ action: PAUSE, continued: 0, commands: [check], answer });
    expect(seen.unanswered).toBe(0);
  });
});
