import { answer, thinking, type Completion, type TokenCounts } from "../completion.ts";
import { limitAt, modelAt, objectAt, textOf } from "../fields.ts";
import { SSE_DASHSCOPE, type WireEvent } from "../framings.ts";
import { FAILURE, type Dialect, type DialectRequest, type JsonReply } from "./dialect.ts";

/**
 * DashScope's native API (help.aliyun.com/zh/model-studio, "DashScope"): streamed if the header X-DashScope-SSE is
 * `enable` or the client accepts only events. Each event has the text so far, with `incremental_output` the new text.
 */
export const DASHSCOPE: Dialect = {
  name: "dashscope",
  path: /^\/api\/v1\/services\/aigc\/text-generation\/generation$/,
  error: dashscopeError,
  read: (request) => {
    const input = objectAt(request.json, "input");
    const parameters = objectAt(request.json, "parameters");
    return {
      model: modelAt(request.json),
      prompt: textOf(input["messages"] ?? input["prompt"]),
      maxTokens: limitAt(parameters, "max_tokens"),
      reply: (completion) =>
        isStreamed(request)
          ? {
              events: events(completion, parameters["incremental_output"] === true),
              framing: SSE_DASHSCOPE,
              failure: { name: "error", data: dashscopeError(500, FAILURE).body },
            }
          : { body: whole(completion) },
    };
  },
};

function isStreamed({ headers }: DialectRequest): boolean {
  return headers["x-dashscope-sse"] === "enable" || headers.accept === "text/event-stream";
}

function dashscopeError(status: number, message: string): JsonReply {
  const code = status === 429 ? "Throttling" : status < 500 ? "InvalidParameter" : "InternalError";
  return { body: { code, message, request_id: "fake" } };
}

/** The usage when so much is generated; the reasoning is inside the output, the cached tokens inside the input. */
function dashscopeUsage(counts: TokenCounts | undefined, output: number, reasoning: number) {
  return (
    counts && {
      total_tokens: counts.input + output,
      output_tokens: output,
      input_tokens: counts.input,
      prompt_tokens_details: { cached_tokens: counts.cacheRead },
      output_tokens_details: { reasoning_tokens: reasoning },
    }
  );
}

function result(completion: Completion, message: object, finishReason: string, usage?: object): object {
  return {
    output: { choices: [{ message: { role: "assistant", ...message }, finish_reason: finishReason }] },
    usage,
    request_id: completion.id,
  };
}

function whole(completion: Completion): object {
  const { thoughts, tokens, usage } = completion;
  const message = { content: answer(completion), reasoning_content: thinking(completion) };
  const counts = dashscopeUsage(usage, thoughts.length + tokens.length, thoughts.length);
  return result(completion, message, completion.finishReason, counts);
}

/** An event a token, with a running total of the usage; the last one has the finish reason, which before is "null". */
function events(completion: Completion, incremental: boolean): WireEvent[] {
  const { thoughts, tokens, usage } = completion;
  const all = [...thoughts, ...tokens];
  const textIn = (list: readonly string[], from: number, to: number): string =>
    list.slice(incremental ? Math.max(from, 0) : 0, Math.max(to, 0)).join("");
  const steps = all.map((_, i) => {
    const message = {
      content: textIn(tokens, i - thoughts.length, i - thoughts.length + 1),
      reasoning_content: textIn(thoughts, i, i + 1) || undefined,
    };
    const counts = dashscopeUsage(usage, i + 1, Math.min(i + 1, thoughts.length));
    return result(completion, message, "null", counts);
  });
  const message = incremental ? { content: "" } : { content: answer(completion) };
  const counts = dashscopeUsage(usage, all.length, thoughts.length);
  return [...steps, result(completion, message, completion.finishReason, counts)].map((data) => ({ data }));
}
