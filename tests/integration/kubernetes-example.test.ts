// Scenario: the plugins of deploy/higress/k8s/, as they stand, in one chain of the gateway, with a real Redis: keys, a quota, then
// the limit. A consumer spends what the administrator gives it, and no faster than the limit allows.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, startStack, untilCounter, type Stack } from "../support/stack.ts";

const folder = resolve(import.meta.dirname, "../../deploy/higress/k8s");
const QUOTA = "/v1/chat/completions/quota";
/** The limit is for this value of a URL parameter; others are not limited. */
const LIMITED = { path: "/v1/chat/completions?apikey=123456" };
const LIMIT = "higress-token-ratelimit:default_limit_by_param_apikey:limit_by_param:60:apikey:123456";
const ADMIN = { "x-api-key": "ADMIN_KEY" };
const ANN = { "x-api-key": "ANN_KEY" };

describe("deploy/higress/k8s", () => {
  let stack: Stack;
  beforeAll(async () => {
    const plugins = ["key-auth", "ai-quota", "ai-token-ratelimit"].map((name) =>
      readFileSync(join(folder, `${name}.yaml`), "utf8"),
    );
    stack = await startStack({ plugins, route: "qwen" });
  });
  afterAll(() => stack.close());

  const change = (verb: string, form: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${stack.gateway.url}${QUOTA}/${verb}`, {
      method: "POST",
      body: new URLSearchParams(form),
      headers,
    });

  it("knows its consumers by their keys, and the administrator among them", async () => {
    expect((await chat(stack.gateway.url, 5)).status).toBe(401);
    expect((await change("refresh", "consumer=ann&quota=500", ANN)).status).toBe(403);
    const changed = await change("refresh", "consumer=ann&quota=500", ADMIN);
    expect([changed.status, changed.headers.get("x-quota-balance")]).toEqual([200, "500"]);
  });

  it("takes calls from the balance, rejects above the limit, and refuses when nothing is left", async () => {
    expect((await chat(stack.gateway.url, 201, { ...LIMITED, headers: ANN })).status).toBe(200);
    await untilCounter(stack.redis, "chat_quota:ann", 299);
    await untilCounter(stack.redis, LIMIT, 201);
    expect((await chat(stack.gateway.url, 5, { ...LIMITED, headers: ANN })).status).toBe(429);

    expect((await chat(stack.gateway.url, 299, { headers: ANN, stream: true })).status).toBe(200);
    await untilCounter(stack.redis, "chat_quota:ann", 0);
    expect((await chat(stack.gateway.url, 5, { ...LIMITED, headers: ANN })).status).toBe(403);
    // The limit warns once that this call has no parameter that it looks at.
    expect(stack.guestLines.filter((line) => !line.includes("a request lacks"))).toEqual([]);
  });
});
