// Scenario: an Envoy is ended while calls run and a slow Redis is being told of what others have used. Envoy gives a filter no
// time once it has got SIGTERM; deploy/envoy/drain.sh, which comes before it, does. Specified by docs/runbook.md, "Stop a gateway".
import { execFile } from "node:child_process";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAvailable, type Envoy } from "../../tools/envoy/processes.ts";
import { chat, eventually } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const root = resolve(import.meta.dirname, "../..");
const CALLS = 20;
const TOKENS = 10;
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_hour: 1_000_000 }] }],
  redis: REDIS,
};
const counterOf = (caller: string): string =>
  `higress-token-ratelimit:r:limit_by_per_header:3600:x-api-key:${caller}`;

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Webdis with a way to it that takes so long for the charges, which have the counter and a marker, and no time for checks. */
async function slowWebdis(
  webdisPort: number,
  milliseconds: number,
): Promise<{ server: Server; port: number }> {
  const server = createServer((from, to) => {
    void (async () => {
      const body = await bodyOf(from);
      const isCharge = /^EVAL(SHA)?\/[^/]+\/2\//.test(body.toString());
      if (isCharge) await new Promise((go) => setTimeout(go, milliseconds));
      const { method, url: path, headers } = from;
      const onward = request({ host: "127.0.0.1", port: webdisPort, method, path, headers }, (reply) => {
        void bodyOf(reply).then((answer) => {
          to.writeHead(reply.statusCode!, { "content-type": reply.headers["content-type"] });
          to.end(answer);
        });
      });
      onward.end(body);
    })();
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  return { server, port: (server.address() as AddressInfo).port };
}

describe.skipIf(!isAvailable)("an Envoy that is ended while calls run", () => {
  let backends: Backends;
  let slow: { server: Server; port: number };
  beforeAll(async () => {
    backends = await startBackends();
    slow = await slowWebdis(backends.webdis.port, 400);
  });
  afterAll(async () => {
    await backends?.close();
    slow?.server.closeAllConnections();
    slow?.server.close();
  });

  /** Calls that begin one after the other, so that one connection carries all the checks; the model answers after that time. */
  async function begin(envoy: Envoy, caller: string, milliseconds: number): Promise<Promise<number>[]> {
    const calls: Promise<number>[] = [];
    for (let call = 0; call < CALLS; ++call) {
      const headers = { "x-api-key": caller, "x-fake-delay-ms": String(milliseconds) };
      const answer = chat(envoy.url, TOKENS, { headers });
      calls.push(
        answer.then(
          async (response) => (await response.text(), response.status),
          () => 0,
        ),
      );
      await eventually(async () => ((await begun(envoy)) > call ? true : undefined));
    }
    return calls;
  }
  const begun = async (envoy: Envoy): Promise<number> =>
    Number(/: (\d+)/.exec(await envoy.admin("/stats?filter=cluster.llm.upstream_rq_total"))![1]);
  const counted = async (caller: string): Promise<number> =>
    Number((await backends.redis.get(counterOf(caller))) ?? 0);
  const start = (): Promise<Envoy> => backends.envoy({ configuration: CONFIGURATION, webdisPort: slow.port });

  it("loses most of what they used when it gets SIGTERM: no filter is given time", async () => {
    const envoy = await start();
    const calls = await begin(envoy, "hurried", 10_000);
    const before = performance.now();
    await envoy.terminate();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(new Set(await Promise.all(calls))).toEqual(new Set([0]));
    // What was on its way is carried out, since Redis does not know that nobody waits.
    await new Promise((later) => setTimeout(later, 1_000));
    expect(await counted("hurried")).toBeLessThan((CALLS / 2) * TOKENS);
  });

  it("loses nothing when deploy/envoy/drain.sh comes first: calls end as usual, and each is counted", async () => {
    const envoy = await start();
    const calls = await begin(envoy, "drained", 1_500);
    const { stderr } = await promisify(execFile)(join(root, "deploy/envoy/drain.sh"), [envoy.adminUrl], {
      env: { ...process.env, DRAIN_SECONDS: "25", QUIET_SECONDS: "1" },
    });
    expect(stderr).toBe("");
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
    await envoy.terminate();
    expect(await counted("drained")).toBe(CALLS * TOKENS);
  });

  it("says so when calls take longer than it was told to wait", async () => {
    const envoy = await start();
    const calls = await begin(envoy, "late", 4_000);
    const drain = promisify(execFile)(join(root, "deploy/envoy/drain.sh"), [envoy.adminUrl], {
      env: { ...process.env, DRAIN_SECONDS: "1" },
    });
    await expect(drain).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^\d+ requests were/) as string,
    });
    await Promise.all(calls);
  });
});
