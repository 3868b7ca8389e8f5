// The requests whose cost inside the VM is measured.
import { completion, cut, events, longCompletion, prompt } from "./bodies.ts";
import type { Dialect } from "./dialect.ts";
import { ROOT, type BenchHost } from "./host.ts";
import { Values } from "./values.ts";

/** Input and output tokens that every response reports. */
export const USAGE = { input: 12, output: 7 } as const;
/** A counter above it rejects. */
export const THRESHOLD = 100;
/** The size in which bodies arrive at a filter of Envoy when there is enough of them. */
export const CHUNK = 16 << 10;
/** Each value of x-api-key may use so many tokens a minute, as in the tutorial of the published plugin. */
export const CONFIGURATION = JSON.stringify({
  rule_name: "bench",
  rule_items: [{ limit_by_per_header: "x-api-key", limit_keys: [{ key: "*", token_per_minute: THRESHOLD }] }],
  redis: { service_name: "redis.dns" },
});

export const HEADERS = {
  ":method": "POST",
  ":scheme": "https",
  ":authority": "api.example.com",
  ":path": "/v1/chat/completions",
  "content-type": "application/json",
  "user-agent": "OpenAI/Python 1.66.3",
  "x-request-id": "8ffe5a2c-30a5-4c4f-8a65-1f6f1e7a3c0b",
};
const KNOWN = new Values({ ...HEADERS, "x-api-key": "sk-proj-7Qm2XvR9tLpW" });
const ANONYMOUS = new Values(HEADERS);
export const JSON_RESPONSE = new Values({ ":status": "200", "content-type": "application/json" });
const SSE_RESPONSE = new Values({ ":status": "200", "content-type": "text/event-stream; charset=utf-8" });
const PROPERTIES = new Values({
  route_name: "qwen",
  cluster_name: "outbound|443||qwen.dns",
  "source\0address": "203.0.113.7:51234",
});

export interface Scenario {
  name: string;
  title: string;
  request: Values;
  /** The request's body, in one chunk; null if it has none. */
  prompt: Buffer | null;
  /** What the counter or the balance holds when the request comes. */
  tokens: number;
  /** What Redis replies to the request, if that is no check; the same bytes each time. */
  reply?: (redis: Dialect) => Uint8Array;
  response: Values;
  /** The chunks of the response's body. */
  body: Buffer[];
  /** The most that it may cost, as a multiple of the floor. */
  goal?: number;
}

const ALLOWED: Scenario = {
  name: "allowed",
  title: "allowed request",
  request: KNOWN,
  prompt: null,
  tokens: 42,
  response: JSON_RESPONSE,
  body: [completion("Hello! How can I help you today?", USAGE)],
  goal: 2,
};

export const SCENARIOS: readonly Scenario[] = [
  ALLOWED,
  { ...ALLOWED, name: "rejected", title: "rejected request", tokens: THRESHOLD + 1 },
  { ...ALLOWED, name: "unmatched", title: "unmatched request", request: ANONYMOUS },
  {
    ...ALLOWED,
    name: "sse",
    title: "SSE stream, 300 events",
    response: SSE_RESPONSE,
    body: events(300, USAGE),
  },
  {
    ...ALLOWED,
    name: "json",
    title: "280 KB JSON response",
    body: cut(longCompletion(280_000, USAGE), CHUNK),
    goal: 3,
  },
  { ...ALLOWED, name: "prompt", title: "allowed, 4 KB prompt", prompt: prompt(4096), goal: undefined },
];

/** What is played with a filter. The first scenario is one that it lets through. */
export interface Plan {
  configuration: string;
  scenarios: readonly Scenario[];
}
export const LIMIT: Plan = { configuration: CONFIGURATION, scenarios: SCENARIOS };

/** Makes a host ready for scenarios. */
export function prepare(host: BenchHost, configuration = CONFIGURATION): void {
  host.properties = PROPERTIES;
  host.configure(configuration);
}

/** One stream from its headers to its end, with the callbacks and in the order that Envoy makes them. */
export function play(host: BenchHost, scenario: Scenario, redis: Dialect, id: number): void {
  const guest = host.guest;
  host.rejected = false;
  host.request = scenario.request;
  guest.proxy_on_context_create(id, ROOT);
  guest.proxy_on_request_headers?.(id, scenario.request.size, scenario.prompt === null ? 1 : 0);
  const reply = scenario.reply?.(redis) ?? redis.check(scenario.tokens);
  host.reply(reply);
  if (!host.rejected && scenario.prompt !== null && guest.proxy_on_request_body) {
    host.requestBody = scenario.prompt;
    guest.proxy_on_request_body(id, scenario.prompt.length, 1);
    // A filter that has waited for the body asks only then.
    host.reply(reply);
  }
  if (!host.rejected) {
    respond(host, scenario, id);
    host.reply(redis.charge);
  }
  guest.proxy_on_log?.(id);
  guest.proxy_on_done?.(id);
  guest.proxy_on_delete?.(id);
}

function respond(host: BenchHost, scenario: Scenario, id: number): void {
  const guest = host.guest;
  host.response = scenario.response;
  guest.proxy_on_response_headers?.(id, scenario.response.size, 0);
  if (!guest.proxy_on_response_body) return;
  const last = scenario.body.length - 1;
  for (let i = 0; i <= last; ++i) {
    const chunk = scenario.body[i]!;
    host.responseBody = chunk;
    guest.proxy_on_response_body(id, chunk.length, i === last ? 1 : 0);
  }
}
