// Calls to a chat model, and waiting for what they are charged.
import type { Redis } from "ioredis";

/** One chat completion of exactly `tokens` tokens (at least 2): one word of prompt, the rest generated. */
export function chat(
  url: string,
  tokens: number,
  init: { path?: string; headers?: HeadersInit; stream?: boolean } = {},
) {
  return fetch(url + (init.path ?? "/v1/chat/completions"), {
    method: "POST",
    headers: { "content-type": "application/json", ...init.headers },
    body: JSON.stringify({
      model: "fake-model",
      messages: [{ role: "user", content: "Hello" }],
      max_tokens: tokens - 1,
      ...(init.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  });
}

/** Waits until `probe` returns something other than undefined; charging is not part of the response. */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  milliseconds = 5_000,
): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a counter holds exactly `tokens`. */
export async function untilCounter(redis: Redis, key: string, tokens: number): Promise<void> {
  let last: string | null = null;
  await eventually(async () => {
    last = await redis.get(key);
    return Number(last ?? 0) === tokens ? true : undefined;
  }).catch(() => {
    throw new Error(`${key} is ${last}, not ${tokens}`);
  });
}
