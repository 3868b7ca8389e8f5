import { HeaderPairs } from "../../abi/headers";
import { sendLocalResponse } from "../../abi/stream-control";
import { Bytes, bytesOf } from "../../bytes/bytes";
import { USAGE } from "./identity";

const CONTENT_TYPE = bytesOf("content-type");
const JSON_TYPE = bytesOf("application/json");
const CACHE_CONTROL = bytesOf("cache-control");
const NO_STORE = bytesOf("no-store");
const ALLOW = bytesOf("allow");
const GET = bytesOf("GET");

const NOT_GET = bytesOf(
  '{"error":{"type":"method_not_allowed","message":"Usage is read with GET, and cannot be changed"}}',
);
const UNAVAILABLE = bytesOf(
  '{"error":{"type":"usage_unavailable","message":"The counters cannot be read at the moment"}}',
);

const headers = new HeaderPairs();

/** Answers the current stream's request with its caller's usage. @param body JSON */
export function answerUsage(body: Bytes): void {
  begin();
  sendLocalResponse(200, USAGE, body, headers);
}

/** Answers a request on `usage_path` whose method is not GET. */
export function answerNotGet(): void {
  begin();
  headers.add(ALLOW, GET);
  sendLocalResponse(405, USAGE, NOT_GET, headers);
}

/** Answers that Redis could not be asked. */
export function answerUnavailable(): void {
  begin();
  sendLocalResponse(503, USAGE, UNAVAILABLE, headers);
}

function begin(): void {
  headers.clear();
  headers.add(CONTENT_TYPE, JSON_TYPE).add(CACHE_CONTROL, NO_STORE);
}
