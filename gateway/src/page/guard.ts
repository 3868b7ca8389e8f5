import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** A request that is not served, and why. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const HEADERS: Readonly<Record<string, string>> = {
  // Everything comes from this very port, and no script stands in the page itself. The editor makes its own styles and marks.
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};

export function secureHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
}

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/**
 * Refuses what another site sends through the operator's browser. A name that an attacker has pointed at this machine (DNS rebinding)
 * shows in Host, a page of another origin in Origin or Sec-Fetch-Site.
 * @throws Refused
 */
export function refuseForeign(request: IncomingMessage): void {
  const { host = "", origin } = request.headers;
  if (!LOOPBACK.test(host)) throw new Refused(421, "this page is served to localhost only");
  const site = request.headers["sec-fetch-site"];
  const isForeign = origin !== undefined && origin !== `http://${host}`;
  if (isForeign || (site !== undefined && site !== "same-origin" && site !== "none"))
    throw new Refused(403, "another site may not ask this page");
  if (request.method === "GET" || request.method === "HEAD") return;
  if (request.method !== "POST") throw new Refused(405, "GET or POST");
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
    throw new Refused(415, "expected application/json");
}

/** @throws Refused unless the request has the operator's token */
export function refuseWithoutToken(request: IncomingMessage, token: string): void {
  const given = request.headers["x-operator-token"];
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  if (typeof given !== "string" || !timingSafeEqual(digest(given), digest(token)))
    throw new Refused(401, "the token is missing or wrong; it was printed when the gateway started");
}

const MAX_BODY = 4 * 1024 * 1024;

/** The JSON object in a request. @throws Refused */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Refused(413, "too long");
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Refused below.
  }
  throw new Refused(400, "expected a JSON object");
}
