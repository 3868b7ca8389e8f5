// Scenario: the `curl` commands of the published tutorial and of the published reference are run as they stand there, by a
// real curl, with only the address and the keys put in. Their answers are those that the documents show.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { commandsFor } from "../../tools/demo/tutorial/commands.ts";
import { balanceKey, counterKey, KEY_AUTH, LIMIT, QUOTA, ROUTE } from "../../tools/demo/tutorial/plugins.ts";
import { startUpstream } from "../gateway/support.ts";
import { startStack, untilCounter, type Stack } from "../support/stack.ts";

const fixture = (path: string): string =>
  readFileSync(resolve(import.meta.dirname, "../fixtures", path), "utf8");

let stack: Stack | undefined;
afterEach(() => stack?.close());

/** Runs a command in a shell in which `curl` also tells the status. */
async function run(command: string): Promise<{ status: number; body: string }> {
  const script = `curl() { command curl --silent --show-error --write-out '\\n%{http_code}' "$@"; }\n${command}`;
  const { PATH } = process.env;
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script], { env: { PATH } });
  const at = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) };
}

describe("the tutorial", () => {
  it("queries, refreshes and changes a quota, and asks the model until the limit or the quota ends that", async () => {
    stack = await startStack({ plugins: [KEY_AUTH, QUOTA, LIMIT], route: ROUTE });
    const { gateway, redis } = stack;
    const [query, refresh, delta, chat] = commandsFor(gateway.url).map(({ text }) => text) as [
      string,
      string,
      string,
      string,
    ];
    const noQuota = { status: 403, body: "Request denied by ai quota check, No quota left" };
    expect(await run(chat)).toEqual(noQuota);
    expect(await run(query)).toEqual({ status: 200, body: '{"consumer":"aliyun-user1","quota":0}' });
    expect(await run(refresh)).toEqual({ status: 200, body: "refresh quota successful" });
    expect(await run(query)).toEqual({ status: 200, body: '{"consumer":"aliyun-user1","quota":100}' });
    expect(await run(delta)).toEqual({ status: 200, body: "delta quota successful" });
    expect(await run(query)).toEqual({ status: 200, body: '{"consumer":"aliyun-user1","quota":200}' });

    const { status, body } = await run(chat);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ model: "qwen-max", usage: { total_tokens: 23 } });
    await untilCounter(redis, balanceKey("aliyun-user1"), 177);
    await untilCounter(redis, counterKey("user1-key"), 23);
    expect(await run(chat)).toEqual({ status: 429, body: "Too many requests" });
    expect(await run(query)).toEqual({ status: 200, body: '{"consumer":"aliyun-user1","quota":177}' });

    await redis.set(balanceKey("aliyun-user1"), 0);
    expect(await run(chat)).toEqual(noQuota);
  });

  it("needs the keys of its consumers", async () => {
    stack = await startStack({ plugins: [KEY_AUTH, QUOTA, LIMIT], route: ROUTE });
    const denied = (why: string) => ({ status: 401, body: `Request denied by Key Auth check. ${why}` });
    for (const { text } of commandsFor(stack.gateway.url)) {
      expect(await run(text.replace(/x-api-key:\S+-key/, "x-api-key:xxxxxxxxxxxx"))).toEqual(
        denied("Invalid API key"),
      );
      expect(await run(text.replace(/x-api-key:\S+-key/, "x-other: 1"))).toEqual(
        denied("No API key found in request"),
      );
    }
  });
});

describe("the reference", () => {
  const session = fixture("reference/requests.txt");
  const commands = session.match(/^curl [\s\S]*?^\}'$/gm) ?? [];
  const answer = /^\{"id":.*$/m.exec(session)?.[0] ?? "";

  it("asks the model until the limit rejects that", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(answer);
    });
    stack = await startStack({ config: fixture("config/published/manifest-default.yaml"), upstream });
    const { gateway, redis } = stack;
    const [first = "", second = ""] = commands.map((command) =>
      command.replace(/http:\/\/[a-z.-]+:18000/, gateway.url),
    );
    const counter = "higress-token-ratelimit:default_limit_by_param_apikey:limit_by_param:60:apikey:123456";
    // 46 tokens a call, of 200 a minute.
    for (const [index, command] of [first, first, first, first, second].entries()) {
      expect(await run(command)).toEqual({ status: 200, body: answer });
      await untilCounter(redis, counter, 46 * (index + 1));
    }
    expect(await run(second)).toEqual({ status: 429, body: "Too many requests" });
    expect(session).toContain("\nToo many requests  # Rate limiting successful\n");
    expect(await run(first)).toEqual({ status: 429, body: "Too many requests" });
  });
});
