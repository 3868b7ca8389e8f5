import { borrowBuffer } from "../../abi/buffers";
import { StreamContext } from "../../abi/contexts";
import { getHeader } from "../../abi/headers";
import { borrowedSize, release } from "../../abi/memory";
import { setProperty } from "../../abi/properties";
import { continueStream, setEffectiveContext } from "../../abi/stream-control";
import {
  BufferType,
  FilterDataStatus,
  FilterHeadersStatus,
  HeaderMapType,
  Status,
  StreamType,
} from "../../abi/types";
import { bytesOf, equals } from "../../bytes/bytes";
import { Counters } from "../../limiter/counters";
import { Verdict } from "../../limiter/verdict";
import { Failure } from "../../redis/transport";
import { HttpFacts } from "../../request/http-facts";
import { UsageScanner } from "../../usage/scanner";
import { Charge } from "./charge";
import { Check, CheckListener } from "./check";
import { HostRequest } from "./http-source";
import { Limiter } from "./limiter";
import { reject } from "./rejection";
import { RateLimitRoot } from "./root";

const CLEAR_ROUTE_CACHE = bytesOf("clear_route_cache");
const OFF = bytesOf("off");
const CONTENT_TYPE = bytesOf("content-type");
const CONTENT_ENCODING = bytesOf("content-encoding");
const IDENTITY = bytesOf("identity");

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
  private scanner: UsageScanner | null = null;
  /** Whether the request headers callback is running: then its return value decides, not continueStream. */
  private inRequestHeaders: bool = false;

  constructor(
    id: u32,
    private root: RateLimitRoot,
  ) {
    super(id);
  }

  onRequestHeaders(_endOfStream: bool): FilterHeadersStatus {
    const request = new HostRequest();
    const limiter = this.root.select(request);
    if (limiter === null) return FilterHeadersStatus.Continue;
    const counters = limiter.countersOf(new HttpFacts(request));
    if (counters.length == 0) return FilterHeadersStatus.Continue;

    setProperty(CLEAR_ROUTE_CACHE, OFF);
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
    if (!this.inRequestHeaders) continueStream(StreamType.HttpRequest);
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    if (this.phase != Phase.Admitted) return FilterHeadersStatus.Continue;
    if (endOfStream) {
      this.settle();
    } else if (isReadable()) {
      this.scanner = this.root.borrowScanner(getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_TYPE));
    }
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): FilterDataStatus {
    const scanner = this.scanner;
    if (scanner !== null && size > 0) {
      const chunk = borrowBuffer(BufferType.HttpResponseBody, size);
      if (chunk != 0) scanner.feed(chunk, borrowedSize());
      release(chunk);
    }
    if (endOfStream) this.settle();
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(): void {
    this.settle();
  }

  onEnd(): void {
    this.settle();
    this.phase = Phase.Ended;
  }

  /** Charges what the response was found to have consumed; the first call counts. */
  private settle(): void {
    if (this.phase != Phase.Admitted) return;
    this.phase = Phase.Ended;
    const scanner = this.scanner;
    const limiter = this.limiter;
    const counters = this.counters;
    if (scanner === null || limiter === null || counters === null) return;
    scanner.finish();
    const tokens = scanner.usage.input + scanner.usage.output;
    this.scanner = null;
    this.root.returnScanner(scanner);
    if (tokens > 0) Charge.of(limiter, counters, tokens).send();
  }
}

/** Whether the body of the response comes as the model wrote it. */
function isReadable(): bool {
  const encoding = getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_ENCODING);
  return encoding === null || encoding.byteLength == 0 || equals(encoding, IDENTITY);
}
