/** Why a command has no usable reply. */
export const enum Failure {
  None,
  /** The proxy does not know the Redis cluster (yet). */
  UnknownCluster,
  /** The proxy could not send the command: no healthy host, or no connection. */
  NotSent,
  /** The connection failed, or no reply came in time. */
  Network,
  /** Redis wants a password, or refuses the configured one. */
  Authentication,
  /** Redis answered with an error. */
  ErrorReply,
  /** The error says that scripts are not allowed, or not known; that there is no such database. Only reports use these kinds. */
  ScriptsRefused,
  NoDatabase,
  /** The error says that another node of a Redis Cluster has the keys. Only reports use this kind; see `kindOf`. */
  Redirected,
  /** The reply is not one that the command can have, or it belongs to another command. */
  Malformed,
}

const NAMES: string[] = [
  "none",
  "unknown_cluster",
  "not_sent",
  "network",
  "authentication",
  "error_reply",
  "scripts_refused",
  "no_database",
  "redirected",
  "malformed",
];

/** The number of kinds, including `None`. */
export const FAILURES: i32 = NAMES.length;

/** The name of a kind in the names of metrics. */
export function failureName(failure: Failure): string {
  return NAMES[failure];
}
