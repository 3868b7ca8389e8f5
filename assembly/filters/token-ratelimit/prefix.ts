/** What the filter's log lines begin with. */
export const PREFIX = "[ai-token-ratelimit] ";
