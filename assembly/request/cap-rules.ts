import { Bytes, bytesOf, equalsAt } from "../bytes/bytes";
import { Api } from "./api";
import { Name } from "./cap-names";

/** A name, and its spellings that an API surely reads; the first is written. */
@final
export class Spelling {
  private all: Bytes[];

  constructor(
    readonly name: Name,
    spellings: string,
  ) {
    this.all = spellings.split(" ").map<Bytes>((text) => bytesOf(text));
  }

  get first(): Bytes {
    return this.all[0];
  }

  /** Whether the `len` bytes at `ptr` are one of the spellings. */
  is(ptr: usize, len: i32): bool {
    for (let i = 0; i < this.all.length; ++i) {
      if (equalsAt(ptr, len, this.all[i])) return true;
    }
    return false;
  }
}

/**
 * Which caps an API surely obeys. Others may be ignored: a caller who puts `max_output_tokens` into a chat completion must not
 * pay for as little as that says.
 */
@final
export class CapRule {
  constructor(
    /** The object that has the caps; null if they stand at the top level. */
    readonly settings: Spelling | null,
    /** The cap that is written if there is none. */
    readonly cap: Spelling,
    /** Another cap, which newer models take instead; null if there is none. */
    readonly newer: Spelling | null = null,
    /** The smallest cap that the API takes. Except where it is 0, that may mean no limit: to Ollama, and to what drops a 0. */
    readonly least: i64 = 1,
  ) {}

  /** Whether the API surely obeys the cap that is called by the `len` bytes at `ptr`, if it stands in its place. */
  obeys(ptr: usize, len: i32): bool {
    const newer = this.newer;
    return this.cap.is(ptr, len) || (newer !== null && newer.is(ptr, len));
  }

  /** The name of the object that has the caps; `Name.Other` for the top level. */
  get scope(): Name {
    const settings = this.settings;
    return settings === null ? Name.Other : settings.name;
  }
}

const MAX_TOKENS = new Spelling(Name.MaxTokens, "max_tokens");

/** platform.openai.com/docs/api-reference/chat/create: models with reasoning refuse `max_tokens`, older servers know no other. */
const CHAT = new CapRule(null, MAX_TOKENS, new Spelling(Name.MaxCompletionTokens, "max_completion_tokens"));
/** platform.openai.com/docs/api-reference/completions, docs.cohere.com/reference/chat */
const TOP_LEVEL = new CapRule(null, MAX_TOKENS);
/** docs.claude.com/en/api/messages: 0 only fills the cache. */
const MESSAGES = new CapRule(null, MAX_TOKENS, null, 0);
/** platform.openai.com/docs/api-reference/responses/create: fewer than 16 are refused. */
const RESPONSES = new CapRule(null, new Spelling(Name.MaxOutputTokens, "max_output_tokens"), null, 16);
/** ai.google.dev/api/generate-content: protocol buffers, which have two spellings of each name. */
const GEMINI = new CapRule(
  new Spelling(Name.GenerationConfig, "generationConfig generation_config"),
  new Spelling(Name.MaxOutputTokens, "maxOutputTokens max_output_tokens"),
);
/** github.com/ollama/ollama docs/api.md */
const OLLAMA = new CapRule(
  new Spelling(Name.Options, "options"),
  new Spelling(Name.NumPredict, "num_predict"),
);
/** docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html */
const CONVERSE = new CapRule(
  new Spelling(Name.InferenceConfig, "inferenceConfig"),
  new Spelling(Name.MaxTokens, "maxTokens"),
);
/** help.aliyun.com/zh/model-studio, DashScope */
const DASHSCOPE = new CapRule(new Spelling(Name.Parameters, "parameters"), MAX_TOKENS);

/** The rule of an API; null if it is not known which caps that obeys. */
export function capRuleOf(api: Api): CapRule | null {
  switch (api) {
    case Api.Chat:
      return CHAT;
    case Api.Completions:
    case Api.Cohere:
      return TOP_LEVEL;
    case Api.Messages:
      return MESSAGES;
    case Api.Responses:
      return RESPONSES;
    case Api.Gemini:
      return GEMINI;
    case Api.Ollama:
      return OLLAMA;
    case Api.Converse:
      return CONVERSE;
    case Api.DashScope:
      return DASHSCOPE;
    default:
      return null;
  }
}
