import { HeaderPairs } from "../../abi/headers";
import { sendLocalResponse } from "../../abi/stream-control";
import { ByteBuilder } from "../../bytes/builder";
import { Bytes, bytesOf } from "../../bytes/bytes";
import { Verdict } from "../../limiter/verdict";
import { setLogAttribute } from "./ai-log";
import { HostRequest } from "./http-source";
import { Limiter } from "./limiter";
import { clusterName, routeName } from "./routing";

const DETAILS = bytesOf("ai-token-ratelimit.rejected");
const RESET = bytesOf("X-TokenRateLimit-Reset");
/** RFC 9110, section 10.2.3. */
const RETRY_AFTER = bytesOf("Retry-After");
const CONSUMER = bytesOf("x-mse-consumer");
const UNKNOWN = bytesOf("-");
const NO_CONSUMER = bytesOf("none");

/** Answers the current stream's request with the configured rejection, as the published plugin does. */
export function reject(limiter: Limiter, verdict: Verdict): void {
  setLogAttribute("token_ratelimit_status", "limited");

  const headers = new HeaderPairs();
  headers.add(RESET, decimal(verdict.resetSeconds));
  headers.add(RETRY_AFTER, decimal(verdict.retryAfterSeconds));
  sendLocalResponse(limiter.config.rejectedCode, DETAILS, limiter.config.rejectedMessage, headers);

  const request = new HostRequest();
  const route = routeName(request);
  const cluster = clusterName(request);
  const consumer = request.header(CONSUMER);
  limiter.counts.rejected(
    route === null ? UNKNOWN : route,
    cluster === null ? UNKNOWN : cluster,
    consumer === null ? NO_CONSUMER : consumer,
  );
}

function decimal(value: i64): Bytes {
  return new ByteBuilder(20).decimal(value).toBytes();
}
