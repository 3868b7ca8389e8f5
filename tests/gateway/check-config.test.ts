// Contract of the command check-config: files and standard input, its exit code, --strict and --json.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, GOOD } from "./check-config-text.ts";

const ROOT = join(import.meta.dirname, "../..");
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "check-config-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("the command", () => {
  async function run(args: string[], input = ""): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const child = spawn(join(ROOT, "gateway/bin/ai-token-ratelimit.mjs"), ["check-config", ...args], {
      cwd: directory,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
    child.stdin.end(input);
    const [code] = await once(child, "close");
    return { code, ...output };
  }
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return name;
  };

  it("checks several files and documents, and goes on after one that is not there", async () => {
    const good = file("good.yaml", `${GOOD}\n---\n${GOOD}\n---\napiVersion: v1\nkind: Service`);
    const bad = file("bad.yaml", "rule_name: r\nredis: {service_name: r}");
    const { code, stdout } = await run([good, "nowhere.yaml", bad]);
    const line = "  r, all requests: all together may use 1 tokens a minute, counted in Redis r.static:80";
    expect(stdout.trimEnd().split("\n")).toEqual([
      "good.yaml: OK",
      line,
      line,
      "nowhere.yaml: error: no such file",
      "bad.yaml:1:1: error: needs global_threshold or rule_items",
    ]);
    expect(code).toBe(1);
  });

  it("reads standard input", async () => {
    expect(await run(["-"], GOOD)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^-: OK\n/) });
    expect(await run(["-"], "rule_name: [")).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^-:1:\d+: error: /),
    });
  });

  it("lets warnings pass, but not with --strict", async () => {
    const doubtful = file("doubtful.yaml", `${GOOD}\nrejected_mesage: x`);
    expect(await run([doubtful])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("doubtful.yaml: OK, 1 warning\n"),
    });
    const strict = await run([doubtful, "--strict"]);
    expect(strict).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("doubtful.yaml: not OK for --strict, 1 warning\n"),
    });
  });

  it("fails when there is nothing in any file, and not when there is in one", async () => {
    const other = file("other.yaml", "apiVersion: v1\nkind: Service");
    expect(await run([other])).toMatchObject({ code: 1 });
    expect(await run([other, file("good.yaml", GOOD)])).toMatchObject({ code: 0 });
  });

  it("gives one JSON object with --json", async () => {
    const bad = file("bad.yaml", "rule_name: r\nredis: {service_name: r}\nrejected_code: 1");
    const { code, stdout } = await run(["--json", bad, file("good.yaml", GOOD), "nowhere.yaml"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      errors: 3,
      warnings: 0,
      configurations: [
        {
          source: "bad.yaml",
          plugin: "ai-token-ratelimit",
          kind: "configuration",
          path: "",
          isAccepted: false,
          rules: [],
        },
        {
          source: "good.yaml",
          plugin: "ai-token-ratelimit",
          kind: "configuration",
          path: "",
          isAccepted: true,
          rules: [expect.stringMatching(/^r, all/)],
        },
      ],
      problems: [
        {
          severity: "error",
          source: "bad.yaml",
          line: 1,
          column: 1,
          path: "",
          message: "needs global_threshold or rule_items",
        },
        {
          severity: "error",
          source: "bad.yaml",
          line: 3,
          column: 16,
          path: "rejected_code",
          message: expect.stringContaining("from 200 to 599"),
        },
        {
          severity: "error",
          source: "nowhere.yaml",
          line: null,
          column: null,
          path: "",
          message: "no such file",
        },
      ],
    });
  });

  it.each([
    "plugin.yaml",
    "deploy/envoy/envoy.yaml",
    "deploy/istio/wasm-plugin.yaml",
    "deploy/higress/k8s/ai-token-ratelimit.yaml",
  ])("has nothing to say against %s", (name) =>
    expect(check(readFileSync(join(ROOT, name), "utf8"))).toEqual([]),
  );
});
