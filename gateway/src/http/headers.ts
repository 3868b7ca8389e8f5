import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { HeaderMap, type HeaderPair } from "../chain/header-map.ts";
import type { Target } from "./target.ts";

/** Headers that speak of one connection, not of the message (RFC 9110, 7.6.1), and what a proxy settles itself. */
const HOP_BY_HOP = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The request as the filter sees it: pseudo headers first, no hop-by-hop headers, an x-request-id. */
export function requestHeaders(request: IncomingMessage, target: Target): HeaderMap {
  const headers = new HeaderMap([
    [":authority", target.authority],
    [":path", target.path],
    [":method", request.method ?? "GET"],
    [":scheme", "http"],
    ...endToEnd(request.rawHeaders).filter(([name]) => name !== "host"),
  ]);
  if (!headers.has("x-request-id")) headers.add("x-request-id", randomUUID());
  return headers;
}

/** The response as the filter sees it. */
export function responseHeaders(response: IncomingMessage): HeaderMap {
  return new HeaderMap([[":status", String(response.statusCode)], ...endToEnd(response.rawHeaders)]);
}

/** Trailers; `null` if there are none. */
export function trailersOf(message: IncomingMessage): HeaderMap | null {
  return message.rawTrailers.length > 0 ? new HeaderMap(pairsOf(message.rawTrailers)) : null;
}

/** What node:http takes: names and values in turn, without pseudo headers and those of the connection. */
export function toRawHeaders(headers: HeaderMap): string[] {
  return [...headers].filter(([name]) => !name.startsWith(":") && !HOP_BY_HOP.has(name)).flat();
}

/** Trailers as `addTrailers` takes them. */
export function toTrailers(trailers: HeaderMap): [string, string][] {
  return [...trailers].map(([name, value]) => [name, value]);
}

function endToEnd(rawHeaders: readonly string[]): HeaderPair[] {
  const pairs = pairsOf(rawHeaders);
  const named = pairs
    .filter(([name]) => name === "connection")
    .flatMap(([, value]) => value.toLowerCase().split(","));
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())]);
  return pairs.filter(([name]) => !dropped.has(name));
}

function pairsOf(raw: readonly string[]): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i]?.toLowerCase() ?? "", raw[i + 1] ?? ""]);
  return pairs;
}
