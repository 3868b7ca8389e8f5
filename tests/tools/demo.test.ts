// Contract: `make run SCENE=tutorial` plays the published tutorial, shows what came of each request, and leaves a gateway in
// which the commands that it prints work. Issue "the whole story of the tutorial", part 3.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStage } from "../../tools/demo/stage.ts";
import { play, type Outcome } from "../../tools/demo/tutorial/play.ts";

const root = resolve(import.meta.dirname, "../..");
const PROGRAM = ["--import", "tsx", "tools/demo/main.ts"];

/** What is to be known of an outcome, in a line. */
function inShort({ step: { who, request }, status, details, balance, counter }: Outcome): string {
  const by = details.startsWith("Request_denied_by_Key_Auth_check") ? "key-auth" : details;
  return [who, request.kind, status, by, balance ?? "-", counter ?? "-"].join(" ");
}

describe("the scene of the tutorial", () => {
  it("is about keys, then a quota, then a limit", async () => {
    const stage = await openStage();
    const told: string[] = [];
    const gateway = await play(
      stage,
      ({ title }) => told.push(title),
      (outcome) => told.push(inShort(outcome)),
    );
    await gateway.close(0);
    await stage.close();
    expect(told).toEqual([
      "key-auth: three consumers, each with a key",
      "no key chat 401 key-auth - -",
      "unknown key chat 401 key-auth - -",
      "aliyun-user1 chat 200 via_upstream - -",
      "+ ai-quota: no tokens but those that the administrator gives",
      "aliyun-user1 chat 403 ai-quota.noquota - -",
      "aliyun-user1 query 403 ai-quota.unauthorized - -",
      "aliyun-admin query 200 ai-quota.queryquota - -",
      "aliyun-admin refresh 200 ai-quota.refreshquota 100 -",
      "aliyun-user1 chat 200 via_upstream 77 -",
      "aliyun-user1 chat 200 via_upstream 54 -",
      "aliyun-user1 chat 200 via_upstream 31 -",
      "aliyun-user1 chat 200 via_upstream 8 -",
      "aliyun-user1 chat 200 via_upstream -15 -",
      "aliyun-user1 chat 403 ai-quota.noquota -15 -",
      "aliyun-admin delta 200 ai-quota.deltaquota 85 -",
      "aliyun-user1 chat 200 via_upstream 62 -",
      "+ ai-token-ratelimit: 5 tokens a minute for each key",
      "aliyun-user1 chat 200 via_upstream 39 23",
      "aliyun-user1 chat 429 ai-token-ratelimit.rejected 39 23",
      "aliyun-admin refresh 200 ai-quota.refreshquota 100 -",
      "aliyun-user2 chat 200 via_upstream 77 23",
      "aliyun-admin query 200 ai-quota.queryquota 39 -",
      "aliyun-admin query 200 ai-quota.queryquota 77 -",
    ]);
  });

  it("is a table, and stays up with commands that work", async () => {
    const env = { ...process.env, NO_COLOR: "1", SCENE: "tutorial" };
    const child = spawn("node", [...PROGRAM, "--stay"], { cwd: root, env });
    onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.stdout.on("data", (chunk) => {
        output += String(chunk);
        if (/SCENE=tutorial .*\n/.test(output)) resolve();
      });
    });
    expect(output).toContain(
      "aliyun-user1  chat                        429 ✗        39     23/5  ai-token-ratelimit.rejected: Too many requests\n",
    );
    expect(output).toMatch(/make run SCENE=limit +every API key may use 200 tokens a minute\n/);

    const commands = /^Your turn.*\n([\s\S]*?)\n\nThe scenes are:/m.exec(output)?.[1] ?? "";
    expect(commands.match(/^# .*/gm)).toEqual([
      "# query the quota, with the key of aliyun-admin",
      "# refresh the quota, with the key of aliyun-admin",
      "# change the quota by a delta, with the key of aliyun-admin",
      "# ask the model, with the key of aliyun-user1",
    ]);
    const script = `curl() { command curl --silent --write-out ' %{http_code}\\n' "$@"; }\n${commands}`;
    const answers = execFileSync("bash", ["--norc", "-c", script], {
      env: { PATH: process.env.PATH },
      encoding: "utf8",
    });
    // The minute of user1 is not over.
    expect(answers).toBe(
      '{"consumer":"aliyun-user1","quota":39} 200\n' +
        "refresh quota successful 200\n" +
        "delta quota successful 200\n" +
        "Too many requests 429\n",
    );
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});

it("lists the scenes if there is none of that name", () => {
  const env = { ...process.env, SCENE: "constructor" };
  const { status, stderr } = spawnSync("node", PROGRAM, { cwd: root, env, encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^There is no scene called constructor\. The scenes are:\n.*SCENE=limit .*\n.*SCENE=tutorial /,
  );
});
