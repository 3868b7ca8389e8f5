import { chatDialect } from "./chat.ts";
import { openaiUsage } from "./openai.ts";

/**
 * DeepSeek (api-docs.deepseek.com), and Mistral, Together, Z.ai in this: the usage is in the chunk with the finish
 * reason, whether asked for or not. The prompt is split into cache hits and misses.
 */
export const DEEPSEEK = chatDialect({
  name: "deepseek",
  showsReasoning: true,
  usage: (counts) => ({
    ...openaiUsage(counts),
    prompt_cache_hit_tokens: counts.cacheRead,
    prompt_cache_miss_tokens: counts.input - counts.cacheRead,
  }),
  stream: ({ usage }) => ({ finishChunk: { usage } }),
});
