import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import { OptionError } from "../services.ts";
import type { HeaderMap } from "../wasm/header-map.ts";
import { toRawHeaders } from "./headers.ts";

/** The one upstream behind the gateway, with its pool of connections. */
export class Upstream {
  readonly origin: URL;
  private readonly transport: typeof http | typeof https;
  private readonly agent: http.Agent | https.Agent;

  /**
   * Paths of requests are appended to the path of `url`.
   * @throws OptionError unless it is an http or https URL.
   */
  constructor(url: string) {
    this.origin = parseUrl(url);
    this.transport = this.origin.protocol === "https:" ? https : http;
    this.agent = new this.transport.Agent({ keepAlive: true });
  }

  /**
   * Begins a request with the headers as the filter left them; Host is the upstream's own, as with Envoy's
   * auto_host_rewrite. A body that follows without content-length is sent chunked.
   */
  request(headers: HeaderMap, bodyFollows: boolean): ClientRequest {
    const raw = ["host", this.origin.host, ...toRawHeaders(headers)];
    if (bodyFollows && !headers.has("content-length")) raw.push("transfer-encoding", "chunked");
    return this.transport.request({
      protocol: this.origin.protocol,
      hostname: this.origin.hostname.replace(/^\[|\]$/g, ""),
      port: this.origin.port,
      agent: this.agent,
      method: headers.get(":method"),
      path: this.origin.pathname.replace(/\/$/, "") + (headers.get(":path") ?? "/"),
      // node accepts names and values in turn here, which keeps repeated headers apart.
      headers: raw as unknown as http.OutgoingHttpHeaders,
      setHost: false,
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Whether a response has no body, whatever its headers say (RFC 9112, 6.3). */
export function hasNoBody(method: string | undefined, response: IncomingMessage): boolean {
  const status = response.statusCode ?? 0;
  return method === "HEAD" || status === 204 || status === 304 || response.headers["content-length"] === "0";
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed;
  throw new OptionError(`upstream: expected an http:// or https:// URL, got ${JSON.stringify(url)}`);
}
