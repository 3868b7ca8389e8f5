import { Bytes, bytesOf } from "../bytes/bytes";
import { Api, apiOf } from "../request/api";
import { endsSurelyIn, forgetPath, readPath } from "../request/path-ending";

/** The form of an answer of the filter (`rejected_format`). Clients of each API read errors in its own form. */
export const enum Format {
  /** As published: the message alone. */
  Text,
  /** That of the API that the request calls. */
  Auto,
  OpenAI,
  Anthropic,
  Gemini,
  Azure,
  Bedrock,
  Cohere,
  Ollama,
  /** RFC 9457. */
  Problem,
  /** DashScope's native API. It has no name of its own: `auto` finds it. */
  DashScope,
}

/** The names of formats in configurations, by `Format`. */
export const FORMATS: string[] = [
  "text",
  "auto",
  "openai",
  "anthropic",
  "gemini",
  "azure",
  "bedrock",
  "cohere",
  "ollama",
  "problem",
];

/** Bedrock's InvokeModel, whose bodies are those of each vendor, but not its errors. */
const INVOKE = bytesOf("/invoke");
const INVOKE_STREAM = bytesOf("/invoke-with-response-stream");

/** The format of the API that a path leads to: OpenAI's if that is unknown, because most servers have its API. */
export function formatOf(path: Bytes): Format {
  switch (apiOf(path)) {
    case Api.Messages:
      return Format.Anthropic;
    case Api.Gemini:
      return Format.Gemini;
    case Api.Ollama:
      return Format.Ollama;
    case Api.Converse:
      return Format.Bedrock;
    case Api.DashScope:
      return Format.DashScope;
    case Api.Cohere:
      return Format.Cohere;
    case Api.Unknown:
      return isInvoke(path) ? Format.Bedrock : Format.OpenAI;
    default:
      return Format.OpenAI;
  }
}

function isInvoke(path: Bytes): bool {
  readPath(path);
  const is = endsSurelyIn(INVOKE) || endsSurelyIn(INVOKE_STREAM);
  forgetPath();
  return is;
}
