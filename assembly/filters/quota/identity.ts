import { bytesOf } from "../../bytes/bytes";

/** The name of this plugin, in the log and in the details of its answers, which identify it in access logs. */
export const NAME = "ai-quota";
/** What the names of its metrics begin with. */
export const METRICS = "ai_quota.";

export const AMBIGUOUS = bytesOf(`${NAME}.ambiguous`);
export const UPGRADE_REFUSED = bytesOf(`${NAME}.upgrade_refused`);
