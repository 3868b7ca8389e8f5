import { Bytes, bytesOf, EMPTY } from "../bytes/bytes";
import { endsIn, endsSurelyIn, forgetPath, mayEndAnywhere, readPath } from "./path-ending";

/** The API that a request calls: what the fields of its body mean. */
export const enum Api {
  /** Embeddings, reranking and moderation: a model reads, but writes nothing. */
  NoOutput,
  /** Servers may disagree on which of these it is, as no honest client has them do. */
  Ambiguous,
  /** None of these. */
  Unknown,
  /** OpenAI's chat completions, and all that are compatible. */
  Chat,
  /** OpenAI's older completions. */
  Completions,
  /** OpenAI's responses. */
  Responses,
  /** Anthropic's messages, also on Vertex. */
  Messages,
  /** Gemini, also on Vertex. */
  Gemini,
  Ollama,
  /** Bedrock's Converse. InvokeModel has the body of each vendor, so it is unknown. */
  Converse,
  /** DashScope's native API. */
  DashScope,
  Cohere,
}

const ENDINGS: Bytes[] = [];
const APIS: Api[] = [];

function add(api: Api, endings: string): void {
  const list = endings.split(" ");
  for (let i = 0; i < list.length; ++i) {
    ENDINGS.push(bytesOf(list[i]));
    APIS.push(api);
  }
}

// The first that fits counts.
add(Api.Chat, "/chat/completions");
add(Api.Completions, "/completions");
add(Api.Responses, "/responses");
add(Api.Messages, "/v1/messages :rawpredict :streamrawpredict");
add(Api.Gemini, ":generatecontent :streamgeneratecontent");
add(Api.Ollama, "/api/chat /api/generate");
add(Api.Converse, "/converse /converse-stream");
add(Api.DashScope, "/text-generation/generation /multimodal-generation/generation");
add(Api.Cohere, "/v2/chat /v1/chat");
add(Api.NoOutput, "/embeddings /embed /rerank /moderations :embedcontent :batchembedcontents");

/** The path that was asked about last, and its API: of a path that does not change there is only one object. */
let latest: Bytes = EMPTY;
let latestApi: Api = Api.Unknown;
/** Of a longer path, another object is made for each request. */
const MAX_REMEMBERED: i32 = 256;

/** The API that a path leads to, whatever precedes it and however it is spelt. */
export function apiOf(path: Bytes): Api {
  if (path === latest) return latestApi;
  const api = readApi(path);
  if (path.byteLength <= MAX_REMEMBERED) {
    latest = path;
    latestApi = api;
  }
  return api;
}

/** Whether responses of this API may report their usage in headers: Bedrock's InvokeModel does. */
export function mayCountInHeaders(api: Api): bool {
  return api == Api.Unknown || api == Api.Ambiguous;
}

function readApi(path: Bytes): Api {
  readPath(path);
  let api = mayEndAnywhere() ? Api.Ambiguous : Api.Unknown;
  for (let i = 0; i < ENDINGS.length && api == Api.Unknown; ++i) {
    if (endsSurelyIn(ENDINGS[i])) api = APIS[i];
    else if (endsIn(ENDINGS[i])) api = Api.Ambiguous;
  }
  forgetPath();
  return api;
}
