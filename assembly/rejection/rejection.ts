import { HeaderPairs } from "../abi/headers";
import { sendLocalResponse } from "../abi/stream-control";
import { Bytes, bytesOf } from "../bytes/bytes";
import { Decision } from "../ledger/decision";

const RESET = bytesOf("X-TokenRateLimit-Reset");
/** RFC 9110, section 10.2.3. */
const RETRY_AFTER = bytesOf("Retry-After");
/** A header that the official clients of OpenAI and Anthropic obey before `Retry-After`. */
const SHOULD_RETRY = bytesOf("x-should-retry");
const FALSE = bytesOf("false");
/** The longest wait, in seconds, for which a client may sleep and retry. Some clients would sleep for a day. */
const LONGEST_WAIT = 60;
const CONTENT_TYPE = bytesOf("content-type");
const JSON_TYPE = bytesOf("application/json");
const headers = new HeaderPairs();

/** The answer to a caller above its limit (`rejected_code`, `rejected_msg`). */
@final
export class Rejection {
  constructor(
    /** 200 to 599. */
    readonly status: i32,
    readonly message: Bytes,
    /** Whether the message is an object or a list in the configuration, and therefore JSON. */
    readonly isJson: bool,
    /** Identifies this answer in access logs (`%RESPONSE_CODE_DETAILS%`). */
    private readonly details: Bytes,
  ) {}

  /** Answers the current stream's request, as the published plugin does. */
  send(decision: Decision): void {
    headers.clear();
    headers.addNumber(RESET, decision.resetSeconds).addNumber(RETRY_AFTER, decision.retryAfterSeconds);
    if (decision.retryAfterSeconds > LONGEST_WAIT) headers.add(SHOULD_RETRY, FALSE);
    if (this.isJson) headers.add(CONTENT_TYPE, JSON_TYPE);
    sendLocalResponse(this.status, this.details, this.message, headers);
  }
}
