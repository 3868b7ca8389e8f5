import { ByteTable } from "../bytes/table";
import { bytesOf } from "../bytes/bytes";

/** What the name of a member of a request says about it. */
export const enum Member {
  /** APIs define it, and models do not see it. */
  Known,
  /** Models read its strings. */
  Text,
  /** Its strings are files, or only the provider can read them. */
  File,
  /** Models read its strings, and if it is a container, all strings inside: the schemas, arguments and results of tools. */
  Payload,
  /** No API defines it, so it may be meant for the model, as in the schema of a tool. */
  Unknown,
}

// OpenAI, Anthropic, Gemini, Cohere, Mistral, Ollama, vLLM, Bedrock, DashScope.
const PAYLOADS = "arguments args response input json parameters input_schema inputSchema";
const TEXTS =
  "content text prompt system instructions description message query context preamble suffix title output " +
  "thinking reasoning_content inputText documents";
const FILES =
  "url image_url audio_url video_url document_url data file_data image images image_data audio video mask bytes b64_json blob " +
  "file signature thoughtSignature thought_signature encrypted_content";
const OTHERS =
  "model messages role type name tools function properties required items enum contents parts tool_calls id " +
  "call_id tool_call_id tool_use_id max_tokens max_completion_tokens max_output_tokens maxOutputTokens maxTokens " +
  "temperature top_p topP top_k topK stream stream_options include_usage n stop stop_sequences seed user metadata " +
  "response_format json_schema schema strict tool_choice parallel_tool_calls presence_penalty frequency_penalty " +
  "logprobs top_logprobs logit_bias cache_control ttl source media_type mime_type mimeType inline_data inlineData " +
  "file_id fileData filename format detail generationConfig safetySettings category threshold systemInstruction " +
  "system_instruction functionDeclarations functionCall functionResponse " +
  "index result reasoning effort summary include store options num_ctx num_predict keep_alive think budget_tokens " +
  "additionalProperties modalities voice anthropic_version inputs extra_body service_tier";

const NAMES = new ByteTable(160);

function add(names: string, member: Member): void {
  const list = names.split(" ");
  for (let i = 0; i < list.length; ++i) NAMES.add(bytesOf(list[i]), member);
}

add(TEXTS, Member.Text);
add(PAYLOADS, Member.Payload);
add(FILES, Member.File);
add(OTHERS, Member.Known);

/** What the `len` bytes at `ptr`, the name of a member, say about it. */
export function memberOf(ptr: usize, len: i32): Member {
  const member = NAMES.find(ptr, len);
  return member < 0 ? Member.Unknown : member;
}
