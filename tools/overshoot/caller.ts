// Clients that make many calls at the same time.
import { setTimeout as sleep } from "node:timers/promises";
import type { Gate } from "./gate.ts";
import { randomNumbers, type Call } from "./workload.ts";

export interface Answer {
  readonly status: number;
  /** What the answer reports. */
  readonly tokens: number;
  /** Whether the filter has lowered or added a cap. */
  readonly isClamped: boolean;
  /** How long the call took to reach the model, or to be rejected, at its last attempt, in milliseconds. */
  readonly admissionMs: number;
  readonly retries: number;
}

/** How clients behave after a 429. */
export interface Patience {
  readonly retries: number;
  /** How long they wait for each second of `Retry-After`, in milliseconds: the time of the run is compressed. */
  readonly msPerSecond: number;
  /** How long the model takes to answer, in milliseconds. */
  readonly answerMs: number;
  /** When it is aborted, nobody waits any longer to come back. */
  readonly signal?: AbortSignal;
}

/** Who calls. */
export interface Caller {
  readonly gate: Gate;
  readonly name: string;
  /** The header that has the name; `x-api-key` by default. */
  readonly header?: string;
  readonly patience: Patience;
}

/** Clients that do not come back. */
export const NONE: Patience = { retries: 0, msPerSecond: 0, answerMs: 0 };

/** A 429 with a longer `Retry-After`, in seconds, is final, as in the official clients. */
const LONGEST_WAIT_SECONDS = 60;

/** Counts the calls of this process, so that each has another name. */
let made = 0;

/** Makes all calls at once, by turns through each gateway, in the name of one caller. */
export function callAll(urls: readonly string[], calls: readonly Call[], caller: Caller): Promise<Answer[]> {
  const { retries: most, msPerSecond, signal } = caller.patience;
  const next = randomNumbers(7);
  return Promise.all(
    calls.map(async (call, i) => {
      const url = urls[i % urls.length]!;
      for (let retries = 0; ; ++retries) {
        const { answer, retryAfter } = await callOnce(url, call, caller);
        const isFinal = answer.status !== 429 || !(retryAfter <= LONGEST_WAIT_SECONDS);
        if (isFinal || retries === most || signal?.aborted) return { ...answer, retries };
        // Clients spread their retries, lest all come back at the same moment.
        await sleep(retryAfter * msPerSecond * (1 + next()), undefined, { signal }).catch(() => undefined);
        if (signal?.aborted) return { ...answer, retries };
      }
    }),
  );
}

async function callOnce(
  url: string,
  { body, input, natural }: Call,
  { gate, name, header = "x-api-key", patience }: Caller,
): Promise<{ answer: Omit<Answer, "retries">; retryAfter: number }> {
  const id = String(++made);
  const began = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      [header]: name,
      "x-call": id,
      "x-fake-input-tokens": String(input),
      "x-fake-natural-tokens": String(natural),
      "x-fake-delay-ms": String(patience.answerMs),
      // A piece of its own for each token would measure how fast the gateway passes pieces.
      "x-fake-piece-bytes": "16384",
    },
    body,
  });
  if (response.status !== 200) gate.leave();
  const decided = gate.arrivalOf(id) ?? performance.now();
  const text = await response.text();
  const answer = {
    status: response.status,
    tokens: Number([...text.matchAll(/"total_tokens":(\d+)/g)].at(-1)?.[1] ?? 0),
    isClamped: response.headers.has("x-ratelimit-clamped-tokens"),
    admissionMs: decided - began,
  };
  return { answer, retryAfter: Number(response.headers.get("retry-after") ?? NaN) };
}
