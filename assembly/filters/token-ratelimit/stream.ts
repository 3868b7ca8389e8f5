import { StreamContext } from "../../abi/contexts";
import { ResponseHeaders } from "../../abi/headers";
import { Pool } from "../../abi/pool";
import { nowMilliseconds } from "../../abi/time";
import { FilterHeadersStatus } from "../../abi/types";
import { Bytes, bytesOf, equals } from "../../bytes/bytes";
import { Decision, Outcome } from "../../ledger/decision";
import { Demand } from "../../ledger/demand";
import { RowFlag } from "../../ledger/row";
import { hasUsed, tightestOf } from "../../ledger/tightest";
import { Ticket } from "../../ledger/ticket";
import { PolicySource } from "../../plugin/root";
import { keepRoute, Phase } from "../../plugin/metered-stream";
import { recordingFor } from "../../plugin/recording";
import { CountingStream } from "../../plugin/stream";
import { formatOf, Format } from "../../rejection/formats";
import { LimitHeaders, tellLimits, tellRule } from "../../rejection/limit-headers";
import {
  refuseAmbiguous,
  refuseMarked,
  refuseUnidentified,
  refuseUpgrade,
  refuseWithoutModel,
} from "../../rejection/refusals";
import { Api, apiOf } from "../../request/api";
import { BODY } from "../../request/body-headers";
import { consumes, Consumes } from "../../request/free-endpoints";
import { HostRequest } from "../../request/host-request";
import { HttpFacts } from "../../request/http-facts";
import { pathEquals } from "../../request/normal-path";
import { Ambiguity } from "../../rules/facts";
import { isOfModel } from "../../rules/limit-by";
import { Metric, Metrics } from "../../telemetry/metrics";
import { recordDecision } from "../../telemetry/record";
import { ReaderPool } from "../../usage/reader-pool";
import { AMBIGUOUS, MARKED, UNIDENTIFIED, UPGRADE_REFUSED } from "./identity";
import { Mark, markRequest, removeMark } from "./mark";
import { RateLimitPolicy } from "./policy";
import { answerNotGet, answerUsage } from "./usage-answers";
import { emptyUsage, UsageQuery } from "./usage-query";

// Both belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
let FACTS = new HttpFacts(REQUEST);
/** Facts that no stream uses. While a body is held, its stream keeps the facts of its headers. */
const idle = new Pool<HttpFacts>(16);
const RESPONSE = new ResponseHeaders();

/** The response header that warns a caller: the rule whose limit is nearly used up. */
const WARNING = bytesOf("x-ratelimit-warning");
const GET = bytesOf("GET");
const STOP = FilterHeadersStatus.StopAllIterationAndWatermark;

/** A request that rules may limit. */
@final
export class RateLimitStream extends CountingStream<RateLimitPolicy> {
  /** The query that this request is, if it is on `usage_path`. */
  private usage: UsageQuery | null = null;
  /** The facts of the request, while rules wait for its model. */
  private facts: HttpFacts | null = null;
  /** The format of the API that the request calls, if an answer depends on it. */
  private format: Format = Format.OpenAI;
  /** When the counters were read about which the response will tell, in milliseconds since the epoch; 0 if it will not. */
  private readAtMs: i64 = 0;
  /** Whether the response will warn the caller (`warn_at`). */
  private isWarned: bool = false;

  /** @param home where it is kept when its stream has ended */
  constructor(
    id: u32,
    private readonly policies: PolicySource<RateLimitPolicy>,
    private readonly mark: Mark,
    home: Pool<StreamContext>,
    readers: ReaderPool,
    metrics: Metrics,
  ) {
    super(id, home, readers, metrics);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatus {
    REQUEST.lineCount = count;
    if (this.mark.isInUse && removeMark()) {
      // The route was chosen by what the client has set, and so was what depends on the route.
      if (this.policies.isScoped()) return this.refuseMarked();
      --REQUEST.lineCount;
    }
    const policy = this.policies.select(REQUEST);
    if (policy === null || this.phase != Phase.Unlimited) return FilterHeadersStatus.Continue;
    this.recording = recordingFor(policy.voices);
    FACTS.begin(policy.config.questions);
    if (asksForUsage(policy)) return this.tellUsage(policy);
    let consuming = Consumes.Tokens;
    if (policy.config.questions.asksModel) {
      consuming = consumes(FACTS.method(), FACTS.path(), REQUEST, !endOfStream);
      FACTS.awaitsBody = !endOfStream && consuming >= Consumes.Tokens && !FACTS.asksForUpgrade;
    }
    const ticket = policy.match(FACTS);
    const ambiguity = FACTS.ambiguity;
    if (ambiguity == Ambiguity.NotYet) return this.readModel(policy, consuming);
    const missing = FACTS.missing;
    const required = FACTS.required;
    if (ticket !== null || required >= 0 || policy.unmatched.mayWarn)
      consuming = consumes(FACTS.method(), FACTS.path(), REQUEST, !endOfStream);
    const path = ticket !== null ? FACTS.path() : null;
    const asksForUpgrade = ticket !== null && FACTS.asksForUpgrade;
    this.metering = policy.meteringOf(FACTS);
    if (ticket !== null && ticket.reservation.isOn) FACTS.readBody(BODY);
    FACTS.end();
    if (ambiguity != Ambiguity.None) return this.refuseAmbiguous(ticket, ambiguity);
    const isCall = consuming >= Consumes.StoredAnswer;
    if (required >= 0 && isCall) return this.refuseUnidentified(policy, required, ticket);
    if (ticket === null) {
      this.noteUnmatched(policy, missing, isCall);
      return FilterHeadersStatus.Continue;
    }
    this.keepRoute(policy);
    if (asksForUpgrade && !policy.config.allowsUpgrades) {
      this.metrics.add(Metric.RefusedUpgrades);
      this.refuse(ticket, UPGRADE_REFUSED);
      refuseUpgrade(UPGRADE_REFUSED);
      return STOP;
    }
    this.noteFormat(policy, path);
    if (isCall) policy.inspect(ticket.demand, path);
    this.prepareRequest(policy, ticket, asksForUpgrade);
    return this.ask(policy, ticket, consuming, path, !endOfStream);
  }

  /** Asks the host to keep the route, unless the call may have to take another one. */
  private keepRoute(policy: RateLimitPolicy): void {
    if (!policy.config.softness.diverts) keepRoute();
  }

  /** Remembers the format of the API that the request calls, if an answer depends on it. */
  private noteFormat(policy: RateLimitPolicy, path: Bytes | null): void {
    if (path !== null && policy.config.rejection.dependsOnApi) this.format = formatOf(path);
  }

  /** Reads the body, because rules look at the model, and only the body can tell which that is. */
  private readModel(policy: RateLimitPolicy, consuming: Consumes): FilterHeadersStatus {
    const facts = FACTS;
    const spare = idle.take();
    FACTS = spare !== null ? spare : new HttpFacts(REQUEST);
    facts.answerAll(BODY);
    const path = facts.path();
    this.facts = facts;
    this.policy = policy;
    this.metering = policy.metering;
    this.consumes = consuming;
    this.keepRoute(policy);
    this.noteFormat(policy, path);
    this.prepareRequest(policy, null, false);
    this.api = path !== null ? apiOf(path) : Api.Unknown;
    return this.readFirst(policy, policy.holding, true, true);
  }

  protected matchModel(policy: RateLimitPolicy, model: Bytes | null): Ticket | null {
    const facts = this.facts;
    if (facts === null) return null;
    facts.tellModel(model);
    const ticket = policy.match(facts);
    const ambiguity = facts.ambiguity;
    const missing = facts.missing;
    const required = facts.required;
    this.dropFacts();
    if (ambiguity != Ambiguity.None) this.refuseAmbiguous(ticket, ambiguity);
    else if (required >= 0) this.refuseUnidentified(policy, required, ticket);
    else if (ticket !== null) return ticket;
    else {
      this.phase = Phase.Unlimited;
      this.noteUnmatched(policy, missing, true);
    }
    return null;
  }

  /** @param missing the position of the rule item that found nothing to look at, or -1 */
  private noteUnmatched(policy: RateLimitPolicy, missing: i32, isCall: bool): void {
    policy.unmatched.note(missing, isCall);
    policy.voices.hideSecret();
    const recording = this.recording;
    if (recording === null || !isCall) return;
    recording.unmatched(missing < 0 ? "" : policy.config.itemsPath.item(missing).toString());
  }

  private dropFacts(): void {
    const facts = this.facts;
    if (facts === null) return;
    this.facts = null;
    facts.end();
    idle.put(facts);
  }

  /** Answers a request on `usage_path`. The rules identify its caller, or refuse it, as they do for a call. */
  private tellUsage(policy: RateLimitPolicy): FilterHeadersStatus {
    const method = FACTS.method();
    const isGet = method !== null && equals(method, GET);
    const ticket = isGet ? policy.match(FACTS) : null;
    const ambiguity = FACTS.ambiguity;
    const required = FACTS.required;
    FACTS.end();
    keepRoute();
    if (ambiguity != Ambiguity.None) return this.refuseAmbiguous(ticket, ambiguity);
    if (required >= 0) return this.refuseUnidentified(policy, required, ticket);
    this.refuse(null);
    if (ticket !== null) {
      const query = new UsageQuery(this.id, policy.config, ticket);
      this.usage = query;
      query.ask();
    } else if (isGet) {
      answerUsage(emptyUsage(policy.config));
    } else {
      answerNotGet();
    }
    return STOP;
  }

  private refuseMarked(): FilterHeadersStatus {
    this.metrics.note(Metric.RefusedMarkedRequests);
    this.refuse(null);
    refuseMarked(MARKED);
    return STOP;
  }

  private refuseAmbiguous(ticket: Ticket | null, ambiguity: Ambiguity): FilterHeadersStatus {
    this.metrics.add(Metric.AmbiguousRequests);
    this.refuse(ticket, AMBIGUOUS);
    refuseAmbiguous(ambiguity, AMBIGUOUS);
    return STOP;
  }

  /** @param item the position of the rule item that finds nothing to look at */
  private refuseUnidentified(policy: RateLimitPolicy, item: i32, ticket: Ticket | null): FilterHeadersStatus {
    this.metrics.add(Metric.UnidentifiedRequests);
    this.metrics.note(Metric.RefusedUnidentifiedRequests);
    this.refuse(ticket, UNIDENTIFIED);
    if (isOfModel(policy.config.items[item].subject.by)) refuseWithoutModel(UNIDENTIFIED);
    else refuseUnidentified(UNIDENTIFIED);
    return STOP;
  }

  protected letGo(): void {
    const usage = this.usage;
    if (usage !== null) usage.close();
    this.usage = null;
    this.dropFacts();
    this.readAtMs = 0;
    super.letGo();
  }

  onResponseHeaders(endOfStream: bool): FilterHeadersStatus {
    const policy = this.policy;
    const ticket = this.ticket;
    if (this.readAtMs != 0 && policy !== null && ticket !== null) this.tell(policy, ticket.demand);
    return super.onResponseHeaders(endOfStream);
  }

  /** Tells the caller what is left of its limits, in place of what the upstream says of its own. */
  private tell(policy: RateLimitPolicy, demand: Demand): void {
    const now = nowMilliseconds();
    const headers = policy.config.rejection.limitHeaders;
    if (headers != LimitHeaders.None)
      tellLimits(RESPONSE, headers, this.format, demand, -1, now, now - this.readAtMs);
    if (this.isWarned) tellRule(RESPONSE, WARNING, demand, tightestOf(demand));
    this.readAtMs = 0;
  }

  protected record(policy: RateLimitPolicy, decision: Decision): bool {
    const passes = this.mayPass(policy, decision);
    recordDecision(decision, passes, this.metrics);
    if (passes && decision.outcome != Outcome.Unknown && policy.config.tellsReadings) {
      this.readAtMs = max(nowMilliseconds(), 1);
      this.isWarned = hasUsed(decision.demand, policy.config.softness.warnAt);
      if (this.isWarned) this.metrics.add(Metric.WarnedRequests);
    }
    return passes;
  }

  /** Whether a request passes. If it is above a limit that lets it pass nevertheless, this marks it. */
  private mayPass(policy: RateLimitPolicy, decision: Decision): bool {
    const demand = decision.demand;
    if (decision.outcome == Outcome.Unknown) return !demand.hasFlag(RowFlag.DeniesUnknown);
    if (decision.outcome == Outcome.Admit) return true;
    if (!policy.config.softness.diverts || !markRequest(demand, decision.row)) return false;
    demand.waive();
    return true;
  }

  protected reject(policy: RateLimitPolicy, decision: Decision): void {
    const rejection = policy.config.rejection;
    if (decision.outcome == Outcome.Unknown) rejection.sendUnavailable(decision.demand, this.format);
    else rejection.send(decision, this.format);
  }
}

/** Whether the current request is on `usage_path`. */
function asksForUsage(policy: RateLimitPolicy): bool {
  const usagePath = policy.config.usagePath;
  const path = usagePath !== null ? FACTS.path() : null;
  return usagePath !== null && path !== null && pathEquals(path, usagePath);
}
