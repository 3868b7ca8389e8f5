import { StreamContext } from "../../abi/contexts";
import { removeHeader } from "../../abi/headers";
import { setProperty } from "../../abi/properties";
import { continueStream, setEffectiveContext } from "../../abi/stream-control";
import { FilterDataStatus, FilterHeadersStatus, HeaderMapType, Status, StreamType } from "../../abi/types";
import { bytesOf } from "../../bytes/bytes";
import { Verdict } from "../../ledger/verdict";
import { consumes, Consumes } from "../../request/free-endpoints";
import { HttpFacts } from "../../request/http-facts";
import { Ambiguity } from "../../rules/facts";
import { Call } from "./call";
import { CheckListener } from "./check";
import { HostRequest } from "./http-source";
import { Limiter } from "./limiter";
import { refuseAmbiguous, refuseUnidentified } from "./refusals";
import { reject } from "./rejection";
import { RateLimitRoot } from "./root";
import { Socket } from "./socket";
import { prepareUpgrade, refuseUpgrade, upgraded, Upgrade } from "./upgrade";

const CLEAR_ROUTE_CACHE = bytesOf("clear_route_cache");
const OFF = bytesOf("off");
// Both belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const ACCEPT_ENCODING = bytesOf("accept-encoding");
const RANGE = bytesOf("range");

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

/**
 * One request and its response: checked before the model is called, charged when the response has ended. Used for one
 * stream after the other.
 */
@final
export class RateLimitStream extends StreamContext implements CheckListener {
  private phase: Phase = Phase.Unlimited;
  /** While it is being checked, and until it is settled. */
  private call: Call | null = null;
  private limiter: Limiter | null = null;
  private consumes: Consumes = Consumes.Tokens;
  /** Whether the request headers callback is running: then its return value decides, not continueStream. */
  private inRequestHeaders: bool = false;
  /** What the connection may become, if the request asks for that, or has become. */
  private socket: Socket | null = null;

  constructor(
    id: u32,
    private root: RateLimitRoot,
  ) {
    super(id);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatus {
    REQUEST.lineCount = count;
    const limiter = this.root.select(REQUEST);
    if (limiter === null || this.phase != Phase.Unlimited) return FilterHeadersStatus.Continue;
    FACTS.begin(limiter.config.questions);
    const call = limiter.callFor(FACTS);
    const ambiguity = FACTS.ambiguity;
    const missing = FACTS.missing;
    const isRefused = FACTS.required >= 0;
    let consuming = Consumes.Tokens;
    if (call !== null || isRefused || limiter.unmatched.mayWarn)
      consuming = consumes(FACTS.method(), FACTS.path(), REQUEST, !endOfStream);
    const asksForUpgrade = call !== null && FACTS.asksForUpgrade;
    FACTS.end();
    if (ambiguity != Ambiguity.None) {
      this.phase = Phase.Rejected;
      refuseAmbiguous(ambiguity, limiter.counts);
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    const isCall = consuming >= Consumes.StoredAnswer;
    if (isRefused && isCall) {
      this.phase = Phase.Rejected;
      if (call !== null) call.giveBack();
      refuseUnidentified(limiter.counts);
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    if (call === null) {
      limiter.unmatched.note(missing, isCall);
      return FilterHeadersStatus.Continue;
    }

    setProperty(CLEAR_ROUTE_CACHE, OFF);
    if (asksForUpgrade) {
      if (!limiter.config.allowsUpgrades) {
        this.phase = Phase.Rejected;
        refuseUpgrade(limiter);
        call.giveBack();
        return FilterHeadersStatus.StopAllIterationAndWatermark;
      }
      prepareUpgrade();
      this.socket = new Socket(limiter, call);
    }
    if (limiter.config.stripsAcceptEncoding) removeHeader(HeaderMapType.HttpRequestHeaders, ACCEPT_ENCODING);
    this.limiter = limiter;
    this.call = call;
    this.consumes = consuming;
    if (consuming < Consumes.Tokens) {
      // Ranges of an answer would each leave out what it reports.
      if (consuming != Consumes.Nothing) removeHeader(HeaderMapType.HttpRequestHeaders, RANGE);
      this.admit(call);
      return FilterHeadersStatus.Continue;
    }
    this.phase = Phase.Checking;
    this.inRequestHeaders = true;
    call.check.begin(this);
    this.inRequestHeaders = false;
    return this.phase == Phase.Admitted
      ? FilterHeadersStatus.Continue
      : FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /** Redis has answered, or will not: lets the request go on, or rejects it. */
  onChecked(verdict: Verdict | null): void {
    const limiter = this.limiter;
    const call = this.call;
    if (limiter === null || call === null || this.phase != Phase.Checking) return;
    if (setEffectiveContext(this.id) != Status.Ok) return;
    if (verdict !== null && !verdict.allowed) {
      this.phase = Phase.Rejected;
      this.call = null;
      reject(limiter, verdict);
      call.giveBack();
      return;
    }
    if (verdict === null) limiter.counts.unchecked();
    this.admit(call);
    if (!this.inRequestHeaders) continueStream(StreamType.HttpRequest);
  }

  /** Lets the request go on. */
  private admit(call: Call): void {
    this.phase = Phase.Admitted;
    call.consumption.begin(this.consumes);
  }

  onRequestBody(size: u32, _endOfStream: bool): FilterDataStatus {
    const call = this.admitted;
    const socket = this.socket;
    if (call !== null && socket !== null) socket.fromClient(size);
    if (call !== null && (socket === null || !socket.isOpen)) call.consumption.requestBody(size);
    return FilterDataStatus.Continue;
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    const call = this.admitted;
    if (call !== null && this.openSocket() === null) call.consumption.responseHeaders();
    if (endOfStream) this.settle(true);
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): FilterDataStatus {
    const call = this.admitted;
    const socket = this.socket;
    if (call !== null && socket !== null) socket.fromServer(size);
    else if (call !== null) call.consumption.responseBody(size);
    if (endOfStream) this.settle(true);
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(): void {
    this.settle(true);
  }

  onEnd(): void {
    this.settle(false);
    const call = this.call;
    if (call !== null) call.check.abandon();
    this.call = null;
    this.limiter = null;
    this.dropSocket();
    this.phase = Phase.Unlimited;
    this.root.takeBack(this);
  }

  /** The call, from its admission to its settlement. */
  private get admitted(): Call | null {
    return this.phase == Phase.Admitted ? this.call : null;
  }

  /** Charges what the call has consumed; only the first time, so that every way to end may call it. */
  private settle(isComplete: bool): void {
    const call = this.admitted;
    if (call === null) return;
    this.call = null;
    this.phase = Phase.Ended;
    const socket = this.socket;
    if (socket !== null && socket.isOpen) {
      socket.end();
      call.consumption.giveBack();
      call.giveBack();
      return;
    }
    const tokens = call.consumption.total(isComplete, call.counters);
    const name = call.consumption.name;
    if (tokens <= 0) call.giveBack();
    else if (this.consumes == Consumes.NewAnswer) call.charge.beginNew(tokens, name.high, name.low);
    else call.charge.begin(tokens, name.high, name.low);
  }

  /** The connection, if the response that begins says that it has become another one; else null from now on. */
  private openSocket(): Socket | null {
    const socket = this.socket;
    if (socket === null) return null;
    const upgrade = upgraded();
    if (upgrade == Upgrade.None) this.dropSocket();
    else socket.open(upgrade == Upgrade.WebSocket);
    return this.socket;
  }

  private dropSocket(): void {
    const socket = this.socket;
    if (socket !== null) socket.dispose();
    this.socket = null;
  }
}
