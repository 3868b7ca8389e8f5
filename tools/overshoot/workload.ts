// What callers ask: prompts of different lengths with their real token counts, and answers that end where they end, which is
// known only to the model. Every other call states a cap, larger than what it needs, as clients do.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";

export interface Call {
  readonly body: string;
  /** For the fake LLM: what it reports as input, and where the answer ends by itself. */
  readonly input: number;
  readonly natural: number;
}

/** The cap of calls that state one, and the output that is assumed of the others. */
export const CAP = 512;
const SHORTEST_ANSWER = 20;
const LONGEST_ANSWER = 380;
/** How many average calls the limit fits. */
export const FITTING = 40;
/** What OpenAI counts for the frame of a message, and for the beginning of the answer. */
const FRAME_TOKENS = 7;

const SENTENCES = [
  "The kitchen closes at ten, but the bar stays open until the last guest has left.",
  "Please summarise the attached minutes for somebody who could not come to the meeting.",
  "Our deployment failed last night because the certificate of the staging cluster had expired.",
  "Write a short reply to a customer whose parcel arrived two days late, and offer a voucher.",
  "List three reasons why a relational database may be a better choice than a document store here.",
  "In 1889 the tower was meant to stand for twenty years; nobody expected that it would become a symbol.",
  "Rewrite this paragraph so that a child of ten understands it, and keep all the numbers.",
  "The function returns early when the list is empty, so the caller must be prepared for an undefined value.",
  "What should I cook with lentils, two carrots, an onion and half a lemon?",
  "Translate the following sentence into Spanish and explain why you chose that tense.",
  "Her train leaves at 7:42 from platform 9, and the connection in Utrecht takes only six minutes.",
  "Compare the costs of renting and buying over fifteen years, assuming an interest rate of 3.5 percent.",
];

/** Numbers from 0 to 1 that look random and are the same in every run (the MINSTD generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** The calls of a run. */
export function callsOf(count: number, isStream: boolean): Call[] {
  const next = randomNumbers(20_240_229);
  return Array.from({ length: count }, (_, i) => {
    const sentences = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
      return SENTENCES[Math.floor(next() * SENTENCES.length)]!;
    });
    const content = sentences.join(" ");
    return {
      body: JSON.stringify({
        model: "fake-model",
        messages: [{ role: "user", content }],
        ...(i % 2 === 0 ? { max_tokens: CAP } : {}),
        ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
      }),
      input: countTokens(content) + FRAME_TOKENS,
      natural: SHORTEST_ANSWER + Math.floor(next() * (LONGEST_ANSWER - SHORTEST_ANSWER + 1)),
    };
  });
}

/** The limit, in tokens. */
export const LIMIT = ((): number => {
  const calls = callsOf(1000, false);
  const sum = calls.reduce((all, { input, natural }) => all + input + natural, 0);
  return Math.round((FITTING * sum) / calls.length);
})();
