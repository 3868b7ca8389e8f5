/** Why the upstream did not answer, for the access log and for the client. Neither holds anything of a request. */
export interface UpstreamFailure {
  /** What Envoy would call it in its response code details. */
  readonly resetReason:
    "remote_connection_failure" | "connection_timeout" | "connection_termination" | "protocol_error";
  /** One of a few words; it becomes part of the response code details, which metrics count. */
  readonly kind: string;
  /** In a few words, with what to do. */
  readonly reason: string;
}

/** The error that a connection attempt gets when it takes too long. */
export class ConnectTimeout extends Error {
  readonly code = "CONNECT_TIMEOUT";
}

const USE_CA = "if its certificate authority is your own, name it with --upstream-ca";
const HTTP2_ONLY = "it speaks HTTP/2 only; the gateway speaks HTTP/1.1 to upstreams";

/** By the codes of node, libuv and OpenSSL. */
const FAILURES: readonly [codes: RegExp, kind: string, reason: string][] = [
  [/^ECONNREFUSED$/, "refused", "nothing listens at its address"],
  [/^(ENOTFOUND|EAI_\w+)$/, "name", "its name cannot be resolved"],
  [/^(ETIMEDOUT|CONNECT_TIMEOUT)$/, "timeout", "no connection came about in time"],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES)$/, "unreachable", "there is no way to its address"],
  [/^CERT_HAS_EXPIRED$/, "certificate", "its certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "certificate", "its certificate is not valid yet"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "certificate", "its certificate is for another name"],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/,
    "certificate",
    `its certificate is self-signed; ${USE_CA}`,
  ],
  [
    /^UNABLE_TO_(GET_ISSUER_CERT|GET_ISSUER_CERT_LOCALLY|VERIFY_LEAF_SIGNATURE)$/,
    "certificate",
    `nobody known has signed its certificate; ${USE_CA}`,
  ],
  [
    /^(CERT_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|CRL_)/,
    "certificate",
    "its certificate cannot be accepted",
  ],
  [/^(ERR_SSL_|ERR_TLS_|EPROTO$)/, "tls", "no TLS connection came about"],
  [/^HPE_/, "protocol", "what it sends is not HTTP/1.1"],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, "reset", "it closed the connection without an answer"],
];

/** Of the kinds that are no failure to connect. */
const RESET_REASONS: Readonly<Record<string, UpstreamFailure["resetReason"]>> = {
  timeout: "connection_timeout",
  reset: "connection_termination",
  protocol: "protocol_error",
};

/** Reads an error of node's HTTP client. */
export function describeFailure(error: Error): UpstreamFailure {
  const { code = "", rawPacket } = error as NodeJS.ErrnoException & { rawPacket?: Buffer };
  if (code.startsWith("HPE_") && rawPacket !== undefined) {
    // A SETTINGS frame (RFC 9113, 3.4) or a TLS alert instead of a status line.
    if (rawPacket[0] === 0 && rawPacket[3] === 4) return failure("http2_only", HTTP2_ONLY, code);
    if (rawPacket[0] === 0x15) return failure("tls", "it speaks TLS; is it https://?", code);
  }
  // OpenSSL's reasons; node gives most of its errors the one code EPROTO.
  if (/no application protocol/.test(error.message)) return failure("http2_only", HTTP2_ONLY, code);
  if (/wrong version number|packet length too long/.test(error.message)) {
    return failure("tls", "it does not speak TLS; is it http://?", code);
  }
  const [, kind, reason] = FAILURES.find(([codes]) => codes.test(code)) ?? [];
  return failure(kind ?? "other", reason ?? "the request could not be sent", code);
}

function failure(kind: string, reason: string, code: string): UpstreamFailure {
  const resetReason = RESET_REASONS[kind] ?? "remote_connection_failure";
  return { resetReason, kind, reason: code === "" ? reason : `${reason} (${code})` };
}
