import { chatDialect } from "./chat.ts";
import { openaiUsage } from "./openai.ts";

/** Moonshot (platform.moonshot.cn/docs/api/chat): in a stream, the usage is inside the choice with the finish reason. */
export const MOONSHOT = chatDialect({
  name: "moonshot",
  usage: (counts) => ({ ...openaiUsage(counts), cached_tokens: counts.cacheRead }),
  stream: ({ usage }) => ({ finishChoice: { usage } }),
});
