/** Why a command has no usable reply. */
export const enum Failure {
  None,
  /** The proxy does not know the Redis cluster (yet). */
  UnknownCluster,
  /** The proxy could not send the command: no healthy host, or no connection. */
  NotSent,
  /** The connection failed, or no reply came in time. */
  Network,
  /** Redis wants a password, or refuses the one configured. */
  Authentication,
  /** Redis answered with an error. */
  ErrorReply,
  /** The error is that another node of a Redis Cluster has the keys. Only reports tell it from others: `kindOf`. */
  Redirected,
  /** The reply is not what the command returns, or is that to another command. */
  Malformed,
}

const NAMES: string[] = [
  "none",
  "unknown_cluster",
  "not_sent",
  "network",
  "authentication",
  "error_reply",
  "redirected",
  "malformed",
];

/** How many kinds there are, `None` among them. */
export const FAILURES: i32 = NAMES.length;

/** What a kind is called, in the names of metrics. */
export function failureName(failure: Failure): string {
  return NAMES[failure];
}
