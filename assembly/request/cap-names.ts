import { toLower, UNDERSCORE } from "../bytes/ascii";
import { bytesOf } from "../bytes/bytes";
import { ByteTable } from "../bytes/table";

/** What the name of a member of a request says about the output, however it is spelt. */
export const enum Name {
  Other,

  // How many tokens the output may have.
  MaxTokens,
  MaxCompletionTokens,
  MaxOutputTokens,
  MaxNewTokens,
  MaxTokenCount,
  MaxGenLen,
  MaxTokensToSample,
  NumPredict,
  NPredict,

  // How many outputs there are.
  N,
  BestOf,
  CandidateCount,

  // What there is one output for.
  Prompt,
  PromptEmbeds,

  // How many tokens of reasoning there may be.
  BudgetTokens,
  TokenBudget,
  ThinkingBudget,

  // Objects with a budget for reasoning.
  Thinking,
  ThinkingConfig,
  Reasoning,
  ReasoningConfig,

  // Objects with any of these.
  Options,
  GenerationConfig,
  InferenceConfig,
  Parameters,
  Input,
  TextGenerationConfig,
  SamplingParams,
  AdditionalModelRequestFields,
  ExtraBody,

  Model,

  // Other calls that the server may make instead, with caps of their own (LiteLLM).
  Fallbacks,
  // Other models that it may use instead (LiteLLM, OpenRouter).
  ContextWindowFallbacks,
  ContentPolicyFallbacks,
  Models,
}

/** The same names in the same order, normal as `nameOf` makes them. */
const NORMAL =
  "maxtokens maxcompletiontokens maxoutputtokens maxnewtokens maxtokencount maxgenlen maxtokenstosample numpredict npredict " +
  "n bestof candidatecount prompt promptembeds budgettokens tokenbudget thinkingbudget " +
  "thinking thinkingconfig reasoning reasoningconfig options generationconfig inferenceconfig parameters input " +
  "textgenerationconfig samplingparams additionalmodelrequestfields extrabody model fallbacks " +
  "contextwindowfallbacks contentpolicyfallbacks models";

/** The longest of them, in bytes. */
const LONGEST: i32 = 28;
/** The longest spelling that is read, in bytes. */
const MAX_SPELLING: i32 = 64;

const NAMES = new ByteTable(48);
const list = NORMAL.split(" ");
for (let i = 0; i < list.length; ++i) NAMES.add(bytesOf(list[i]), i + 1);

const normal = memory.data(28);

/** KELVIN SIGN and LATIN SMALL LETTER LONG S in UTF-8, lowest byte first: Go takes them for `k` and `s` in names. */
const KELVIN: u32 = 0xaa84e2;
const LONG_S: u16 = 0xbfc5;
const LOWER_K: u8 = 0x6b;
const LOWER_S: u8 = 0x73;

/**
 * What the `len` bytes at `ptr`, the name of a member, stand for. Letter case and underscores do not matter: Go's readers ignore
 * case, those of protocol buffers take `max_tokens` for `maxTokens`, and the same field is spelt in both ways by different APIs.
 */
export function nameOf(ptr: usize, len: i32): Name {
  if (len > MAX_SPELLING) return Name.Other;
  const end = ptr + len;
  let size = 0;
  for (let at = ptr; at < end; ++at) {
    let c = toLower(load<u8>(at));
    if (c == UNDERSCORE) continue;
    if (c >= 0x80) {
      if (end - at >= 3 && (load<u16>(at) | ((<u32>load<u8>(at, 2)) << 16)) == KELVIN) {
        c = LOWER_K;
        at += 2;
      } else if (end - at >= 2 && load<u16>(at) == LONG_S) {
        c = LOWER_S;
        ++at;
      } else {
        return Name.Other;
      }
    }
    if (size == LONGEST) return Name.Other;
    store<u8>(normal + size++, c);
  }
  const name = NAMES.find(normal, size);
  return name < 0 ? Name.Other : <Name>name;
}

/** Whether it is a cap on the output. */
export function isCap(name: Name): bool {
  return name >= Name.MaxTokens && name <= Name.NPredict;
}

/** Whether it lists models that may take the place of the one that is named. */
export function isFallbacks(name: Name): bool {
  return name >= Name.Fallbacks;
}

/** Whether it is a number of outputs. */
export function isCount(name: Name): bool {
  return name >= Name.N && name <= Name.CandidateCount;
}

/** Whether it is a list of prompts. */
export function isPrompts(name: Name): bool {
  return name == Name.Prompt || name == Name.PromptEmbeds;
}

/** Whether it is a budget for reasoning, in an object for reasoning. OpenRouter calls it `max_tokens`. */
export function isBudget(name: Name): bool {
  return (name >= Name.BudgetTokens && name <= Name.ThinkingBudget) || name == Name.MaxTokens;
}

/** Whether it is an object for reasoning. */
export function isThinking(name: Name): bool {
  return name >= Name.Thinking && name <= Name.ReasoningConfig;
}

/** Whether it is an object with settings. */
export function isSettings(name: Name): bool {
  return name >= Name.Options && name <= Name.ExtraBody;
}
