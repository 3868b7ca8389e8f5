// The requests that reserve their tokens (`reservation: {mode: clamp}`) whose cost inside the VM is measured.
import { completion, prompt } from "./bodies.ts";
import { denialReply, grantReply } from "./dialect.ts";
import { CONFIGURATION, HEADERS, JSON_RESPONSE, USAGE, type Plan, type Scenario } from "./scenarios.ts";
import { Values } from "./values.ts";

/** Tokens that a caller may use a minute, and what each call has as its cap. */
const LIMIT = 10_000;
const WANTED = 512;
/** What is left for the call whose cap is lowered. */
export const LOWERED = 84;
const BODY = prompt(2048);

const GRANTED: Scenario = {
  name: "granted",
  title: "granted as asked, 2 KB body",
  request: new Values({
    ...HEADERS,
    "content-length": String(BODY.length),
    "x-api-key": "sk-proj-7Qm2XvR9tLpW",
  }),
  prompt: BODY,
  tokens: 42,
  reply: replying(grantReply(WANTED)),
  response: JSON_RESPONSE,
  body: [completion("Hello! How can I help you today?", USAGE)],
  goal: 2.5,
};

function replying(reply: Uint8Array): () => Uint8Array {
  return () => reply;
}

function configuration(): string {
  const { rule_items, ...rest } = JSON.parse(CONFIGURATION) as { rule_items: object[] };
  const [item] = rule_items;
  const limit_keys = [{ key: "*", token_per_minute: LIMIT }];
  return JSON.stringify({
    ...rest,
    rule_items: [{ ...item, limit_keys }],
    reservation: { mode: "clamp" },
  });
}

export const RESERVATION: Plan = {
  configuration: configuration(),
  scenarios: [
    GRANTED,
    {
      ...GRANTED,
      name: "clamped",
      title: "granted less, cap rewritten",
      reply: replying(grantReply(LOWERED)),
    },
    { ...GRANTED, name: "denied", title: "denied", reply: replying(denialReply(LIMIT)) },
  ],
};
