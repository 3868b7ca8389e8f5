import type { Redis } from "ioredis";
import type { Gateway } from "../../../gateway/src/index.ts";
import { untilCounter } from "../../calls.ts";
import type { Stage } from "../stage.ts";
import { AccessLog } from "./access-log.ts";
import { balanceKey, counterKey, KEYS, LIMIT, QUOTA, REDIS_SERVICE, ROUTE } from "./plugins.ts";
import { ACTS, type Act, type Request, type Step } from "./steps.ts";

/** What came of a request. */
export interface Outcome {
  readonly step: Step;
  readonly status: number;
  /** What answered it, as in the access log: `via_upstream`, or the details of a filter. */
  readonly details: string;
  readonly body: string;
  /** Tokens that the response reports. */
  readonly tokens: number;
  /** In Redis afterwards, of the consumer that the request is about; null if there is none. */
  readonly balance: number | null;
  /** In Redis afterwards, of the key of a call; null if there is none. */
  readonly counter: number | null;
}

/**
 * Plays the tutorial, one request after the other.
 * @param onAct called when an act begins
 * @param onOutcome called with each outcome as it comes
 * @returns the gateway of the last act, which is still running
 */
export async function play(
  stage: Stage,
  onAct: (act: Act) => void,
  onOutcome: (outcome: Outcome) => void,
): Promise<Gateway> {
  const log = new AccessLog();
  let gateway: Gateway | null = null;
  for (const act of ACTS) {
    await gateway?.close(0);
    gateway = await stage.startGateway({
      plugins: act.plugins,
      route: ROUTE,
      services: { [REDIS_SERVICE]: stage.redisAddress },
      logger: log.logger,
    });
    onAct(act);
    for (const step of act.steps) onOutcome(await take(step, act, gateway.url, stage.redis, log));
  }
  return gateway!;
}

async function take(step: Step, act: Act, url: string, redis: Redis, log: AccessLog): Promise<Outcome> {
  const { who, request } = step;
  const key = step.key === undefined ? (KEYS.get(who) ?? null) : step.key;
  const isCall = request.kind === "chat";
  const balance = balanceKey(isCall ? who : request.consumer);
  const counter = isCall && key !== null ? counterKey(key) : null;
  const before = await read(redis, balance, counter);

  const ended = log.next();
  const response = await send(url, request, key);
  const body = await response.text();
  const details = await ended;
  const tokens = Number(/"total_tokens":(\d+)/.exec(body)?.[1] ?? 0);
  // The filters charge when the response has ended, without making the caller wait for it.
  if (act.plugins.includes(QUOTA) && isCall)
    await untilCounter(redis, balance, (before.balance ?? 0) - tokens);
  if (act.plugins.includes(LIMIT) && counter !== null)
    await untilCounter(redis, counter, (before.counter ?? 0) + tokens);
  return { step, status: response.status, details, body, tokens, ...(await read(redis, balance, counter)) };
}

async function read(
  redis: Redis,
  balance: string,
  counter: string | null,
): Promise<Pick<Outcome, "balance" | "counter">> {
  return {
    balance: await numberAt(redis, balance),
    counter: counter === null ? null : await numberAt(redis, counter),
  };
}

async function numberAt(redis: Redis, key: string): Promise<number | null> {
  const text = await redis.get(key);
  return text === null ? null : Number(text);
}

/** Sends a request as the tutorial does. */
function send(url: string, request: Request, key: string | null): Promise<Response> {
  const headers = {
    "x-higress-llm-model": "qwen-max",
    // A gateway that is replaced must not leave an old connection behind.
    connection: "close",
    ...(key === null ? {} : { "x-api-key": key }),
  };
  const chat = `${url}/v1/chat/completions`;
  if (request.kind === "query") return fetch(`${chat}/quota?consumer=${request.consumer}`, { headers });
  if (request.kind === "chat") {
    const messages = [{ role: "user", content: "你是谁" }];
    return fetch(chat, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ model: "qwen-max", messages }),
    });
  }
  const field = request.kind === "refresh" ? "quota" : "value";
  const body = new URLSearchParams({ consumer: request.consumer, [field]: String(request.amount) });
  return fetch(`${chat}/quota/${request.kind}`, { method: "POST", headers, body });
}
