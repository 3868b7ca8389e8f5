// The strict host as stock Envoy is: it has HTTP calls instead of Redis calls, with Webdis behind one of its clusters.
import { resolve } from "node:path";
import { HIGRESS_IMPORTS, Status, StrictHost } from "../support/strict-host.ts";
import { parsePairs } from "../support/wire.ts";

const root = resolve(import.meta.dirname, "../..");

export const ENVOY_MODULES = [
  ["release", resolve(root, "build/ai-token-ratelimit.envoy.wasm")],
  ["debug", resolve(root, "build/ai-token-ratelimit.envoy.debug.wasm")],
] as const;

/** What the module for stock Envoy may import: a subset of what proxy-wasm 0.2.1 has. */
const ENVOY_IMPORTS = [
  ...HIGRESS_IMPORTS.filter((name) => name !== "proxy_redis_call" && name !== "proxy_redis_init"),
  "proxy_http_call",
];

const HTTP_CALL_BODY = 4;
const HTTP_CALL_HEADERS = 6;

export interface HttpCall {
  token: number;
  cluster: string;
  headers: Record<string, string>;
  /** As Webdis understands it. */
  command: { database: string; args: string[]; format: string };
  timeout: number;
}

type HostCall = (...args: number[]) => number;

export class HttpHost extends StrictHost {
  /** Calls that were made and not answered yet. */
  readonly calls: HttpCall[] = [];
  /** Called while http_call runs, before it has returned. */
  onHttpCall: (call: HttpCall) => void = () => {};
  /** What http_call returns; unless it is Ok, no call is made. */
  callStatus: number = Status.Ok;

  private response: { headers: Record<string, string>; body: Uint8Array } | null = null;
  private nextCallToken = 1;

  static override async load(file: string): Promise<HttpHost> {
    return (await super.load(file, ENVOY_IMPORTS)) as HttpHost;
  }

  /**
   * Answers the oldest call, or the one given; null means that there is no response. To an array it adds the number of
   * the command, as the scripts do.
   */
  respond(
    rootContext: number,
    status: number | null,
    body: string | Uint8Array = "",
    call = this.calls[0],
  ): void {
    if (call === undefined) throw new Error("the filter has made no HTTP call");
    this.calls.splice(this.calls.indexOf(call), 1);
    const number = call.command.args.at(-1)!;
    const numbered = typeof body === "string" ? withNumber(body, number) : body;
    this.deliverResponse(rootContext, call.token, status, numbered);
  }

  /** Hands over a response as it is. */
  deliverResponse(
    rootContext: number,
    token: number,
    status: number | null,
    body: string | Uint8Array = "",
  ): void {
    const outer = this.response;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const headers: Record<string, string> =
      status === null ? {} : { ":status": String(status), server: "webdis" };
    this.response = { headers, body: bytes };
    const count = Object.keys(headers).length;
    this.as(rootContext, () =>
      this.guest.proxy_on_http_call_response(rootContext, token, count, bytes.length, 0),
    );
    this.response = outer;
  }

  protected override imports(): Record<string, HostCall> {
    const calls = super.imports() as unknown as Record<string, HostCall>;
    return {
      ...calls,
      proxy_get_buffer_bytes: (type, start, max, ptrSlot, sizeSlot) => {
        if (type === 9) return Status.BadArgument;
        if (type !== HTTP_CALL_BODY)
          return calls.proxy_get_buffer_bytes!(type!, start!, max!, ptrSlot!, sizeSlot!);
        if (this.response === null) return Status.BadArgument;
        return this.memory.give(this.response.body.slice(start, start! + (max! >>> 0)), ptrSlot!, sizeSlot!);
      },
      proxy_get_header_map_value: (map, key, keySize, ptrSlot, sizeSlot) => {
        if (map !== HTTP_CALL_HEADERS) {
          return calls.proxy_get_header_map_value!(map!, key!, keySize!, ptrSlot!, sizeSlot!);
        }
        const value = this.response?.headers[this.memory.text(key!, keySize!)];
        return value === undefined
          ? Status.NotFound
          : this.memory.give(new TextEncoder().encode(value), ptrSlot!, sizeSlot!);
      },
      proxy_http_call: (...args) => this.httpCall(...(args as Parameters<HttpHost["httpCall"]>)),
    };
  }

  private httpCall(
    cluster: number,
    clusterSize: number,
    headers: number,
    headersSize: number,
    body: number,
    bodySize: number,
    trailers: number,
    trailersSize: number,
    timeout: number,
    slot: number,
  ): number {
    const name = this.memory.text(cluster, clusterSize);
    if (parsePairs(this.memory.bytes(trailers, trailersSize)).length > 0) throw new Error("trailers");
    if (!this.clusters.has(name)) return Status.BadArgument;
    if (this.callStatus !== Status.Ok) return this.callStatus;
    const pairs = Object.fromEntries(parsePairs(this.memory.bytes(headers, headersSize)));
    for (const required of [":method", ":path", ":authority"]) {
      if (!pairs[required]) throw new Error(`${required} is missing`);
    }
    const call: HttpCall = {
      token: this.nextCallToken,
      cluster: name,
      headers: pairs,
      command: parseWebdis(Buffer.from(this.memory.bytes(body, bodySize)).toString("latin1")),
      timeout,
    };
    this.nextCallToken++;
    this.calls.push(call);
    this.onHttpCall(call);
    this.memory.setNumber(slot, call.token);
    return Status.Ok;
  }
}

/** A reply in JSON with one more element behind the others, if it is an array; all else, and errors, as it is. */
export function withNumber(body: string, number: string): string {
  return body.replace(
    /^(\{"\w+":\[)(?!true|false)(.*?)(\]\}\s*)$/s,
    (_, head: string, items: string, end: string) =>
      [head, items, items === "" ? "" : ",", JSON.stringify(number), end].join(""),
  );
}

/** Reads a command as Webdis does: the format behind the last dot, a database if the first part is a number. */
function parseWebdis(path: string): HttpCall["command"] {
  const [, parts, format] = /^([\w%/-]*)\.(\w+)$/.exec(path) ?? [];
  if (parts === undefined) throw new Error(`not a command of Webdis: ${path}`);
  const args = parts.split("/").map((part) => decodeURIComponent(part));
  const database = /^\d+$/.test(args[0]!) ? args.shift()! : "";
  return { database, args, format: format! };
}
