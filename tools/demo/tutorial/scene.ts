import pc from "picocolors";
import type { Ending, Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { head, row, type Column } from "../table.ts";
import { commandsFor, printed } from "./commands.ts";
import { play, type Outcome } from "./play.ts";
import { TOKENS_PER_MINUTE } from "./plugins.ts";
import type { Request } from "./steps.ts";

const COLUMNS: readonly Column[] = [
  { title: "who", width: 12 },
  { title: "request", width: 26 },
  { title: "status", width: 6 },
  { title: "balance", width: 7, right: true },
  { title: "counter", width: 7, right: true },
  { title: "answer", width: 44 },
];

/** The tutorial of Higress: consumers, their quota, and a limit. */
export const tutorial: Scene = {
  summary: "the tutorial of Higress: consumers, a quota, and a limit",
  play: tell,
};

async function tell(stage: Stage): Promise<Ending> {
  console.log(`
${pc.bold("The tutorial")}: key-auth → ai-quota → ai-token-ratelimit, from its two unchanged configurations
  fake LLM ${stage.llmUrl},  balances and counters in Redis ${stage.redisAddress}
`);
  console.log(head(COLUMNS));
  const gateway = await play(
    stage,
    ({ title }) => console.log(`\n${pc.cyan(title)}`),
    (outcome) => console.log(rowOf(outcome)),
  );
  console.log(`
The quota is a balance: calls are deducted from it, and only the administrator fills it. The limit is a counter that expires
after a minute. A call is charged when its answer ends, because only then is its usage known. So the last call admitted may
take the balance below zero, or the counter above the limit. User2 has a key of its own, and so its own
balance and counter. The key of user1 is refused until its minute is over.
`);
  return { gateway, commands: printed(commandsFor(gateway.url)) };
}

function rowOf(outcome: Outcome): string {
  const { step, status, balance, counter } = outcome;
  const isRefused = status >= 400;
  const cells = row(COLUMNS, [
    step.who,
    inWords(step.request),
    `${status} ${isRefused ? "✗" : "✓"}`,
    balance === null ? "-" : String(balance),
    counter === null ? "-" : `${counter}/${TOKENS_PER_MINUTE}`,
    answerOf(outcome),
  ]);
  return isRefused ? pc.red(cells) : cells;
}

function inWords(request: Request): string {
  if (request.kind === "chat") return "chat";
  if (request.kind === "query") return `query ${request.consumer}`;
  const sign = request.kind === "delta" && request.amount >= 0 ? "+" : "";
  return `${request.kind} ${request.consumer} ${sign}${request.amount}`;
}

/** What the caller gets, and of a refusal which filter it is from. */
function answerOf({ status, details, body, tokens }: Outcome): string {
  if (tokens > 0) return `${tokens} tokens from the model`;
  if (status < 400) return body;
  const reason = body.replace(/^Request denied by .*? check[.,] /, "");
  // As published, the details of key-auth repeat the whole text.
  const refusedBy = details.startsWith("Request_denied_by_Key_Auth") ? "key-auth" : details;
  return `${refusedBy}: ${reason}`;
}
