import { InvalidRequest } from "../fields.ts";
import { ANTHROPIC } from "./anthropic.ts";
import { BAIDU, BAIDU_2023 } from "./baidu.ts";
import { BEDROCK_CONVERSE } from "./bedrock-converse.ts";
import { BEDROCK_INVOKE } from "./bedrock-invoke.ts";
import { COHERE } from "./cohere.ts";
import { DASHSCOPE } from "./dashscope.ts";
import { DEEPSEEK } from "./deepseek.ts";
import type { Dialect } from "./dialect.ts";
import { GEMINI } from "./gemini.ts";
import { GROQ } from "./groq.ts";
import { HUNYUAN } from "./hunyuan.ts";
import { MOONSHOT } from "./moonshot.ts";
import { OLLAMA } from "./ollama.ts";
import { OPENAI_CHAT } from "./openai-chat.ts";
import { OPENAI_COMPLETIONS } from "./openai-completions.ts";
import { OPENAI_EMBEDDINGS } from "./openai-embeddings.ts";
import { OPENAI_RESPONSES } from "./openai-responses.ts";
import { XAI } from "./xai.ts";

/**
 * The dialects, chosen by path. Where several share one, the first of them is spoken, or the one that the switch
 * `dialect` names.
 */
// prettier-ignore
export const DIALECTS: readonly Dialect[] = [
  OPENAI_CHAT,        // /v1/chat/completions
  DEEPSEEK,           //   usage in the chunk with the finish reason
  MOONSHOT,           //   usage in its choice
  XAI,                //   reasoning beside the completion
  GROQ,               // /openai/v1/chat/completions: x_groq
  OPENAI_COMPLETIONS, // /v1/completions
  OPENAI_RESPONSES,   // /v1/responses
  OPENAI_EMBEDDINGS,  // /v1/embeddings
  ANTHROPIC,          // /v1/messages
  GEMINI,             // /v1beta/models/<model>:generateContent, :streamGenerateContent with or without ?alt=sse
  BEDROCK_CONVERSE,   // /model/<model>/converse, /converse-stream
  BEDROCK_INVOKE,     // /model/<model>/invoke, /invoke-with-response-stream: Claude
  COHERE,             // /v2/chat
  DASHSCOPE,          // /api/v1/services/aigc/text-generation/generation
  OLLAMA,             // /api/chat
  BAIDU,              // /rpc/2.0/ai_custom/v1/wenxinworkshop/chat/<model>
  BAIDU_2023,         //   counts per event
  HUNYUAN,            // /
];

/**
 * The dialect of a path, and what the named groups of its pattern match.
 * @throws InvalidRequest if there is none, or not the one with this name.
 */
export function findDialect(path: string, name: string | undefined): [Dialect, Record<string, string>] {
  const here = DIALECTS.filter((dialect) => dialect.path.test(path));
  if (here.length === 0) throw new InvalidRequest(`no such route: POST ${path}`, null, 404);
  const dialect = name === undefined ? here[0] : here.find((candidate) => candidate.name === name);
  if (dialect === undefined) {
    const names = here.map((candidate) => candidate.name).join(", ");
    throw new InvalidRequest(`the dialects of ${path} are ${names}, not ${name}`, "x-fake-dialect");
  }
  return [dialect, { ...dialect.path.exec(path)?.groups }];
}
