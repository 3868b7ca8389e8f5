import { StreamContext } from "../abi/contexts";
import { getHeader, removeHeader, replaceHeaderByNumber } from "../abi/headers";
import { Pool } from "../abi/pool";
import { continueStream, setEffectiveContext } from "../abi/stream-control";
import { FilterDataStatus, FilterHeadersStatus, HeaderMapType, Status, StreamType } from "../abi/types";
import { addressOf, Bytes, bytesOf } from "../bytes/bytes";
import { NOT_A_NUMBER, parseInteger } from "../bytes/decimal";
import { Decision, Outcome } from "../ledger/decision";
import { DecisionListener, Ticket } from "../ledger/ticket";
import { Reservation } from "../ledger/reservation";
import { Api, apiOf } from "../request/api";
import { Consumes } from "../request/free-endpoints";
import { isHandshake } from "../request/upgrade";
import { Metric, Metrics } from "../telemetry/metrics";
import { ReaderPool } from "../usage/reader-pool";
import { HeldRequest } from "./held-request";
import { borrowHeld, returnHeld } from "./held-requests";
import { MeteredStream, Phase } from "./metered-stream";
import { Policy } from "./policy";
import { Recording } from "./recording";

const RANGE = bytesOf("range");
/** When to retry a call whose body could not be written, in milliseconds. */
const RETRY_MS: i64 = 1_000;
const CLAMPED = bytesOf("x-ratelimit-clamped-tokens");

/**
 * One request and its response. The ledger decides before the model is called, and is charged when the response has ended.
 * Each plugin defines for which requests the ledger is asked, and how they are refused. Here a call is admitted; the rest of its
 * life is that of a `MeteredStream`.
 */
export abstract class CountingStream<P extends Policy> extends MeteredStream<P> implements DecisionListener {
  /** Whether a callback of the request is running: then its return value decides, not continueStream. */
  private inRequest: bool = false;
  /** The request, while its body is held for a reservation; else null. */
  private held: HeldRequest | null = null;
  /** The cap that was written into the request, in tokens; -1 if none was. */
  private clampedTo: i64 = -1;

  /** @param home where it is kept when its stream has ended */
  constructor(id: u32, home: Pool<StreamContext>, readers: ReaderPool, metrics: Metrics) {
    super(id, home, readers, metrics);
  }

  /** Records the decision about the request. @returns whether it may pass */
  protected abstract record(policy: P, decision: Decision): bool;

  /** Answers a request that may not pass. */
  protected abstract reject(policy: P, decision: Decision): void;

  /**
   * Before the filter answers the request itself: while it does, a host may end this stream and begin another.
   * @param details of the answer, if it is an error
   */
  protected refuse(ticket: Ticket | null, details: Bytes | null = null): void {
    this.phase = Phase.Rejected;
    const recording = this.recording;
    if (recording !== null && details !== null) recording.refused(details);
    if (ticket !== null) ticket.close();
  }

  /**
   * Lets the ledger decide, unless the request consumes nothing. If tokens are to be reserved, the body is read first.
   * @param path of the request, with its query
   * @param hasBody whether more than the headers follow
   * @param checksLater whether it also decides about requests that create calls to be charged later
   */
  protected ask(
    policy: P,
    ticket: Ticket,
    consuming: Consumes,
    path: Bytes | null,
    hasBody: bool,
    checksLater: bool = false,
  ): FilterHeadersStatus {
    this.policy = policy;
    this.ticket = ticket;
    this.consumes = consuming;
    this.api = path !== null ? apiOf(path) : Api.Unknown;
    const recording = this.recording;
    if (recording !== null) ticket.wantsReadings = true;
    if (consuming < Consumes.Tokens && !(checksLater && consuming == Consumes.Later)) {
      // A range of an answer would leave out the usage that it reports.
      if (consuming > Consumes.Later) removeHeader(HeaderMapType.HttpRequestHeaders, RANGE);
      this.metrics.note(Metric.FreeRequests);
      if (recording !== null) recording.free(ticket);
      this.admit(policy);
      return FilterHeadersStatus.Continue;
    }
    const isCall = this.socket === null || !isHandshake();
    if (ticket.reservation.isOn && path !== null && isCall && consuming != Consumes.Later) {
      return this.readFirst(policy, ticket.reservation, hasBody);
    }
    this.phase = Phase.Checking;
    if (recording !== null) recording.asks();
    this.inRequest = true;
    ticket.peek(this);
    this.inRequest = false;
    return this.phase == Phase.Admitted
      ? FilterHeadersStatus.Continue
      : FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /** The ledger has decided: records the decision, then acts. */
  onDecided(decision: Decision): void {
    const policy = this.policy;
    if (policy === null || this.phase != Phase.Checking) return;
    if (setEffectiveContext(this.id) != Status.Ok) return;
    this.writeGrant(decision);
    const passes = this.record(policy, decision);
    this.metrics.note(passes ? Metric.AllowedRequests : Metric.DeniedRequests);
    const recording = this.recording;
    if (recording !== null) this.tellDecision(recording, decision, passes);
    if (passes) this.letPass(policy);
    else this.deny(policy, decision);
  }

  private tellDecision(recording: Recording, decision: Decision, passes: bool): void {
    const ticket = this.ticket;
    if (ticket === null) return;
    const held = this.held;
    let outcome = passes ? "allowed" : "denied";
    if (passes && decision.outcome == Outcome.Unknown) outcome = "unchecked";
    if (passes && held !== null && held.cap >= 0) outcome = "clamped";
    if (passes && (decision.outcome == Outcome.Deny || decision.shadowRow >= 0)) outcome = "would_deny";
    recording.decided(outcome, ticket, decision, held !== null ? ticket.ask : null);
  }

  /**
   * Reads the body first, unless there is none or the call is judged by its size.
   * @param readsModel whether rules wait for the model that the body is for; then there is no ticket yet
   */
  protected readFirst(
    policy: P,
    reservation: Reservation,
    hasBody: bool,
    readsModel: bool = false,
  ): FilterHeadersStatus {
    const held = borrowHeld();
    this.held = held;
    held.begin(reservation, this.api, policy.holdsHeaders, readsModel);
    this.meter.begin(this.metering, this.consumes, true);
    if (hasBody && !held.isJudgedBySize) {
      this.phase = Phase.Reading;
      if (policy.raisesBufferLimit) held.raiseBufferLimit();
      // A host that is not set up to hold headers would wait forever, so there the headers go ahead.
      return policy.holdsHeaders ? FilterHeadersStatus.StopIteration : FilterHeadersStatus.Continue;
    }
    if (!hasBody) held.finish(true);
    this.decide(policy, held);
    return this.passes ? FilterHeadersStatus.Continue : FilterHeadersStatus.StopAllIterationAndWatermark;
  }

  /**
   * Finds the limits of a request whose body has been read, because they depend on its model.
   * @returns null if it is refused, or not limited
   */
  protected matchModel(_policy: P, _model: Bytes | null): Ticket | null {
    return null;
  }

  /** Whether the request need not wait (any longer). */
  private get passes(): bool {
    return this.phase == Phase.Admitted || this.phase == Phase.Unlimited;
  }

  /** Has the ledger decide, and reserve what the request asks for. */
  private decide(policy: P, held: HeldRequest): void {
    const known = this.ticket;
    const ticket = known !== null ? known : this.matchModel(policy, held.model);
    this.ticket = ticket;
    if (ticket === null) {
      this.dropHeld();
      this.meter.giveBack();
      return;
    }
    this.phase = Phase.Checking;
    const recording = this.recording;
    if (recording !== null) {
      recording.asks();
      ticket.wantsReadings = true;
    }
    this.inRequest = true;
    held.reservation = ticket.reservation;
    if (ticket.reservation.isOn) {
      const weights = held.isWhole ? this.meter.weights : this.metering.of(null).weights;
      held.ask(ticket.ask, this.meter.inputSoFar, weights);
      ticket.reserve(this);
    } else {
      ticket.peek(this);
    }
    this.inRequest = false;
  }

  /** A chunk of a body that is held, or the trailers after it. */
  private holdBody(
    held: HeldRequest,
    size: u32,
    endOfStream: bool,
    hasTrailers: bool = false,
  ): FilterDataStatus {
    const policy = this.policy;
    if (policy === null) return FilterDataStatus.Continue;
    held.read(size, this.meter);
    if (this.phase == Phase.Reading) {
      // Before trailers, the last chunk did not look like the last, so the buffer will not have all of the body.
      if (endOfStream) held.finish(!hasTrailers);
      else if (!held.isTooLong) return FilterDataStatus.StopIterationAndWatermark;
      this.decide(policy, held);
    }
    if (this.passes) return FilterDataStatus.Continue;
    // Only then does the buffer have all of the body when Redis replies.
    return endOfStream ? FilterDataStatus.StopIterationAndBuffer : FilterDataStatus.StopIterationAndWatermark;
  }

  /** Returns the held request, which is needed only to reserve. */
  private dropHeld(): void {
    const held = this.held;
    if (held !== null) returnHeld(held);
    this.held = null;
  }

  private deny(policy: P, decision: Decision): void {
    this.phase = Phase.Rejected;
    const ticket = this.ticket;
    this.ticket = null;
    if (ticket !== null) ticket.close();
    this.dropHeld();
    this.meter.giveBack();
    this.reject(policy, decision);
  }

  /** Writes what was granted into the body that is held. If that fails, the call is denied: it may cost any amount. */
  private writeGrant(decision: Decision): void {
    const held = this.held;
    // If Redis does not answer, nothing was granted.
    if (held === null || decision.outcome != Outcome.Admit) return;
    // During a callback of the request, the buffer has only the last chunk of the body.
    if (held.granted(decision.granted, !this.inRequest)) return;
    decision.exceeded(max(decision.demand.firstEnforced, 0), 0, 0, RETRY_MS);
  }

  private letPass(policy: P): void {
    const held = this.held;
    if (held === null) {
      this.admit(policy);
    } else {
      this.phase = Phase.Admitted;
      this.clampedTo = held.cap;
      if (held.cap >= 0) this.metrics.note(Metric.ClampedRequests);
      this.dropHeld();
    }
    if (!this.inRequest) continueStream(StreamType.HttpRequest);
  }

  onRequestBody(size: u32, endOfStream: bool): FilterDataStatus {
    const held = this.held;
    if (held !== null) return this.holdBody(held, size, endOfStream);
    return super.onRequestBody(size, endOfStream);
  }

  onRequestTrailers(): FilterDataStatus {
    const held = this.held;
    return held !== null ? this.holdBody(held, 0, true, true) : FilterDataStatus.Continue;
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    if (this.clampedTo >= 0) tellCap(this.clampedTo);
    return super.onResponseHeaders(endOfStream);
  }

  protected letGo(): void {
    this.dropHeld();
    this.clampedTo = -1;
    super.letGo();
  }
}

/** Tells the client of the current stream which cap its request has now, in tokens, unless somebody has lowered it further. */
function tellCap(cap: i64): void {
  const lower = getHeader(HeaderMapType.HttpResponseHeaders, CLAMPED);
  const told = lower !== null ? parseInteger(addressOf(lower), lower.byteLength) : NOT_A_NUMBER;
  if (told >= 0 && told <= cap) return;
  replaceHeaderByNumber(HeaderMapType.HttpResponseHeaders, CLAMPED, cap);
}
