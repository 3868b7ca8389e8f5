import type { StreamInfo } from "../chain/filter.ts";
import type { HeaderMap } from "../chain/header-map.ts";

const HEADER_PROPERTIES: Readonly<Record<string, string>> = {
  "request\0path": ":path",
  "request\0method": ":method",
  "request\0host": ":authority",
  "request\0scheme": ":scheme",
  "request\0id": "x-request-id",
  "request\0referer": "referer",
  "request\0useragent": "user-agent",
};

/** The properties (Envoy's attributes) a filter can read; `undefined` for one that is unknown or absent. */
export function streamProperty(
  path: string,
  info: StreamInfo,
  requestHeaders: HeaderMap | null,
  responseHeaders: HeaderMap | null,
): Buffer | undefined {
  const value = textProperty(path, info, requestHeaders);
  if (value !== undefined) return Buffer.from(value, "latin1");
  if (path === "response\0code") return int64(Number(responseHeaders?.get(":status")));
  if (path === "source\0port") return int64(Number(/\d+$/.exec(info.sourceAddress)?.[0]));
  return undefined;
}

function textProperty(path: string, info: StreamInfo, headers: HeaderMap | null): string | undefined {
  switch (path) {
    case "route_name":
      return info.routeName;
    case "cluster_name":
      return info.clusterName;
    case "source\0address":
      return info.sourceAddress;
    case "request\0protocol":
      return "HTTP/1.1";
    case "request\0url_path":
      return headers?.get(":path")?.split("?")[0];
  }
  const [scope, list, name] = path.split("\0");
  if (scope === "request" && list === "headers" && name !== undefined) return headers?.get(name);
  const header = HEADER_PROPERTIES[path];
  return header === undefined ? undefined : headers?.get(header);
}

/** Integers travel as eight bytes, little endian. */
function int64(value: number): Buffer | undefined {
  if (!Number.isSafeInteger(value)) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}
