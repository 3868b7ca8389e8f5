// What the tests of WebSockets share: a connection that has become one, what is said over it, and what it is charged.
import { chargeOf, counter, made, PER_KEY, ROOT, start } from "../support/filter.ts";
import type { StrictHost } from "../support/strict-host.ts";
import { frame } from "../support/websocket.ts";

export const ASKS = { ":method": "GET", connection: "Upgrade", upgrade: "websocket" };
export const SWITCHES = { ":status": "101", connection: "Upgrade", upgrade: "websocket" };
export const ID = 2;

/** A connection that was admitted and has become a WebSocket. */
export async function connect(
  file: string,
  configuration: object = PER_KEY,
  answer = SWITCHES,
): Promise<StrictHost> {
  const host = await start(file, configuration);
  host.request(ID, ROOT, { "x-api-key": "alice", ...ASKS }, false);
  host.reply(ROOT, counter(0));
  host.responseHeaders(ID, answer);
  return host;
}

export const prompt = (words: number): string =>
  JSON.stringify({ type: "response.create", input: "lorem ipsum dolor ".repeat(words / 3) });
export const word = frame(JSON.stringify({ type: "response.output_text.delta", delta: " lorem" }));
/** The tokens of the charges in flight, which are answered with what the counter then holds. */
export function charges(host: StrictHost, holds = 10): number[] {
  const tokens = host.pending.map((command) => chargeOf(command).tokens);
  while (host.pending.length > 0) host.reply(ROOT, made(holds));
  return tokens;
}
