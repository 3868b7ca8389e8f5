import { StreamContext } from "../../abi/contexts";
import { removeHeader } from "../../abi/headers";
import { Pool } from "../../abi/pool";
import { FilterDataStatus, FilterHeadersStatus, HeaderMapType } from "../../abi/types";
import { Bytes, bytesOf, EMPTY, equals } from "../../bytes/bytes";
import { BalanceVerb } from "../../ledger/balance-change";
import { Decision, Outcome } from "../../ledger/decision";
import { PolicySource } from "../../plugin/root";
import { keepRoute, Phase } from "../../plugin/metered-stream";
import { recordingFor } from "../../plugin/recording";
import { CountingStream } from "../../plugin/stream";
import { refuseAmbiguous, refuseUpgrade } from "../../rejection/refusals";
import { BODY } from "../../request/body-headers";
import { consumes, Consumes, isDisguised } from "../../request/free-endpoints";
import { HostRequest } from "../../request/host-request";
import { CONSUMER_HEADER, HttpFacts } from "../../request/http-facts";
import { Ambiguity } from "../../rules/facts";
import { Lines, Questions } from "../../rules/questions";
import { Metric, Metrics } from "../../telemetry/metrics";
import { ReaderPool } from "../../usage/reader-pool";
import { Administration } from "./administration";
import { answerBadRequest, answerNobody, answerNoKey, answerNotAdmin } from "./answers";
import { AMBIGUOUS, UPGRADE_REFUSED } from "./identity";
import { Purpose, QuotaPolicy, verbOf } from "./policy";
import { QuotaMetrics } from "./quota-metrics";

// They belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const QUESTIONS = new Questions();
const CONSUMER = QUESTIONS.header(CONSUMER_HEADER, Lines.Added);
const ASKED_FOR = QUESTIONS.param(bytesOf("consumer"));

const STOP = FilterHeadersStatus.StopAllIterationAndWatermark;

/** A request of a consumer: a call that costs quota, or one about the quota itself. */
@final
export class QuotaStream extends CountingStream<QuotaPolicy> {
  /** The request about a balance that this is; else null. */
  private administration: Administration | null = null;

  /**
   * @param home where it is kept when its stream has ended
   */
  constructor(
    id: u32,
    private readonly policies: PolicySource<QuotaPolicy>,
    private readonly quotaMetrics: QuotaMetrics,
    home: Pool<StreamContext>,
    readers: ReaderPool,
    metrics: Metrics,
  ) {
    super(id, home, readers, metrics);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatus {
    REQUEST.lineCount = count;
    const policy = this.policies.select(REQUEST);
    if (policy === null || this.phase != Phase.Unlimited) return FilterHeadersStatus.Continue;
    FACTS.begin(QUESTIONS);
    const consumer = FACTS.header(CONSUMER);
    const path = FACTS.path();
    const purpose = policy.purposeOf(path !== null ? path : EMPTY);
    const askedFor = purpose == Purpose.Get ? FACTS.param(ASKED_FOR) : null;
    const consuming = consumingOf(purpose, path, !endOfStream);
    const asksForUpgrade = FACTS.asksForUpgrade;
    const ambiguity = FACTS.ambiguity;
    if (policy.config.reservation.isOn) FACTS.readBody(BODY);
    FACTS.end();
    keepRoute();

    if (ambiguity != Ambiguity.None) return this.refuseAmbiguous(ambiguity);
    if (!policy.config.trustsConsumer) return this.refuseUntrusted();
    if (consumer === null) {
      this.refuseUnidentified();
      answerNoKey();
      return STOP;
    }
    if (consumer.byteLength == 0) {
      this.refuseUnidentified();
      answerNobody();
      return STOP;
    }
    if (purpose == Purpose.Get) return this.query(policy, consumer, askedFor);
    if (purpose == Purpose.Set || purpose == Purpose.Add)
      return this.change(policy, consumer, purpose, endOfStream);
    policy.voices.hideSecret();
    if (purpose == Purpose.Other && consuming == Consumes.Nothing) return FilterHeadersStatus.Continue;
    return this.call(policy, consumer, consuming, asksForUpgrade, path, !endOfStream);
  }

  /** A call, which is checked and charged if it may consume tokens. */
  private call(
    policy: QuotaPolicy,
    consumer: Bytes,
    consuming: Consumes,
    asksForUpgrade: bool,
    path: Bytes | null,
    hasBody: bool,
  ): FilterHeadersStatus {
    if (asksForUpgrade && !policy.config.allowsUpgrades) {
      this.metrics.add(Metric.RefusedUpgrades);
      this.refuse(null);
      refuseUpgrade(UPGRADE_REFUSED);
      return STOP;
    }
    this.recording = recordingFor(policy.voices);
    const ticket = policy.ticketFor(consumer);
    this.metering = policy.metering;
    this.prepareRequest(policy, ticket, asksForUpgrade);
    // A batch is charged when its results are fetched. A caller without balance would never fetch them, so check it now.
    return this.ask(policy, ticket, consuming, path, hasBody, true);
  }

  /** Reads a balance: any for the administrator, and their own for others, if that is configured. */
  private query(policy: QuotaPolicy, consumer: Bytes, askedFor: Bytes | null): FilterHeadersStatus {
    const config = policy.config;
    const isAdmin = equals(consumer, config.adminConsumer);
    const isOwn = config.selfService && (askedFor === null || equals(askedFor, consumer));
    this.refuse(null);
    if (!isAdmin && !isOwn) {
      this.quotaMetrics.refusedChange();
      answerNotAdmin();
      return STOP;
    }
    const owner = askedFor !== null ? askedFor : config.selfService ? consumer : EMPTY;
    if (owner.byteLength == 0) {
      answerBadRequest(BalanceVerb.Get);
      return STOP;
    }
    const administration = new Administration(this.id, policy, BalanceVerb.Get, isAdmin);
    this.administration = administration;
    administration.read(owner);
    return STOP;
  }

  /** Changes a balance for the administrator, once the body has named the consumer and the amount. */
  private change(
    policy: QuotaPolicy,
    consumer: Bytes,
    purpose: Purpose,
    endOfStream: bool,
  ): FilterHeadersStatus {
    this.refuse(null);
    if (!equals(consumer, policy.config.adminConsumer)) {
      this.quotaMetrics.refusedChange();
      answerNotAdmin();
      return STOP;
    }
    this.quotaMetrics.change();
    const administration = new Administration(this.id, policy, verbOf(purpose), true);
    this.administration = administration;
    if (endOfStream) {
      administration.end();
      return STOP;
    }
    // A host that is not set up to hold headers would wait forever. There the headers go ahead, and only the body stops.
    return policy.holdsHeaders ? FilterHeadersStatus.StopIteration : FilterHeadersStatus.Continue;
  }

  onRequestBody(size: u32, endOfStream: bool): FilterDataStatus {
    const administration = this.administration;
    if (administration === null) return super.onRequestBody(size, endOfStream);
    administration.body(size);
    if (endOfStream) administration.end();
    // With this status, every host shows each chunk once, and the upstream gets none of them.
    return FilterDataStatus.StopIterationAndWatermark;
  }

  onRequestTrailers(): FilterDataStatus {
    const administration = this.administration;
    if (administration === null) return super.onRequestTrailers();
    administration.end();
    return FilterDataStatus.StopIterationAndBuffer;
  }

  onEnd(): void {
    const administration = this.administration;
    if (administration !== null) administration.close();
    this.administration = null;
    super.onEnd();
  }

  /** As in the published plugin, a call is also denied when Redis cannot be asked. */
  protected record(_policy: QuotaPolicy, decision: Decision): bool {
    const passes = decision.outcome == Outcome.Admit;
    if (!passes) this.quotaMetrics.denied(decision);
    return passes;
  }

  protected reject(policy: QuotaPolicy, _decision: Decision): void {
    policy.config.denial.send();
  }

  private refuseAmbiguous(ambiguity: Ambiguity): FilterHeadersStatus {
    this.metrics.add(Metric.AmbiguousRequests);
    this.refuse(null);
    refuseAmbiguous(ambiguity, AMBIGUOUS);
    return STOP;
  }

  /** Refuses a call because nobody in front of this filter sets the consumer, so the client may have set it. */
  private refuseUntrusted(): FilterHeadersStatus {
    removeHeader(HeaderMapType.HttpRequestHeaders, CONSUMER_HEADER);
    this.refuseUnidentified();
    answerNoKey();
    return STOP;
  }

  private refuseUnidentified(): void {
    this.metrics.note(Metric.RefusedUnidentifiedRequests);
    this.refuse(null);
  }
}

/** What a request may consume. If endings are configured, only calls with such an ending consume, and disguised ones. */
function consumingOf(purpose: Purpose, path: Bytes | null, hasBody: bool): Consumes {
  if (purpose == Purpose.Call) return consumes(FACTS.method(), path, REQUEST, hasBody);
  return purpose == Purpose.Other && isDisguised(REQUEST) ? Consumes.Tokens : Consumes.Nothing;
}
