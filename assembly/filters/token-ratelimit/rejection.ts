import { HeaderPairs } from "../../abi/headers";
import { sendLocalResponse } from "../../abi/stream-control";
import { bytesOf } from "../../bytes/bytes";
import { Verdict } from "../../ledger/verdict";
import { CONSUMER_HEADER, HttpFacts } from "../../request/http-facts";
import { Lines, Questions } from "../../rules/questions";
import { setLogAttribute } from "../../telemetry/ai-log";
import { HostRequest } from "./http-source";
import { Limiter } from "./limiter";
import { clusterName, routeName } from "./routing";

const DETAILS = bytesOf("ai-token-ratelimit.rejected");
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
const UNKNOWN = bytesOf("-");
const NO_CONSUMER = bytesOf("none");
const STATUS = bytesOf("token_ratelimit_status");
const LIMITED = bytesOf("limited");
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const QUESTIONS = new Questions();
const CONSUMER = QUESTIONS.header(CONSUMER_HEADER, Lines.Last);
const headers = new HeaderPairs();

/** Answers the current stream's request with the configured rejection, as the published plugin does. */
export function reject(limiter: Limiter, verdict: Verdict): void {
  setLogAttribute(STATUS, LIMITED);

  headers.clear();
  headers.addNumber(RESET, verdict.resetSeconds).addNumber(RETRY_AFTER, verdict.retryAfterSeconds);
  if (verdict.retryAfterSeconds > LONGEST_WAIT) headers.add(SHOULD_RETRY, FALSE);
  if (limiter.config.rejectsWithJson) headers.add(CONTENT_TYPE, JSON_TYPE);
  sendLocalResponse(limiter.config.rejectedCode, DETAILS, limiter.config.rejectedMessage, headers);

  const route = routeName(REQUEST);
  const cluster = clusterName(REQUEST);
  FACTS.begin(QUESTIONS);
  const consumer = FACTS.header(CONSUMER);
  FACTS.end();
  limiter.counts.rejected(
    route === null ? UNKNOWN : route,
    cluster === null ? UNKNOWN : cluster,
    consumer === null ? NO_CONSUMER : consumer,
  );
}
