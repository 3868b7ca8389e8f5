import { StreamContext } from "../../abi/contexts";
import { removeHeader } from "../../abi/headers";
import { setProperty } from "../../abi/properties";
import { continueStream, setEffectiveContext } from "../../abi/stream-control";
import { FilterDataStatus, FilterHeadersStatus, HeaderMapType, Status, StreamType } from "../../abi/types";
import { bytesOf } from "../../bytes/bytes";
import { Counters } from "../../limiter/counters";
import { Verdict } from "../../limiter/verdict";
import { Failure } from "../../redis/transport";
import { HttpFacts } from "../../request/http-facts";
import { Charge } from "./charge";
import { Check, CheckListener } from "./check";
import { Consumption } from "./consumption";
import { HostRequest } from "./http-source";
import { Limiter } from "./limiter";
import { reject } from "./rejection";
import { RateLimitRoot } from "./root";

const CLEAR_ROUTE_CACHE = bytesOf("clear_route_cache");
const OFF = bytesOf("off");
// Both belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const ACCEPT_ENCODING = bytesOf("accept-encoding");

/** Where a stream is on its way. It only ever moves down this list. */
const enum Phase {
  /** No rule applies (yet): the filter does nothing. */
  Unlimited,
  /** Paused until Redis has told the counters. */
  Checking,
  /** On its way to the model and back; its tokens will be charged. */
  Admitted,
  /** Answered from here. */
  Rejected,
  /** Charged, or over. */
  Ended,
}

/** One request and its response: checked before the model is called, charged when the response has ended. */
@final
export class RateLimitStream extends StreamContext implements CheckListener {
  private phase: Phase = Phase.Unlimited;
  private limiter: Limiter | null = null;
  private counters: Counters | null = null;
  /** From the admission to the settlement. */
  private consumption: Consumption | null = null;
  /** Whether the request headers callback is running: then its return value decides, not continueStream. */
  private inRequestHeaders: bool = false;

  constructor(
    id: u32,
    private root: RateLimitRoot,
  ) {
    super(id);
  }

  onRequestHeaders(_endOfStream: bool): FilterHeadersStatus {
    const limiter = this.root.select(REQUEST);
    if (limiter === null) return FilterHeadersStatus.Continue;
    FACTS.begin();
    const counters = limiter.countersOf(FACTS);
    if (counters === null) return FilterHeadersStatus.Continue;

    setProperty(CLEAR_ROUTE_CACHE, OFF);
    if (limiter.config.stripsAcceptEncoding) removeHeader(HeaderMapType.HttpRequestHeaders, ACCEPT_ENCODING);
    this.limiter = limiter;
    this.counters = counters;
    this.phase = Phase.Checking;
    this.inRequestHeaders = true;
    const failure = new Check(limiter, counters, this).start();
    if (failure != Failure.None) {
      limiter.failed(failure, null);
      this.onChecked(null);
    }
    this.inRequestHeaders = false;
    return this.phase == Phase.Admitted
      ? FilterHeadersStatus.Continue
      : FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /** Redis has answered, or will not: lets the request go on, or rejects it. */
  onChecked(verdict: Verdict | null): void {
    const limiter = this.limiter;
    if (limiter === null || this.phase != Phase.Checking) return;
    if (setEffectiveContext(this.id) != Status.Ok) return;
    if (verdict !== null && !verdict.allowed) {
      this.phase = Phase.Rejected;
      reject(limiter, verdict);
      return;
    }
    if (verdict === null) limiter.counts.unchecked();
    this.phase = Phase.Admitted;
    this.consumption = new Consumption(limiter, this.root.readers);
    if (!this.inRequestHeaders) continueStream(StreamType.HttpRequest);
  }

  onRequestBody(size: u32, _endOfStream: bool): FilterDataStatus {
    const consumption = this.consumption;
    if (consumption !== null) consumption.requestBody(size);
    return FilterDataStatus.Continue;
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    const consumption = this.consumption;
    if (consumption !== null) consumption.responseHeaders();
    if (endOfStream) this.settle(true);
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): FilterDataStatus {
    const consumption = this.consumption;
    if (consumption !== null) consumption.responseBody(size);
    if (endOfStream) this.settle(true);
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(): void {
    this.settle(true);
  }

  onEnd(): void {
    this.settle(false);
    this.phase = Phase.Ended;
  }

  /** Charges what the call has consumed; only the first time, so that every way to end may call it. */
  private settle(isComplete: bool): void {
    const consumption = this.consumption;
    const limiter = this.limiter;
    const counters = this.counters;
    if (consumption === null || limiter === null || counters === null) return;
    this.consumption = null;
    this.phase = Phase.Ended;
    const tokens = consumption.total(isComplete);
    if (tokens > 0) Charge.of(limiter, counters, tokens).send();
  }
}
