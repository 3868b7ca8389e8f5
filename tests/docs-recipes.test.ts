// Contract: every recipe of docs/recipes.md does what it says. It is played as it stands, through the local gateway with a real
// Redis and the fake LLM.
//
// To add a recipe, add a section to docs/recipes.md, and the same to docs/recipes_zh.md: a title, a sentence, a block of YAML, which
// gets `rule_name` and `redis` if it has none, and a table with one row for each call, in order:
//
//   | call                                          | tokens | answer                            | charged |
//   | `x-api-key: sk-1` `{"model": "gpt-4o"}`       | 50     | 200 `x-ratelimit-limit-tokens: 9` | 50      |
//   | 60 s later `GET /v1/usage` `x-api-key: sk-1`  | -      | 200 "used"                        | -       |
//
// - call: headers, a path with or without a method (default `POST /v1/chat/completions`), and members of the body that differ
//   from those of a small chat completion. Words that are no code happen before the call: see `BEFORE`.
// - tokens: what the model reports, one of them as input; `-` if it is not called.
// - answer: the status, headers that the answer must have (`*` for any value), and "texts" in its body.
// - charged: what is charged for the call, weighted; `-` if nothing.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { recipesIn, type Row } from "./support/recipes.ts";
import { eventually, startStack, type Stack } from "./support/stack.ts";

const recipesOf = (name: string) =>
  recipesIn(readFileSync(resolve(import.meta.dirname, "..", "docs", name), "utf8"));
const recipes = recipesOf("recipes.md");

/** What can happen before a call. */
const BEFORE: [pattern: RegExp, happens: (stack: Stack, match: RegExpExecArray) => Promise<void>][] = [
  [/^$/, () => Promise.resolve()],
  [/^Redis stops$/, ({ server }) => server.stop()],
  [/^(\d+) s later$/, (stack, [, seconds]) => expireEarlier(stack, Number(seconds) * 1000)],
];

/** Has every key in Redis expire so much earlier. That is all that time does to fixed windows. */
async function expireEarlier({ redis }: Stack, milliseconds: number): Promise<void> {
  for (const key of await redis.keys("*")) {
    const left = await redis.pttl(key);
    if (left > 0) await redis.pexpire(key, left - milliseconds);
  }
}

async function chargedBy({ gateway }: Stack): Promise<number> {
  const [, value = "0"] = /charged_tokens\S* (\d+)/.exec(await gateway.metrics()) ?? [];
  return Number(value);
}

function call({ gateway }: Stack, row: Row): Promise<Response> {
  const body = {
    model: "fake-model",
    messages: [{ role: "user", content: "Hello" }],
    max_tokens: Math.max(row.tokens - 1, 1),
    ...row.body,
  };
  const reported = {
    "x-fake-input-tokens": "1",
    "x-fake-natural-tokens": String(Math.max(row.tokens - 1, 1)),
  };
  return fetch(gateway.url + row.path, {
    method: row.method,
    headers: [["content-type", "application/json"], ...Object.entries(reported), ...row.headers].map(
      ([name, value]): [string, string] => [name!, value!],
    ),
    ...(row.method === "POST" ? { body: JSON.stringify(body) } : {}),
  });
}

describe("docs/recipes.md", () => {
  let stack: Stack | undefined;
  afterEach(() => stack?.close());

  it.each(recipes.map((recipe) => [recipe.title, recipe] as const))(
    "%s",
    async (_title, { config, rows }) => {
      stack = await startStack({
        config: { rule_name: "recipe", redis: { service_name: "redis.static" }, ...config },
      });
      let charged = 0;
      for (const row of rows) {
        const happens = BEFORE.find(([pattern]) => pattern.test(row.before));
        if (happens === undefined) throw new Error(`nobody knows what "${row.before}" is: ${row.text}`);
        await happens[1](stack, happens[0].exec(row.before)!);
        const answer = await call(stack, row);
        const text = await answer.text();
        expect([row.text, answer.status], text).toEqual([row.text, row.status]);
        for (const [name, value] of row.answerHeaders) {
          const given = answer.headers.get(name);
          if (value === "*") expect([row.text, given]).not.toEqual([row.text, null]);
          else expect([row.text, name, given]).toEqual([row.text, name, value]);
        }
        for (const part of row.answerTexts) expect(text, row.text).toContain(part);
        charged += row.charged;
        const was = await eventually(async () => {
          const now = await chargedBy(stack!);
          return now >= charged ? now : undefined;
        });
        expect([row.text, was]).toEqual([row.text, charged]);
      }
    },
  );
});

describe("docs/recipes_zh.md", () => {
  it("has the same recipes", () => {
    const played = (name: string) => recipesOf(name).map(({ config, rows }) => ({ config, rows }));
    expect(played("recipes_zh.md")).toEqual(played("recipes.md"));
  });
});
