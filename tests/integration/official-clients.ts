// The official clients of OpenAI and Anthropic, in Node and in Python, behind one interface.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { havePythonClients, startPythonClient } from "../support/python-client.ts";

/** A call of the caller `alice`. */
export interface Question {
  readonly url: string;
  readonly retries: number;
  /** The cap on the answer. */
  readonly tokens: number;
  readonly headers: Readonly<Record<string, string>>;
}
export interface Outcome {
  /** What an application catches. */
  readonly raised?: { isRateLimit: boolean; message: string; headers: Readonly<Record<string, string>> };
  readonly seconds: number;
}
export interface Client {
  ask(question: Question): Promise<Outcome>;
  close(): Promise<void>;
}
export interface OfficialClient {
  readonly name: string;
  readonly isHere: boolean;
  readonly api: "openai" | "anthropic";
  start(): Promise<Client>;
}

const messages = [{ role: "user" as const, content: "Hello" }];

function inNode(
  RateLimitError: new (...of: never[]) => Error,
  call: (question: Question) => Promise<unknown>,
): Promise<Client> {
  return Promise.resolve({
    ask: async (question) => {
      const began = performance.now();
      const seconds = (): number => (performance.now() - began) / 1000;
      try {
        await call(question);
        return { seconds: seconds() };
      } catch (error) {
        const { message, headers } = error as { message: string; headers?: Headers };
        const isRateLimit = error instanceof RateLimitError;
        return {
          raised: { isRateLimit, message, headers: Object.fromEntries(headers ?? []) },
          seconds: seconds(),
        };
      }
    },
    close: () => Promise.resolve(),
  });
}

async function inPython(script: string, rateLimitError: string): Promise<Client> {
  const client = await startPythonClient(script);
  return {
    ask: async (question) => {
      const { raised, seconds } = await client.call(question);
      if (!raised) return { seconds };
      return { raised: { ...raised, isRateLimit: raised.classes.includes(rateLimitError) }, seconds };
    },
    close: () => client.close(),
  };
}

export const OFFICIAL_CLIENTS: readonly OfficialClient[] = [
  {
    name: "openai in Node",
    isHere: true,
    api: "openai",
    start: () =>
      inNode(OpenAI.RateLimitError, ({ url, retries: maxRetries, tokens: max_tokens, headers }) =>
        new OpenAI({
          apiKey: "alice",
          baseURL: `${url}/v1`,
          maxRetries,
          defaultHeaders: headers,
        }).chat.completions.create({ model: "fake-model", messages, max_tokens }),
      ),
  },
  {
    name: "openai in Python",
    isHere: havePythonClients,
    api: "openai",
    start: () => inPython("openai_client.py", "openai.RateLimitError"),
  },
  {
    name: "anthropic in Node",
    isHere: true,
    api: "anthropic",
    start: () =>
      inNode(Anthropic.RateLimitError, ({ url, retries: maxRetries, tokens: max_tokens, headers }) =>
        new Anthropic({ apiKey: "alice", baseURL: url, maxRetries, defaultHeaders: headers }).messages.create(
          { model: "fake-model", messages, max_tokens },
        ),
      ),
  },
  {
    name: "anthropic in Python",
    isHere: havePythonClients,
    api: "anthropic",
    start: () => inPython("anthropic_client.py", "anthropic.RateLimitError"),
  },
];
