/** Two rules, of which callers reach some limits and not others. */
export const CONFIG = `rule_name: chat
rule_mode: all_match
reservation:
  mode: estimate
  default_output_tokens: 64
global_threshold:
  token_per_hour: 100000
rule_items:
  - limit_by_per_header: authorization
    limit_keys:
      - key: "*"
        token_per_minute: 600
  - limit_by_header: x-team
    limit_keys:
      - key: research
        token_per_day: 20000
redis:
  service_name: redis.static
`;

const CALLERS = 24;
const MODELS = ["qwen-max", "gpt-5-mini", "claude-sonnet-5"];

/** Calls of many callers, the first ones the busiest. */
export async function play(gateway: string): Promise<void> {
  for (let round = 0; round < 12; round++) {
    const calls = Array.from({ length: CALLERS }, (_, caller) => caller)
      .filter((caller) => round < 12 - caller / 2)
      .map((caller) => call(gateway, caller, round));
    await Promise.all(calls);
  }
}

async function call(gateway: string, caller: number, round: number): Promise<void> {
  const response = await fetch(`${gateway}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer sk-${String.fromCharCode(97 + caller)}${caller * 7919}-example-${caller}`,
      ...(caller % 3 === 0 ? { "x-team": "research" } : {}),
    },
    body: JSON.stringify({
      model: MODELS[(caller + round) % MODELS.length],
      max_tokens: 20 + ((caller * 13 + round * 7) % 50),
      messages: [{ role: "user", content: "How many tokens are left?" }],
    }),
  });
  await response.arrayBuffer();
}
