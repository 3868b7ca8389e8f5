import { bytesOf } from "../../bytes/bytes";

/** What this plugin is called: in the log, and in the details of its answers, by which access logs tell it from others. */
export const NAME = "ai-quota";
/** What the names of its metrics begin with. */
export const METRICS = "ai_quota.";

export const AMBIGUOUS = bytesOf(`${NAME}.ambiguous`);
export const UPGRADE_REFUSED = bytesOf(`${NAME}.upgrade_refused`);
