import { StreamContext } from "../../abi/contexts";
import { removeHeader } from "../../abi/headers";
import { Pool } from "../../abi/pool";
import { setProperty } from "../../abi/properties";
import { continueStream, setEffectiveContext } from "../../abi/stream-control";
import { FilterDataStatus, FilterHeadersStatus, HeaderMapType, Status, StreamType } from "../../abi/types";
import { bytesOf } from "../../bytes/bytes";
import { Decision, Outcome } from "../../ledger/decision";
import { Demand } from "../../ledger/demand";
import { DecisionListener, Ticket } from "../../ledger/ticket";
import { AnswerName } from "../../ledger/answer-name";
import {
  meterRequestBody,
  meterResponseBody,
  meterResponseHeaders,
  meterTotal,
} from "../../metering/host-meter";
import { Meter } from "../../metering/meter";
import { Socket } from "../../metering/socket";
import { refuseAmbiguous, refuseUnidentified, refuseUpgrade } from "../../rejection/refusals";
import { consumes, Consumes } from "../../request/free-endpoints";
import { HostRequest } from "../../request/host-request";
import { HttpFacts, HttpSource } from "../../request/http-facts";
import { prepareUpgrade, upgraded, Upgrade } from "../../request/upgrade";
import { Ambiguity } from "../../rules/facts";
import { Metrics } from "../../telemetry/metrics";
import { recordDecision } from "../../telemetry/record";
import { ReaderPool } from "../../usage/reader-pool";
import { AMBIGUOUS, UNIDENTIFIED, UPGRADE_REFUSED } from "./identity";
import { Policy } from "./policy";

const CLEAR_ROUTE_CACHE = bytesOf("clear_route_cache");
const OFF = bytesOf("off");
// Both belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const ACCEPT_ENCODING = bytesOf("accept-encoding");
const RANGE = bytesOf("range");
// What the answer is known by that is settled.
const NAME = new AnswerName();

/** How far a stream has come. While it lasts, it only moves down this list, so it is checked once and settled once. */
const enum Phase {
  /** No rule applies, or the headers have not arrived: the filter does nothing. */
  Unlimited,
  /** Paused until the ledger has decided. */
  Checking,
  /** On its way to the model and back; its tokens will be charged. */
  Admitted,
  /** The filter has answered the request itself. */
  Rejected,
  /** Settled: later callbacks change nothing. */
  Ended,
}

/** Knows which policy applies to a request. */
export interface PolicySource {
  /** The policy that applies to a request at this moment; null if none does. */
  select(request: HttpSource): Policy | null;
}

/**
 * One request and its response. The ledger decides before the model is called, and is charged when the response has ended.
 * Callbacks may come in any order, or not at all: `onEnd` settles what is left, closes the ticket, and returns the object to
 * the pool for another stream.
 */
@final
export class RateLimitStream extends StreamContext implements DecisionListener {
  private phase: Phase = Phase.Unlimited;
  /** Held from the request's headers until it is settled or closed. */
  private ticket: Ticket | null = null;
  private policy: Policy | null = null;
  /** What its call consumes, once it is admitted. */
  private readonly meter: Meter;
  private consumes: Consumes = Consumes.Tokens;
  /** Whether the request headers callback is running: then its return value decides, not continueStream. */
  private inRequestHeaders: bool = false;
  /** What the connection may become, if the request asks for that, or has become. */
  private socket: Socket | null = null;

  /** @param home where it is kept when its stream has ended */
  constructor(
    id: u32,
    private readonly policies: PolicySource,
    private readonly home: Pool<RateLimitStream>,
    private readonly readers: ReaderPool,
    private readonly metrics: Metrics,
  ) {
    super(id);
    this.meter = new Meter(readers);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatus {
    REQUEST.lineCount = count;
    const policy = this.policies.select(REQUEST);
    if (policy === null || this.phase != Phase.Unlimited) return FilterHeadersStatus.Continue;
    FACTS.begin(policy.config.questions);
    const ticket = policy.match(FACTS);
    const ambiguity = FACTS.ambiguity;
    const missing = FACTS.missing;
    const isRefused = FACTS.required >= 0;
    let consuming = Consumes.Tokens;
    if (ticket !== null || isRefused || policy.unmatched.mayWarn)
      consuming = consumes(FACTS.method(), FACTS.path(), REQUEST, !endOfStream);
    const asksForUpgrade = ticket !== null && FACTS.asksForUpgrade;
    FACTS.end();
    if (ambiguity != Ambiguity.None) {
      this.metrics.ambiguous();
      this.refuse(ticket);
      refuseAmbiguous(ambiguity, AMBIGUOUS);
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    const isCall = consuming >= Consumes.StoredAnswer;
    if (isRefused && isCall) {
      this.metrics.unmatched(0, 1);
      this.refuse(ticket);
      refuseUnidentified(UNIDENTIFIED);
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    if (ticket === null) {
      policy.unmatched.note(missing, isCall);
      return FilterHeadersStatus.Continue;
    }
    if (asksForUpgrade && !policy.config.allowsUpgrades) {
      setProperty(CLEAR_ROUTE_CACHE, OFF);
      this.metrics.refusedUpgrade();
      this.refuse(ticket);
      refuseUpgrade(UPGRADE_REFUSED);
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    this.prepareRequest(policy, ticket, asksForUpgrade);
    return this.ask(policy, ticket, consuming);
  }

  /** Before the filter answers the request itself: while it does, a host may end this stream and begin another. */
  private refuse(ticket: Ticket | null): void {
    this.phase = Phase.Rejected;
    if (ticket !== null) ticket.close();
  }

  /** Removes from the request what would make its response unreadable. */
  private prepareRequest(policy: Policy, ticket: Ticket, asksForUpgrade: bool): void {
    setProperty(CLEAR_ROUTE_CACHE, OFF);
    if (asksForUpgrade) {
      prepareUpgrade();
      this.socket = new Socket(policy.ledger, ticket, policy.config.metering, this.metrics, this.readers);
    }
    if (policy.config.stripsAcceptEncoding) removeHeader(HeaderMapType.HttpRequestHeaders, ACCEPT_ENCODING);
  }

  /** Has the ledger decide, unless the request consumes nothing. */
  private ask(policy: Policy, ticket: Ticket, consuming: Consumes): FilterHeadersStatus {
    this.policy = policy;
    this.ticket = ticket;
    this.consumes = consuming;
    if (consuming < Consumes.Tokens) {
      // Ranges of an answer would each leave out what it reports.
      if (consuming != Consumes.Nothing) removeHeader(HeaderMapType.HttpRequestHeaders, RANGE);
      this.admit(policy);
      return FilterHeadersStatus.Continue;
    }
    this.phase = Phase.Checking;
    this.inRequestHeaders = true;
    ticket.peek(this);
    this.inRequestHeaders = false;
    return this.phase == Phase.Admitted
      ? FilterHeadersStatus.Continue
      : FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /** The ledger has decided: record that, then act. */
  onDecided(decision: Decision): void {
    const policy = this.policy;
    if (policy === null || this.phase != Phase.Checking) return;
    if (setEffectiveContext(this.id) != Status.Ok) return;
    recordDecision(decision, this.metrics);
    if (decision.outcome == Outcome.Deny) this.deny(policy, decision);
    else this.letPass(policy);
  }

  private deny(policy: Policy, decision: Decision): void {
    this.phase = Phase.Rejected;
    const ticket = this.ticket;
    this.ticket = null;
    if (ticket !== null) ticket.close();
    policy.config.rejection.send(decision);
  }

  private letPass(policy: Policy): void {
    this.admit(policy);
    if (!this.inRequestHeaders) continueStream(StreamType.HttpRequest);
  }

  private admit(policy: Policy): void {
    this.phase = Phase.Admitted;
    this.meter.begin(policy.config.metering, this.consumes);
  }

  onRequestBody(size: u32, _endOfStream: bool): FilterDataStatus {
    if (this.phase != Phase.Admitted) return FilterDataStatus.Continue;
    const socket = this.socket;
    if (socket !== null) socket.fromClient(size);
    if (socket === null || !socket.isOpen) meterRequestBody(this.meter, size);
    return FilterDataStatus.Continue;
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    if (this.phase == Phase.Admitted && this.openSocket() === null) meterResponseHeaders(this.meter);
    if (endOfStream) this.settle(true);
    return FilterHeadersStatus.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): FilterDataStatus {
    if (this.phase == Phase.Admitted) {
      const socket = this.socket;
      if (socket !== null) socket.fromServer(size);
      else meterResponseBody(this.meter, size);
    }
    if (endOfStream) this.settle(true);
    return FilterDataStatus.Continue;
  }

  onResponseTrailers(): void {
    this.settle(true);
  }

  onEnd(): void {
    this.settle(false);
    const ticket = this.ticket;
    if (ticket !== null) ticket.close();
    this.ticket = null;
    this.policy = null;
    this.dropSocket();
    this.phase = Phase.Unlimited;
    this.home.put(this);
  }

  /** Charges what the call has consumed. Only the first time does so, so every way to end may call it. */
  private settle(isComplete: bool): void {
    const ticket = this.ticket;
    if (this.phase != Phase.Admitted || ticket === null) return;
    this.ticket = null;
    this.phase = Phase.Ended;
    const socket = this.socket;
    if (socket !== null && socket.isOpen) {
      socket.end();
      this.meter.giveBack();
      ticket.close();
      return;
    }
    const tokens = meterTotal(this.meter, isComplete, this.metrics);
    nameAnswer(this.meter, ticket.demand);
    this.meter.giveBack();
    ticket.settle(tokens, NAME, this.consumes == Consumes.NewAnswer);
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

/** Sets `NAME` to the name of a call's answer, if it has one. @param demand what the call is charged to */
function nameAnswer(meter: Meter, demand: Demand): void {
  const id = meter.answer.id;
  const usage = meter.answer.usage;
  if (meter.hasName && id !== null) NAME.set(id.ptr, id.length, usage.input, usage.output, demand);
  else NAME.clear();
}
