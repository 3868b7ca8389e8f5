import { HeaderPairs } from "../../abi/headers";
import { sendLocalResponse } from "../../abi/stream-control";
import { Bytes, bytesOf } from "../../bytes/bytes";

/** The form of the answer to a caller without balance (`deny_with.format`). */
export const enum DenialFormat {
  /** As published. */
  Text,
  /** The error object of OpenAI's API. */
  OpenAI,
  /** The error object of Anthropic's API. */
  Anthropic,
}

/** As published. */
export const DEFAULT_STATUS: i32 = 403;

const DETAILS = bytesOf("ai-quota.noquota");
const CONTENT_TYPE = bytesOf("content-type");
const TEXT = bytesOf("text/plain");
const JSON_TYPE = bytesOf("application/json");
/** What the official clients of OpenAI and Anthropic obey before they think of waiting. */
const SHOULD_RETRY = bytesOf("x-should-retry");
const FALSE = bytesOf("false");

const MESSAGE = "Request denied by ai quota check, No quota left";
const BODIES: Bytes[] = [
  bytesOf(MESSAGE),
  bytesOf(
    `{"error":{"message":"${MESSAGE}","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`,
  ),
  bytesOf(`{"type":"error","error":{"type":"rate_limit_error","message":"${MESSAGE}"}}`),
];
const headers = new HeaderPairs();

/** The answer to a caller without balance (`deny_with`). */
@final
export class Denial {
  constructor(
    /** 200 to 599. */
    readonly status: i32,
    readonly format: DenialFormat,
  ) {}

  /** Answers the current stream's request. Waiting does not help, so clients are told not to try again. */
  send(): void {
    headers.clear();
    headers.add(CONTENT_TYPE, this.format == DenialFormat.Text ? TEXT : JSON_TYPE).add(SHOULD_RETRY, FALSE);
    sendLocalResponse(this.status, DETAILS, BODIES[this.format], headers);
  }
}
