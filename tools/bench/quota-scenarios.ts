// The requests of ai-quota whose cost inside the VM is measured.
import { completion } from "./bodies.ts";
import { HEADERS, JSON_RESPONSE, USAGE, type Plan, type Scenario } from "./scenarios.ts";
import { Values } from "./values.ts";

/** The floor's commands are made for a name of this length. */
export const CONSUMER = "alice";
const BALANCE = 42;

const DEDUCTED: Scenario = {
  name: "deducted",
  title: "deducted call",
  request: new Values({ ...HEADERS, "x-mse-consumer": CONSUMER }),
  prompt: null,
  tokens: BALANCE,
  response: JSON_RESPONSE,
  body: [completion("Hello! How can I help you today?", USAGE)],
};

export const QUOTA: Plan = {
  configuration: JSON.stringify({ admin_consumer: "admin", redis: { service_name: "redis.dns" } }),
  scenarios: [
    DEDUCTED,
    { ...DEDUCTED, name: "spent", title: "refused call", tokens: 0 },
    {
      ...DEDUCTED,
      name: "query",
      title: "admin's query",
      request: new Values({
        ...HEADERS,
        ":method": "GET",
        ":path": `/v1/chat/completions/quota?consumer=${CONSUMER}`,
        "x-mse-consumer": "admin",
      }),
      reply: (redis) => redis.balance(BALANCE),
    },
  ],
};
