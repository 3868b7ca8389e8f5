// The ways in which callers have tried to pay less, to be somebody else, to make somebody else pay, or to harm the gateway,
// each with the test that plays it. The lists are in tests/attacks/; here is what keeps their references true.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ACCOUNTS_OF_OTHERS } from "./attacks/accounts.ts";
import { ANSWERS_NOT_COUNTED } from "./attacks/answers.ts";
import { BALANCES_NOT_SPENT } from "./attacks/balances.ts";
import { CALLERS_NOT_COUNTED } from "./attacks/callers.ts";
import { CEILINGS_PASSED } from "./attacks/ceilings.ts";
import { CHARGES_MADE_TWICE_OR_LOST } from "./attacks/charges.ts";
import { CALLS_THAT_PASS_FOR_FREE } from "./attacks/free-calls.ts";
import { HARM_TO_THE_GATEWAY } from "./attacks/gateway.ts";
import { LIMITS_THAT_LIMIT_NOBODY } from "./attacks/limits.ts";
import { PROMPTS_NOT_COUNTED } from "./attacks/prompts.ts";
import { REDIS_IN_THE_CLOUD } from "./attacks/redis.ts";
import { USAGE_OF_OTHERS } from "./attacks/usage.ts";
import { WEBSOCKETS_NOT_CHARGED } from "./attacks/websockets.ts";
import { BUDGETS_SPENT_TWICE } from "./attacks/windows.ts";

describe.each([
  ["callers who are not counted, or counted as somebody else", CALLERS_NOT_COUNTED],
  ["prompts that cost nothing, or too little", PROMPTS_NOT_COUNTED],
  ["answers that cost nothing, or too little", ANSWERS_NOT_COUNTED],
  ["calls that pass for free ones", CALLS_THAT_PASS_FOR_FREE],
  ["conversations over WebSockets that cost too little", WEBSOCKETS_NOT_CHARGED],
  ["ceilings that parallel calls pass", CEILINGS_PASSED],
  ["budgets that are spent twice, and calls that are not counted", BUDGETS_SPENT_TWICE],
  ["charges that are made twice, or lost", CHARGES_MADE_TWICE_OR_LOST],
  ["balances that are not spent", BALANCES_NOT_SPENT],
  ["accounts of others", ACCOUNTS_OF_OTHERS],
  ["harm to the gateway", HARM_TO_THE_GATEWAY],
  ["Redis in the cloud", REDIS_IN_THE_CLOUD],
  ["what others have used", USAGE_OF_OTHERS],
  ["limits that limit nobody", LIMITS_THAT_LIMIT_NOBODY],
])("%s", (_group, attacks) => {
  it("names a test for each attack", () => {
    const missing = attacks.filter(([, file, title]) => !titlesIn(file).includes(title));
    expect(missing).toEqual([]);
  });
});

/** The text of a test file, in which its titles stand. */
function titlesIn(file: string): string {
  return readFileSync(resolve(import.meta.dirname, file), "utf8");
}
