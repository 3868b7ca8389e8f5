import { bytesOf } from "../../bytes/bytes";

/** What this plugin is called: in the log, and in the details of its responses, by which access logs tell it from others. */
export const NAME = "ai-token-ratelimit";
/** What the names of its metrics begin with. */
export const METRICS = "ai_token_ratelimit.";

export const REJECTED = bytesOf(`${NAME}.rejected`);
export const UNAVAILABLE = bytesOf(`${NAME}.unavailable`);
export const AMBIGUOUS = bytesOf(`${NAME}.ambiguous`);
export const UNIDENTIFIED = bytesOf(`${NAME}.unidentified`);
export const UPGRADE_REFUSED = bytesOf(`${NAME}.upgrade_refused`);
export const MARKED = bytesOf(`${NAME}.marked`);
export const USAGE = bytesOf(`${NAME}.usage`);
