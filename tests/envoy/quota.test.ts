// Scenario: stock Envoy with deploy/envoy/envoy-quota.yaml: API keys, ai-quota and ai-token-ratelimit in one chain, on two
// workers, with a real Redis behind Webdis. Consumers spend what an administrator gives them, and never faster than the limit
// allows. Whatever happens, a balance is exact to the token.
import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  filterOf,
  isAvailable,
  type Envoy,
  type HttpConnectionManager,
} from "../../tools/envoy/processes.ts";
import { chat, eventually, untilCounter } from "../../tools/calls.ts";
import { startBackends, type Backends } from "../../tools/envoy/backends.ts";

const QUOTA = "/v1/chat/completions/quota";
const LIMIT = "higress-token-ratelimit:consumers:limit_by_per_consumer:60:x-mse-consumer:";
const as = (name: string): Record<string, string> => ({ "x-api-key": `${name}-change-me` });

interface Answer {
  status: number;
  body: string;
  balance: string | null;
}

/** A form that the administrator posts, in these pieces, which are sent one by one. */
function post(url: string, verb: string, pieces: string[], headers = as("admin")): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${QUOTA}/${verb}`, { method: "POST", headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => {
        const balance = (response.headers["x-quota-balance"] as string | undefined) ?? null;
        resolve({ status: response.statusCode!, body, balance });
      });
    });
    sent.on("error", reject);
    void (async () => {
      for (const piece of pieces) {
        sent.write(piece);
        await new Promise((flushed) => setTimeout(flushed, 20));
      }
      sent.end();
    })();
  });
}

/** A GET of the administration. */
async function query(url: string, consumer: string, headers = as("admin")): Promise<string> {
  return (await fetch(`${url}${QUOTA}?consumer=${consumer}`, { headers })).text();
}

/** As in Envoy before 1.35: no filter may hold headers while a body comes. */
function holdNoHeaders(manager: HttpConnectionManager): void {
  const { config } = filterOf(manager, "ai-quota").typed_config;
  delete config.allow_on_headers_stop_iteration;
  const configuration = JSON.parse(config.configuration.value as string) as object;
  config.configuration.value = JSON.stringify({ ...configuration, hold_headers: false });
}

describe.skipIf(!isAvailable).each([
  ["holds headers", undefined],
  ["holds no headers", holdNoHeaders],
])("an Envoy that %s", (name, change) => {
  let backends: Backends;
  let envoy: Envoy;
  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({
      file: "envoy-quota.yaml",
      concurrency: 2,
      ...(change === undefined ? {} : { change }),
    });
  });
  afterAll(() => backends.close());
  beforeEach(() => backends.redis.flushall());

  /** Requests to the model: those that were begun (`total`), or those that it has answered (`completed`). */
  const upstream = async (which = "total"): Promise<number> =>
    Number(/: (\d+)/.exec(await envoy.admin(`/stats?filter=cluster.llm.upstream_rq_${which}$`))?.[1] ?? 0);
  const balanceIs = (consumer: string, tokens: number): Promise<void> =>
    untilCounter(backends.redis, `chat_quota:${consumer}`, tokens);

  it("lets the administrator set, change and read balances, and tells what they are then", async () => {
    expect(await query(envoy.url, "ann")).toBe('{"consumer":"ann","quota":0}');
    expect(await post(envoy.url, "refresh", ["consumer=ann&quota=100"])).toEqual({
      status: 200,
      body: "refresh quota successful",
      balance: "100",
    });
    expect(await post(envoy.url, "delta", ["consumer=ann", "&value", "=-30"])).toEqual({
      status: 200,
      body: "delta quota successful",
      balance: "70",
    });
    expect(await query(envoy.url, "ann")).toBe('{"consumer":"ann","quota":70}');
    expect(await backends.redis.ttl("chat_quota:ann")).toBe(-1);
  });

  it("refuses a form that is longer than Envoy holds, without waiting for its end", async () => {
    const answer = await post(envoy.url, "refresh", [`consumer=ann&quota=5&x=${"y".repeat(3_000_000)}`]);
    expect(answer).toMatchObject({ status: 403, balance: null });
    expect(await backends.redis.get("chat_quota:ann")).toBeNull();
  });

  it("keeps the administrator's requests from the model, their bodies always", async () => {
    const [before, completed] = [await upstream(), await upstream("completed")];
    for (let i = 0; i < 4; ++i) await post(envoy.url, "delta", ["consumer=ann", "&value=5"]);
    await query(envoy.url, "ann");
    await balanceIs("ann", 20);
    // Where headers go ahead, the request is begun and cancelled.
    expect((await upstream()) - before).toBe(name === "holds headers" ? 0 : 4);
    expect(await upstream("completed")).toBe(completed);
  });

  it("lets nobody else into the administration, whatever consumer a client claims to be", async () => {
    const headers = { ...as("ann"), "x-mse-consumer": "admin" };
    const denied = "Request denied by ai quota check. Unauthorized admin consumer.";
    expect(await query(envoy.url, "ann", headers)).toBe(denied);
    expect(await post(envoy.url, "refresh", ["consumer=ann&quota=9"], headers)).toMatchObject({
      status: 403,
      body: denied,
    });
    expect(await backends.redis.get("chat_quota:ann")).toBeNull();
    expect((await chat(envoy.url, 5, { headers: { "x-mse-consumer": "ann" } })).status).toBe(401);
  });

  it("takes plain and streamed answers from the balance, and refuses calls when it is spent", async () => {
    await post(envoy.url, "refresh", ["consumer=ann&quota=100"]);
    await (await chat(envoy.url, 40, { headers: as("ann") })).text();
    await balanceIs("ann", 60);
    await (await chat(envoy.url, 60, { headers: as("ann"), stream: true })).text();
    await balanceIs("ann", 0);

    const before = await upstream();
    const refused = await chat(envoy.url, 5, { headers: as("ann") });
    expect([refused.status, await refused.text()]).toEqual([
      403,
      "Request denied by ai quota check, No quota left",
    ]);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    expect(await upstream()).toBe(before);
    await eventually(() => envoy.lines.findLast((line) => line.includes(" 403 ai-quota.noquota ")));
    await eventually(async () =>
      (await envoy.stat("ai_quota.denied_requests.spent")) > 0 ? true : undefined,
    );
    expect((await chat(envoy.url, 5, { headers: as("bob") })).status).toBe(403);

    // Filled again, it pays again.
    await post(envoy.url, "delta", ["consumer=ann&value=10"]);
    expect((await chat(envoy.url, 10, { headers: as("ann") })).status).toBe(200);
    await balanceIs("ann", 0);
    // Nothing of this may be charged during the next test.
    await untilCounter(backends.redis, `${LIMIT}ann`, 110);
  });

  it("rejects by the limit who has a balance, and takes nothing from it for that", async () => {
    await post(envoy.url, "refresh", ["consumer=ann&quota=10000"]);
    expect((await chat(envoy.url, 2001, { headers: as("ann") })).status).toBe(200);
    await balanceIs("ann", 7999);
    await untilCounter(backends.redis, `${LIMIT}ann`, 2001);
    for (let i = 0; i < 3; ++i) expect((await chat(envoy.url, 5, { headers: as("ann") })).status).toBe(429);
    // Who is refused by the quota is not counted by the limit either.
    expect((await chat(envoy.url, 5, { headers: as("bob") })).status).toBe(403);
    await balanceIs("ann", 7999);
    expect(await backends.redis.get(`${LIMIT}bob`)).toBeNull();
  });

  it("takes exactly what many calls at once consumed, on both of its workers, and counts the same", async () => {
    await post(envoy.url, "refresh", ["consumer=ann&quota=1000"]);
    const calls = Array.from({ length: 60 }, (_, i) =>
      chat(envoy.url, 2 + (i % 3), { headers: as("ann"), stream: i % 4 === 0 }).then(async (response) => {
        await response.text();
        return response.status;
      }),
    );
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
    await balanceIs("ann", 1000 - 180);
    await untilCounter(backends.redis, `${LIMIT}ann`, 180);
    expect(await envoy.stat("ai_quota.lost_tokens")).toBe(0);
  });
});
