import { request, Agent } from "undici";
import { formatAddress, type ServiceDirectory } from "../services.ts";
import type { HeaderPair } from "../chain/header-map.ts";
import type { HostServices, HttpCallRequest, HttpCallResponse } from "../wasm/services.ts";
import { Status } from "../wasm/types.ts";

const REQUIRED = [":method", ":path", ":authority"];

/** proxy_http_call: the calls that filters make to HTTP services. */
export class HttpCallouts {
  private readonly agent = new Agent();

  constructor(private readonly directory: ServiceDirectory) {}

  readonly call: HostServices["http"]["call"] = (callout, reply) => {
    const address = this.directory.resolve(callout.cluster);
    const names = new Set(callout.headers.map(([name]) => name.toLowerCase()));
    if (address === undefined || !REQUIRED.every((name) => names.has(name))) return Status.BadArgument;
    this.send(`http://${formatAddress(address)}`, callout).then(reply, () => reply(null));
    return Status.Ok;
  };

  close(): void {
    void this.agent.destroy();
  }

  private async send(origin: string, callout: HttpCallRequest): Promise<HttpCallResponse> {
    const pseudo = new Map(callout.headers.filter(([name]) => name.startsWith(":")));
    const headers = callout.headers.filter(([name]) => !name.startsWith(":")).flat();
    const response = await request(origin + pseudo.get(":path"), {
      dispatcher: this.agent,
      method: pseudo.get(":method") as "GET",
      headers: ["host", pseudo.get(":authority") ?? "", ...headers],
      body: callout.body.length > 0 ? callout.body : null,
      signal: AbortSignal.timeout(callout.timeout),
    });
    const body = Buffer.from(await response.body.arrayBuffer());
    return {
      headers: [[":status", String(response.statusCode)], ...pairsOf(response.headers)],
      body,
      trailers: pairsOf(response.trailers),
    };
  }
}

function pairsOf(headers: Record<string, string | string[] | undefined>): HeaderPair[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((text): HeaderPair => [name.toLowerCase(), text]),
  );
}
