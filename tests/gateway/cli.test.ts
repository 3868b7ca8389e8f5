// The command line says in one line what is wrong, and ends as it is told to.
// Issue "the filter end to end", part 2.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { guest } from "./fixtures/guest.ts";
import {
  deferred,
  nextChunk,
  open,
  send,
  startRedis,
  startTcp,
  startUpstream,
  unusedPort,
} from "./support.ts";

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

const EXECUTABLE = join(ROOT, "gateway/bin/ai-token-ratelimit.mjs");

function start(args: string[], command: string[] = [EXECUTABLE], cwd = ROOT) {
  const [program = "", ...before] = command;
  const child = spawn(program, [...before, ...args], { cwd });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  return { child, output, exited: once(child, "exit") };
}

/** The address that a started gateway tells. */
async function urlOf(gateway: ReturnType<typeof start>): Promise<string> {
  return (await untilPrinted(gateway, /gateway at (\S+),/))[1] ?? "";
}

function untilPrinted(
  { child, output }: ReturnType<typeof start>,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = pattern.exec(output.stdout);
      if (found !== null) resolve(found);
    };
    child.stdout.on("data", look);
    look();
  });
}

async function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const { output, exited } = start(args);
  const [code] = await exited;
  return { code, ...output };
}

describe("mistakes are one line", () => {
  const serve = ["--port", "0", "--upstream", "http://127.0.0.1:1"];

  it.each<[string, () => string[] | Promise<string[]>, string | RegExp]>([
    ["a missing configuration", () => ["--config", "/nowhere.yaml"], "/nowhere.yaml: no such file"],
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
    ["a missing module", () => ["--wasm", "/nowhere.wasm"], "no such module; run `make build`"],
    ["no module", async () => ["--wasm", await file("x.wasm", "x")], "not a WebAssembly module"],
    ["a bad upstream", () => ["--upstream", "localhost"], "expected an http:// or https:// URL"],
    ["a module without a plugin", () => ["--wasm", `x=${wasm}`], "there is no plugin called x"],
    ["no name of a plugin", () => ["--wasm", `=${wasm}`], "expected FILE or NAME=FILE"],
    ["a missing plugin", () => ["--plugin", "/nowhere.yaml"], "/nowhere.yaml: no such file"],
    [
      "a file without a plugin",
      async () => ["--plugin", await file("none.yaml", "a: 1")],
      "none.yaml: there is no WasmPlugin in it",
    ],
    ["a bad Redis", () => ["--redis", "localhost"], 'redis: expected host:port, got "localhost"'],
    ["a bad service", () => ["--service", "a"], "expected NAME=HOST:PORT"],
    ["a bad port", () => ["--port", "70000"], "expected a whole number from 0 to 65535"],
    ["a bad log level", () => ["--log-level", "loud"], "Allowed choices are"],
    ["an unknown option", () => ["--prot", "1"], "unknown option '--prot'"],
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
  it("runs the plugins of several files in their order", async () => {
    const upstream = await startUpstream((request, response) => response.end(request.headers["x-chain"]));
    const named = await file("named.wasm", await guest("named"));
    const plugin = (name: string, priority: number) =>
      file(
        `${name}.yaml`,
        `apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: ${name}}\n` +
          `spec: {priority: ${priority}, defaultConfig: {name: ${name}}}`,
      );
    const files = ["--plugin", await plugin("low", 1), "--plugin", await plugin("high", 2)];
    const modules = ["--wasm", `low=${named}`, "--wasm", `high=${named}`];
    const gateway = start(["serve", ...files, ...modules, "--upstream", upstream, "--port", "0"]);
    expect((await send(await urlOf(gateway))).body).toBe("high, low");
    expect(gateway.output.stdout).toContain("plugins: high → low");
  });

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
    const gateway = start(args);
    const { child, output, exited } = gateway;
    const url = await urlOf(gateway);
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

describe("the end of serve", () => {
  /** An upstream whose stream goes on for ever. */
  const endless = (): Promise<string> =>
    startUpstream((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"choices":[{"delta":{"content":"Once upon a time there was"}}]}\n\n');
    });
  const LIMIT = `
rule_name: r
rule_items:
  - {limit_by_per_header: x-api-key, limit_keys: [{key: "*", token_per_day: 1000}]}
redis: {service_name: r.dns}`;
  const ask = (url: string) =>
    open(`${url}/v1/chat/completions`, { method: "POST", headers: { "x-api-key": "k" } }, (request) =>
      request.end('{"stream":true,"messages":[{"role":"user","content":"Tell me a story"}]}'),
    );

  it("comes when the grace is over, though a stream has not ended, and what it used is charged", async () => {
    const redis = await startRedis();
    const config = await file("limit.yaml", LIMIT);
    const options = ["--upstream", await endless(), "--redis", redis, "--port", "0", "--grace", "0"];
    const gateway = start(["serve", "--config", config, ...options]);
    const response = await ask(await urlOf(gateway));
    await nextChunk(response);
    const broken = once(response.resume(), "end");
    gateway.child.kill("SIGTERM");
    await expect(broken).rejects.toThrow("aborted");
    expect(await gateway.exited).toEqual([0, null]);
    const client = new Redis(`redis://${redis}`);
    onTestFinished(() => client.disconnect());
    const key = "higress-token-ratelimit:r:limit_by_per_header:86400:x-api-key:k";
    expect(Number(await client.get(key))).toBeGreaterThan(5);
    expect(gateway.output.stdout).toContain("cut off because they had not ended in time: 1");
  });

  it("comes though Redis does not answer to the last charge", async () => {
    const silent = await startTcp((socket) => socket.resume());
    const config = await file("limit.yaml", `${LIMIT.replace("r.dns", "r.dns, timeout: 100")}`);
    const options = ["--upstream", await endless(), "--redis", silent, "--port", "0", "--grace", "0"];
    const gateway = start(["serve", "--config", config, ...options]);
    const response = await ask(await urlOf(gateway));
    await nextChunk(response);
    response.on("error", () => {});
    gateway.child.kill("SIGINT");
    expect(await gateway.exited).toEqual([0, null]);
  });

  it("comes though nobody reads its output any more", async () => {
    const config = await file("ok.yaml", "any: thing");
    const options = ["--upstream", "http://127.0.0.1:1", "--wasm", wasm, "--port", "0"];
    const gateway = start(["serve", "--config", config, ...options]);
    await urlOf(gateway);
    gateway.child.stdout.destroy();
    gateway.child.stderr.destroy();
    gateway.child.kill("SIGTERM");
    expect(await gateway.exited).toEqual([0, null]);
  });

  it("comes at once with a second signal", async () => {
    const config = await file("ok.yaml", "any: thing");
    const options = ["--upstream", await endless(), "--wasm", wasm, "--port", "0", "--grace", "3600"];
    const gateway = start(["serve", "--config", config, ...options]);
    const response = await ask(await urlOf(gateway));
    await nextChunk(response);
    response.on("error", () => {});
    gateway.child.kill("SIGTERM");
    await untilPrinted(gateway, /SIGTERM: no new connections; requests under way have 3600 s to end/);
    gateway.child.kill("SIGTERM");
    expect(await gateway.exited).toEqual([143, null]);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("is that of npx, which started it, by %s", async (signal) => {
    const config = await file("ok.yaml", "any: thing");
    const options = ["--upstream", "http://127.0.0.1:1", "--wasm", wasm, "--port", "0"];
    const gateway = start(["serve", "--config", config, ...options], ["npx", "ai-token-ratelimit"]);
    await urlOf(gateway);
    gateway.child.kill(signal);
    // The gateway has npx' output, which is closed by the last of them.
    await once(gateway.child, "close");
  });
});

it("runs from another project, with the module that was built here", async () => {
  const project = await mkdtemp(join(directory, "project-"));
  await mkdir(join(project, "node_modules/.bin"), { recursive: true });
  await symlink(ROOT, join(project, "node_modules/ai-token-ratelimit"));
  const link = join(project, "node_modules/.bin/ai-token-ratelimit");
  await symlink("../ai-token-ratelimit/gateway/bin/ai-token-ratelimit.mjs", link);
  const { output, exited } = start(["check-config", join(ROOT, "plugin.yaml")], [link], project);
  expect(await exited).toEqual([0, null]);
  expect(output.stdout).toContain("plugin.yaml: OK");
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
    expect(stdout).toBe(`${config}:1:1: error: rule_items[0]: refused\n`);
  });

  it("points at bad YAML", async () => {
    const config = await file("bad.yaml", "a:\n  - b\n c: d");
    const { code, stdout } = await run("check-config", config, "--wasm", wasm);
    expect(code).toBe(1);
    expect(stdout).toMatch(/bad\.yaml:3:\d+: error: /);
  });
});

it("tells its version", async () => {
  expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it("starts the fake LLM on its own", async () => {
  const command = [process.execPath, "--import", "tsx", "tools/fake-llm/main.ts"];
  const { child, output } = start(["--port", "0"], command);
  await once(child.stdout, "data");
  const [, url] = /(http:\S+)\/v1/.exec(output.stdout) ?? [];
  expect((await send(`${url}/v1/models`)).status).toBe(200);
});
