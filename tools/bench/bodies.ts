// What the model of the bench is asked and answers: OpenAI chat completions, as api.openai.com formats them.
import { modelText } from "./text.ts";

interface Usage {
  input: number;
  output: number;
}

const COMMON = {
  id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
  created: 1741569952,
  model: "gpt-4.1-2025-04-14",
};
const REST = { service_tier: "default", system_fingerprint: "fp_de235176ee" };
/** What a long completion holds beside its content, and the share of characters that JSON escapes. */
const ENVELOPE = 600;
const ESCAPED = 0.026;

function usageOf({ input, output }: Usage): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** A response in one JSON object, whose usage is at its end; `content` is the text of its only message. */
export function completion(content: string, usage: Usage): Buffer {
  const message = { role: "assistant", content, refusal: null, annotations: [] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  const response = { ...COMMON, object: "chat.completion", choices, usage: usageOf(usage), ...REST };
  // The usage comes last, as in the API's answers before service_tier existed: the whole body must be read for it.
  const { usage: last, ...first } = response;
  return Buffer.from(JSON.stringify({ ...first, usage: last }));
}

/** A response of about `size` bytes, whose content is one text of prose, lists and code. */
export function longCompletion(size: number, usage: Usage): Buffer {
  return completion(modelText(Math.round((size - ENVELOPE) / (1 + ESCAPED))), usage);
}

/** The events of a streamed response: pieces of text of a token each, then the usage, then `[DONE]`. */
export function events(count: number, usage: Usage): Buffer[] {
  const event = (choices: object[], reported: object | null): Buffer => {
    const chunk = { ...COMMON, object: "chat.completion.chunk", ...REST, choices, usage: reported };
    return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const delta = (content: object, finish_reason: string | null): Buffer =>
    event([{ index: 0, delta: content, logprobs: null, finish_reason }], null);
  const words = modelText(8 * count).match(/\s?[^\s]+|\s/g)!;
  return [
    delta({ role: "assistant", content: "", refusal: null }, null),
    ...words.slice(0, count - 4).map((content) => delta({ content }, null)),
    delta({}, "stop"),
    event([], usageOf(usage)),
    Buffer.from("data: [DONE]\n\n"),
  ];
}

/** A request whose body has about `size` bytes. */
export function prompt(size: number): Buffer {
  const messages = [
    { role: "system", content: "You are a helpful assistant." },
    { role: "user", content: modelText(size - 180) },
  ];
  return Buffer.from(JSON.stringify({ model: COMMON.model, messages, stream: false, max_tokens: 512 }));
}

/** A body in pieces of `size` bytes. */
export function cut(body: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) pieces.push(body.subarray(at, at + size));
  return pieces;
}
