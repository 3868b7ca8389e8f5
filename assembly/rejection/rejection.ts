import { HeaderPairs } from "../abi/headers";
import { sendLocalResponse } from "../abi/stream-control";
import { Bytes, bytesOf } from "../bytes/bytes";
import { Decision } from "../ledger/decision";

const RESET = bytesOf("X-TokenRateLimit-Reset");
/** RFC 9110, section 10.2.3. */
const RETRY_AFTER = bytesOf("Retry-After");
/** What the official clients of OpenAI and Anthropic obey before they think of waiting. */
const SHOULD_RETRY = bytesOf("x-should-retry");
const FALSE = bytesOf("false");
/** The longest wait, in seconds, that a client is left to sleep out. Some would sleep for a day if they were told to. */
const LONGEST_WAIT = 60;
const CONTENT_TYPE = bytesOf("content-type");
const JSON_TYPE = bytesOf("application/json");
const headers = new HeaderPairs();

/** What a caller above its limit is answered (`rejected_code`, `rejected_msg`). */
@final
export class Rejection {
  constructor(
    /** 200 to 599. */
    readonly status: i32,
    readonly message: Bytes,
    /** Whether the message is an object or a list of the configuration, and so JSON. */
    readonly isJson: bool,
    /** By what access logs tell this answer from others (`%RESPONSE_CODE_DETAILS%`). */
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
