// Scenario: `docker compose up` with deploy/envoy/compose.yaml gives a gateway that limits as the processes of tests/envoy/
// do, and deploy/try.sh shows it. Specified by deploy/envoy/README.md.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../tools/redis-server.ts";
import { chat, eventually } from "../support/stack.ts";
import { compose, isAvailable, run, tryScene } from "./support.ts";

describe.skipIf(!isAvailable)("deploy/envoy/compose.yaml", () => {
  const project = ["-f", "deploy/envoy/compose.yaml", "-p", `ai-token-ratelimit-test-${process.pid}`];
  const env: Record<string, string> = {};
  const up = (...args: string[]): string => compose([...project, ...args], env);
  const url = (port = "LLM_PORT"): string => `http://127.0.0.1:${env[port]}`;
  const statistics = async (): Promise<string> =>
    (await fetch(`${url("ADMIN_PORT")}/stats?filter=wasmcustom`)).text();

  beforeAll(async () => {
    env.LLM_PORT = String(await freePort());
    env.ADMIN_PORT = String(await freePort());
    up("up", "-d");
    await eventually(
      async () => ((await chat(url(), 2).catch(() => undefined))?.ok ? true : undefined),
      20_000,
    );
  });
  afterAll(() => up("down"));

  it("limits as deploy/try.sh shows", async () => {
    const { key, statuses, rejection } = await tryScene(url());
    expect(statuses).toEqual([200, 429]);
    expect(rejection).toMatch(/\nx-tokenratelimit-reset: (5\d|60)\n/);
    expect(rejection).toMatch(/\n\nToo many requests\n$/);
    const counter = `higress-token-ratelimit:chat:limit_by_per_api_key:60:api_key:${key}`;
    expect(up("exec", "-T", "redis", "redis-cli", "get", counter).trim()).toBe("2002");
  });

  it("charges a stream, and shows in its statistics what it charged and rejected", async () => {
    const headers = { "x-api-key": "streamer" };
    const before = Number(/charged_tokens: (\d+)/.exec(await statistics())?.[1] ?? 0);
    expect(await (await chat(url(), 2001, { headers, stream: true })).text()).toContain("[DONE]");
    await eventually(async () =>
      (await statistics()).includes(`charged_tokens: ${before + 2001}\n`) ? true : undefined,
    );
    expect((await chat(url(), 2, { headers })).status).toBe(429);
    await eventually(async () =>
      /token_ratelimit_count: [1-9]/.test(await statistics()) ? true : undefined,
    );
  });

  it("offers no port of Redis or Webdis, and its own only to this machine", () => {
    const published = up("ps", "-q")
      .trim()
      .split("\n")
      .flatMap((id) => run("docker", ["port", id]).trim().split("\n"))
      .filter((line) => line !== "");
    expect(published.sort()).toEqual([
      `10000/tcp -> 127.0.0.1:${env.LLM_PORT}`,
      `9901/tcp -> 127.0.0.1:${env.ADMIN_PORT}`,
    ]);
  });
});
