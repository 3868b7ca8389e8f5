import { Redis } from "ioredis";

/** One request of the scene. */
export interface Step {
  readonly apiKey: string;
  readonly stream: boolean;
  readonly prompt: string;
  readonly maxTokens: number;
  /** The client goes away after so many events of the stream. */
  readonly leaveAfter?: number;
}

/** What came of it. */
export interface Outcome {
  readonly step: Step;
  readonly status: number;
  /** Tokens that the response reports, or that the filter charged when its client went away; 0 when it was rejected. */
  readonly tokens: number;
  /** The counter in Redis afterwards, and the seconds until it expires. */
  readonly counter: number;
  readonly resetSeconds: number;
  /** Of a rejection, in seconds. */
  readonly retryAfter: string | null;
  readonly body: string;
}

/** Tokens that each API key may use per minute, as config.yaml says. */
export const LIMIT = 200;

/** Callers: one walks into the limit, another is not touched by that, a third does not wait for the answer. */
export const SCENE: readonly Step[] = [
  { apiKey: "alice", stream: false, prompt: "Hello, who are you?", maxTokens: 56 },
  { apiKey: "alice", stream: true, prompt: "Tell me a story", maxTokens: 76 },
  { apiKey: "bob", stream: false, prompt: "Hello, who are you?", maxTokens: 42 },
  { apiKey: "alice", stream: true, prompt: "And how does it end?", maxTokens: 75 },
  { apiKey: "alice", stream: false, prompt: "One more please", maxTokens: 40 },
  { apiKey: "bob", stream: true, prompt: "Tell me a story", maxTokens: 76 },
  { apiKey: "carol", stream: true, prompt: "Tell me everything", maxTokens: 1000, leaveAfter: 40 },
];

/**
 * Plays the scene, one request after the other.
 * @param gateway base URL of the gateway
 * @param redis where the filter keeps its counters
 * @param show called with each outcome as it comes
 */
export async function play(gateway: string, redis: Redis, show: (outcome: Outcome) => void): Promise<void> {
  for (const step of SCENE) {
    const key = `higress-token-ratelimit:default_rule:limit_by_per_api_key:60:api_key:${step.apiKey}`;
    const before = Number((await redis.get(key)) ?? 0);
    const response = await request(gateway, step);
    const body =
      step.leaveAfter === undefined ? await response.text() : await readEvents(response, step.leaveAfter);
    const reported = response.ok ? totalTokens(body) : 0;
    const expected = response.ok ? Math.max(reported, 1) : 0;
    // The filter charges when the response has ended, without making the caller wait for it.
    const counter = await untilAtLeast(redis, key, before + expected);
    show({
      step,
      status: response.status,
      tokens: counter - before,
      counter,
      resetSeconds: Math.max(0, await redis.ttl(key)),
      retryAfter: response.headers.get("retry-after"),
      body,
    });
  }
}

function request(gateway: string, step: Step): Promise<Response> {
  return fetch(`${gateway}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${step.apiKey}`,
      // Slow enough that a client can go away in the middle.
      ...(step.leaveAfter === undefined ? {} : { "x-fake-event-delay-ms": "5" }),
    },
    body: JSON.stringify({
      model: "fake-model",
      messages: [{ role: "user", content: step.prompt }],
      max_tokens: step.maxTokens,
      ...(step.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  });
}

/** Reads so many events of a stream, then closes the connection. */
async function readEvents(response: Response, count: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.split("\n\n").length > count) break;
  }
  return text;
}

/** `total_tokens` of a JSON body, or of the event of a stream that reports it. */
function totalTokens(body: string): number {
  const reported = [...body.matchAll(/"total_tokens":(\d+)/g)].at(-1)?.[1];
  return Number(reported ?? 0);
}

async function untilAtLeast(redis: Redis, key: string, expected: number): Promise<number> {
  const deadline = Date.now() + 2_000;
  for (;;) {
    const counter = Number((await redis.get(key)) ?? 0);
    if (counter >= expected || Date.now() > deadline) return counter;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
