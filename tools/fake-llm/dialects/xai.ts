import { chatDialect } from "./chat.ts";
import { openaiUsage } from "./openai.ts";

/** xAI (docs.x.ai): the reasoning is not in `completion_tokens`, only in the total. */
export const XAI = chatDialect({
  name: "xai",
  showsReasoning: true,
  usage: (counts) => ({ ...openaiUsage(counts), completion_tokens: counts.output - counts.reasoning }),
  stream: ({ usage }) => (usage === undefined ? {} : { lastChunk: { usage } }),
});
