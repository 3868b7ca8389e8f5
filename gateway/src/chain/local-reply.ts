import { HeaderMap, type HeaderPair } from "./header-map.ts";

/** A response that a filter, or the gateway itself, makes up instead of the upstream's. */
export interface LocalReply {
  readonly status: number;
  /** For the access log (`response_code_details`). */
  readonly details: string;
  readonly body: Buffer;
  readonly headers: readonly HeaderPair[];
}

/** As Envoy: a body has a length, and a content type if the filter gave none. */
export function localReplyHeaders(reply: LocalReply): HeaderMap {
  const headers = new HeaderMap([[":status", String(reply.status)], ...reply.headers]);
  headers.remove("content-length");
  if (reply.body.length === 0) headers.remove("content-type");
  else {
    headers.add("content-length", String(reply.body.length));
    if (!headers.has("content-type")) headers.add("content-type", "text/plain");
  }
  return headers;
}
