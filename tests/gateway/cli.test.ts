// The command line says in one line what is wrong, and ends as it is told to.
// Issue "the filter end to end", part 2.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { guest } from "./fixtures/guest.ts";
import { deferred, send, startRedis, startUpstream, unusedPort } from "./support.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
let directory: string;
let wasm: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "gateway-"));
  wasm = await file("guest.wasm", await guest("scripted"));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, contents: string | Uint8Array): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, contents);
  return path;
}

function start(args: string[], script = "gateway/src/cli.ts") {
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { cwd: ROOT });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  return { child, output, exited: once(child, "exit") };
}

async function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const { output, exited } = start(args);
  const [code] = await exited;
  return { code, ...output };
}

describe("mistakes are one line", () => {
  const serve = ["--port", "0", "--upstream", "http://127.0.0.1:1"];

  it.each<[string, () => Promise<string[]>, string | RegExp]>([
    ["a missing configuration", async () => ["--config", "/nowhere.yaml"], "/nowhere.yaml: no such file"],
    ["bad YAML", async () => ["--config", await file("bad.yaml", "a: 1\nb: [")], /bad\.yaml:2:\d+: /],
    [
      "no mapping",
      async () => ["--config", await file("list.yaml", "- a")],
      "expected a mapping, got a list",
    ],
    [
      "a refused configuration",
      async () => ["--config", await file("no.yaml", "refuse: 1")],
      "rule_items[0]: refused",
    ],
    ["a missing module", async () => ["--wasm", "/nowhere.wasm"], "no such module; run `make build`"],
    ["no module", async () => ["--wasm", await file("x.wasm", "x")], "not a WebAssembly module"],
    ["a bad upstream", async () => ["--upstream", "localhost"], "expected an http:// or https:// URL"],
    ["a bad Redis", async () => ["--redis", "localhost"], 'redis: expected host:port, got "localhost"'],
    ["a bad service", async () => ["--service", "a"], "expected NAME=HOST:PORT"],
    ["a bad port", async () => ["--port", "70000"], "expected a whole number from 0 to 65535"],
    ["a bad log level", async () => ["--log-level", "loud"], "Allowed choices are"],
    ["an unknown option", async () => ["--prot", "1"], "unknown option '--prot'"],
  ])("%s", async (_name, args, message) => {
    const config = await file("ok.yaml", "any: thing");
    const { code, stderr } = await run("--config", config, "--wasm", wasm, ...serve, ...(await args()));
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("a port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const config = await file("ok.yaml", "any: thing");
    const { code, stderr } = await run("--config", config, "--wasm", wasm, ...serve, "--port", `${port}`);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: gateway: port ${port} is in use\n`);
  });
});

describe("serve", () => {
  it("runs until SIGTERM, lets a request end, and warns about a Redis that is down", async () => {
    const release = deferred();
    const arrived = deferred();
    const upstream = await startUpstream((_request, response) => {
      arrived.resolve();
      void release.promise.then(() => response.end("late"));
    });
    const config = await file("redis.yaml", "redis: {service_name: r.dns}");
    const redis = `127.0.0.1:${await unusedPort()}`;
    const args = [
      "--config",
      config,
      "--wasm",
      wasm,
      "--port",
      "0",
      "--upstream",
      upstream,
      "--redis",
      redis,
    ];
    const { child, output, exited } = start(args);
    const url = await new Promise<string>((resolve) => {
      child.stdout.on("data", () => {
        const [, found] = /gateway at (\S+),/.exec(output.stdout) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    const pending = send(url);
    await arrived.promise;
    child.kill("SIGTERM");
    release.resolve();
    expect((await pending).body).toBe("late");
    expect(await exited).toEqual([0, null]);
    const warnings = output.stdout.split("\n").filter((line) => line.includes('"level":40'));
    expect(warnings).toEqual([
      expect.stringContaining(`Redis r.dns:6379 at ${redis} cannot be reached (ECONNREFUSED)`),
    ]);
  });

  it("says where Redis is", async () => {
    const config = await file("redis.yaml", "redis: {service_name: r.dns}");
    const args = ["--config", config, "--wasm", wasm, "--port", "0", "--upstream", "http://127.0.0.1:1"];
    const redis = await startRedis();
    const { child, output, exited } = start([...args, "--service", `r.dns=${redis}`]);
    await new Promise<void>((resolve) => {
      child.stdout.on("data", () => output.stdout.includes("gateway at") && resolve());
    });
    child.kill("SIGINT");
    expect(await exited).toEqual([0, null]);
    expect(output.stdout).toContain(`Redis r.dns:6379 at ${redis}`);
  });
});

describe("check-config", () => {
  it("accepts", async () => {
    const config = await file("ok.yaml", "any: thing");
    expect(await run("check-config", config, "--wasm", wasm)).toMatchObject({
      code: 0,
      stdout: `${config}: OK\n`,
    });
  });

  it("prints what the filter says, without its prefix", async () => {
    const config = await file("no.yaml", "refuse: 1");
    const { code, stdout } = await run("check-config", config, "--wasm", wasm);
    expect(code).toBe(1);
    expect(stdout).toBe(`${config}: rule_items[0]: refused\n`);
  });

  it("points at bad YAML", async () => {
    const config = await file("bad.yaml", "a:\n  - b\n c: d");
    const { code, stderr } = await run("check-config", config, "--wasm", wasm);
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.yaml:3:\d+: /);
  });
});

it("tells its version", async () => {
  expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("starts the fake LLM on its own", async () => {
  const { child, output } = start(["--port", "0"], "gateway/src/fake-llm/main.ts");
  await once(child.stdout, "data");
  const [, url] = /(http:\S+)\/v1/.exec(output.stdout) ?? [];
  expect((await send(`${url}/v1/models`)).status).toBe(200);
});
