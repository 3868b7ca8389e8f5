import { HeaderPairs } from "../abi/headers";
import { sendLocalResponse } from "../abi/stream-control";
import { nowMilliseconds } from "../abi/time";
import { ByteBuilder } from "../bytes/builder";
import { Bytes, bytesOf } from "../bytes/bytes";
import { Decision } from "../ledger/decision";
import { Demand } from "../ledger/demand";
import { CONTENT_TYPE, JSON_TYPE, Reason, sendInFormat } from "./bodies";
import { Format } from "./formats";
import { LimitHeaders, tellLimits, tellRule } from "./limit-headers";
import { appendMessage, hasWords } from "./message";

const RESET = bytesOf("X-TokenRateLimit-Reset");
/** RFC 9110, section 10.2.3. */
const RETRY_AFTER = bytesOf("Retry-After");
/** The same in milliseconds. The official clients of OpenAI and Anthropic read it first. */
const RETRY_AFTER_MS = bytesOf("retry-after-ms");
/** A header that these clients obey before both. */
const SHOULD_RETRY = bytesOf("x-should-retry");
const FALSE = bytesOf("false");
/** The longest wait, in seconds, for which a client may sleep and retry. Some clients would sleep for a day. */
const LONGEST_WAIT = 60;
/** The rule that refuses a request: so callers can tell our refusals from those of a provider. */
const RULE = bytesOf("x-ratelimit-rule");
const UNAVAILABLE = 503;
const NOT_NOW = bytesOf("Limits cannot be checked at the moment");

const headers = new HeaderPairs();
const text = new ByteBuilder(256, i32.MAX_VALUE);

/** The answer to a caller above its limit (`rejected_code`, `rejected_msg`, `rejected_format`, `limit_headers`). */
@final
export class Rejection {
  private readonly hasWords: bool;

  constructor(
    /** 200 to 599. */
    readonly status: i32,
    readonly message: Bytes,
    /** Whether the message is an object or a list in the configuration, and therefore JSON. */
    readonly isJson: bool,
    readonly format: Format,
    readonly limitHeaders: LimitHeaders,
    /** Identifies this answer in access logs (`%RESPONSE_CODE_DETAILS%`). */
    private readonly details: Bytes,
    private readonly unavailable: Bytes,
  ) {
    this.hasWords = hasWords(message);
  }

  /** Whether the answer depends on the API that the request calls. */
  get dependsOnApi(): bool {
    return this.format == Format.Auto || this.limitHeaders == LimitHeaders.Auto;
  }

  /** Answers the current stream's request; by default, as the published plugin does. @param api the format of its API */
  send(decision: Decision, api: Format): void {
    headers.clear();
    headers.addNumber(RESET, decision.resetSeconds);
    const waits = !decision.isHopeless;
    if (waits) headers.addNumber(RETRY_AFTER, decision.retryAfterSeconds);
    if (!waits || decision.retryAfterSeconds > LONGEST_WAIT) headers.add(SHOULD_RETRY, FALSE);
    if (this.format != Format.Text || this.limitHeaders != LimitHeaders.None) this.tell(decision, api);
    const format = this.format == Format.Auto ? api : this.format;
    text.clear();
    if (this.isJson || format == Format.Text) {
      if (this.isJson) headers.add(CONTENT_TYPE, JSON_TYPE);
      if (this.hasWords) appendMessage(text, this.message, decision);
      sendLocalResponse(this.status, this.details, this.hasWords ? text.toBytes() : this.message, headers);
      return;
    }
    appendMessage(text, this.message, decision);
    const waitSeconds = waits ? decision.retryAfterSeconds : -1;
    const demand = decision.demand;
    const row = decision.row;
    sendInFormat(headers, format, Reason.Limit, this.status, this.details, text, waitSeconds, demand, row);
  }

  /** Answers the current stream's request when Redis cannot be asked (`on_redis_error: deny`). */
  sendUnavailable(demand: Demand, api: Format): void {
    headers.clear();
    const format = this.format == Format.Auto ? api : this.format;
    if (format == Format.Text) {
      sendLocalResponse(UNAVAILABLE, this.unavailable, NOT_NOW, headers);
      return;
    }
    text.clear();
    text.bytes(NOT_NOW);
    sendInFormat(headers, format, Reason.Unavailable, UNAVAILABLE, this.unavailable, text, -1, demand, -1);
  }

  /** Adds the headers that the published plugin does not send. */
  private tell(decision: Decision, api: Format): void {
    if (!decision.isHopeless) headers.addNumber(RETRY_AFTER_MS, decision.retryAfterMs);
    tellRule(headers, RULE, decision.demand, decision.row);
    const kind = this.limitHeaders;
    if (kind == LimitHeaders.None) return;
    tellLimits(headers, kind, api, decision.demand, decision.row, nowMilliseconds(), 0);
  }
}
