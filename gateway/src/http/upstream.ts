import { X509Certificate } from "node:crypto";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { rootCertificates } from "node:tls";
import { OptionError } from "../services.ts";
import type { HeaderMap } from "../chain/header-map.ts";
import { toRawHeaders } from "./headers.ts";
import { ConnectTimeout } from "./upstream-failure.ts";

/** The one upstream behind the gateway, with its pool of connections. */
export class Upstream {
  readonly origin: URL;
  private readonly transport: typeof http | typeof https;
  private readonly agent: http.Agent | https.Agent;

  /**
   * Paths of requests are appended to the path of `url`.
   * @param options `ca`: certificate authorities (PEM) to be trusted beside the usual ones; `connectTimeoutMs`: until a
   *   connection must stand, TLS included
   * @throws OptionError unless it is an http or https URL, or if `ca` is no certificate.
   */
  constructor(
    url: string,
    private readonly options: { ca?: string | undefined; connectTimeoutMs: number },
  ) {
    this.origin = parseUrl(url);
    this.transport = this.origin.protocol === "https:" ? https : http;
    const trusted =
      options.ca === undefined ? {} : { ca: [...rootCertificates, checkedCertificates(options.ca)] };
    // Without ALPN, a server of HTTP/2 alone would not know what is spoken here.
    this.agent = new this.transport.Agent({ keepAlive: true, ALPNProtocols: ["http/1.1"], ...trusted });
  }

  /**
   * Begins a request with the headers as the filter left them; Host is the upstream's own, as with Envoy's
   * auto_host_rewrite. A body that follows without content-length is sent chunked.
   * @param upgrade the protocol that the request asks for, if it does
   */
  request(headers: HeaderMap, bodyFollows: boolean, upgrade?: string): ClientRequest {
    const path = headers.get(":path") ?? "/";
    if (!path.startsWith("/")) throw new Error("a path begins with a slash");
    const raw = ["host", this.origin.host, ...toRawHeaders(headers)];
    if (bodyFollows && !headers.has("content-length")) raw.push("transfer-encoding", "chunked");
    if (upgrade !== undefined) raw.push("connection", "Upgrade", "upgrade", upgrade);
    const request = this.transport.request({
      protocol: this.origin.protocol,
      hostname: this.origin.hostname.replace(/^\[|\]$/g, ""),
      port: this.origin.port,
      agent: this.agent,
      method: headers.get(":method"),
      path: this.origin.pathname.replace(/\/$/, "") + path,
      // node accepts names and values in turn here, which keeps repeated headers apart.
      headers: raw as unknown as http.OutgoingHttpHeaders,
      setHost: false,
    });
    request.once("socket", (socket) => this.limitConnecting(request, socket));
    return request;
  }

  private limitConnecting(request: ClientRequest, socket: Socket): void {
    // One that is connected already comes from the pool.
    if (!socket.connecting) return;
    const { connectTimeoutMs } = this.options;
    const timer = setTimeout(() => request.destroy(new ConnectTimeout()), connectTimeoutMs);
    socket.once(this.transport === https ? "secureConnect" : "connect", () => clearTimeout(timer));
    request.once("close", () => clearTimeout(timer));
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

function checkedCertificates(pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new OptionError("upstream-ca: expected a certificate in PEM format");
  }
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") {
    if (parsed.username === "" && parsed.password === "" && parsed.search === "") return parsed;
    throw new OptionError("upstream: the URL must have neither user nor query; they would not be sent");
  }
  throw new OptionError(`upstream: expected an http:// or https:// URL, got ${JSON.stringify(url)}`);
}
