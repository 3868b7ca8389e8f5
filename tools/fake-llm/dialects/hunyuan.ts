import { answer, type Completion } from "../completion.ts";
import { limitAt, messagesAt, modelAt } from "../fields.ts";
import { SSE, type WireEvent } from "../framings.ts";
import { CREATED, FAILURE, type Dialect, type JsonReply } from "./dialect.ts";

/**
 * Tencent Hunyuan's native ChatCompletions (cloud.tencent.com/document/product/1729/105701): names in capitals, errors
 * with status 200. The API itself has no limit of tokens; the fake takes `MaxTokens`. Reasoning is not shown.
 */
export const HUNYUAN: Dialect = {
  name: "hunyuan",
  path: /^\/$/,
  error: hunyuanError,
  read: ({ json }) => ({
    model: modelAt(json, "Model"),
    prompt: messagesAt(json, "Messages"),
    maxTokens: limitAt(json, "MaxTokens"),
    reply: (completion) =>
      json["Stream"] === true
        ? {
            events: events(completion),
            framing: SSE,
            failure: { data: { ErrorMsg: { Msg: FAILURE, Code: 4000 } } },
          }
        : { body: whole(completion) },
  }),
};

const NOTE = "by a fake model";

function hunyuanError(status: number, Message: string): JsonReply {
  const Code = status === 429 ? "LimitExceeded" : status < 500 ? "InvalidParameter" : "InternalError";
  return { status: 200, body: { Response: { Error: { Code, Message }, RequestId: "fake" } } };
}

function result(completion: Completion, choice: object, output: number): object {
  const { id, usage } = completion;
  return {
    Note: NOTE,
    Choices: [{ Index: 0, ...choice }],
    Created: CREATED,
    Id: id,
    Usage: usage && {
      PromptTokens: usage.input,
      CompletionTokens: output,
      TotalTokens: usage.input + output,
    },
  };
}

function whole(completion: Completion): object {
  const { id, thoughts, tokens } = completion;
  const choice = {
    FinishReason: completion.finishReason,
    Message: { Role: "assistant", Content: answer(completion) },
  };
  return { Response: { RequestId: id, ...result(completion, choice, thoughts.length + tokens.length) } };
}

/** An event a token, with a running total of the usage; the data of events is not wrapped in `Response`. */
function events(completion: Completion): WireEvent[] {
  const { thoughts, tokens, finishReason } = completion;
  const total = thoughts.length + tokens.length;
  const choice = (Content: string, FinishReason: string): object => ({
    FinishReason,
    Delta: { Role: "assistant", Content },
  });
  return [
    ...tokens.map((token, i) => result(completion, choice(token, ""), thoughts.length + i + 1)),
    result(completion, choice("", finishReason), total),
  ].map((data) => ({ data }));
}
