import { StreamContext } from "../../abi/contexts";
import { Pool } from "../../abi/pool";
import { FilterHeadersStatus } from "../../abi/types";
import { bytesOf, equals } from "../../bytes/bytes";
import { Decision, Outcome } from "../../ledger/decision";
import { Ticket } from "../../ledger/ticket";
import { PolicySource } from "../../plugin/root";
import { keepRoute, Phase } from "../../plugin/metered-stream";
import { CountingStream } from "../../plugin/stream";
import { refuseAmbiguous, refuseUnidentified, refuseUpgrade } from "../../rejection/refusals";
import { consumes, Consumes } from "../../request/free-endpoints";
import { HostRequest } from "../../request/host-request";
import { HttpFacts } from "../../request/http-facts";
import { pathEquals } from "../../request/normal-path";
import { Ambiguity } from "../../rules/facts";
import { Metric, Metrics } from "../../telemetry/metrics";
import { recordDecision } from "../../telemetry/record";
import { ReaderPool } from "../../usage/reader-pool";
import { AMBIGUOUS, UNIDENTIFIED, UPGRADE_REFUSED } from "./identity";
import { RateLimitPolicy } from "./policy";
import { answerNotGet, answerUsage } from "./usage-answers";
import { emptyUsage, UsageQuery } from "./usage-query";

// Both belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);

const GET = bytesOf("GET");
const STOP = FilterHeadersStatus.StopAllIterationAndWatermark;

/** A request that rules may limit. */
@final
export class RateLimitStream extends CountingStream<RateLimitPolicy> {
  /** The query that this request is, if it is on `usage_path`. */
  private usage: UsageQuery | null = null;

  /** @param home where it is kept when its stream has ended */
  constructor(
    id: u32,
    private readonly policies: PolicySource<RateLimitPolicy>,
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
    FACTS.begin(policy.config.questions);
    if (asksForUsage(policy)) return this.tellUsage(policy);
    const ticket = policy.match(FACTS);
    const ambiguity = FACTS.ambiguity;
    const missing = FACTS.missing;
    const isRefused = FACTS.required >= 0;
    let consuming = Consumes.Tokens;
    if (ticket !== null || isRefused || policy.unmatched.mayWarn)
      consuming = consumes(FACTS.method(), FACTS.path(), REQUEST, !endOfStream);
    const path = ticket !== null ? FACTS.path() : null;
    const asksForUpgrade = ticket !== null && FACTS.asksForUpgrade;
    FACTS.end();
    if (ambiguity != Ambiguity.None) return this.refuseAmbiguous(ticket, ambiguity);
    const isCall = consuming >= Consumes.StoredAnswer;
    if (isRefused && isCall) return this.refuseUnidentified(ticket);
    if (ticket === null) {
      policy.unmatched.note(missing, isCall);
      return FilterHeadersStatus.Continue;
    }
    keepRoute();
    if (asksForUpgrade && !policy.config.allowsUpgrades) {
      this.metrics.add(Metric.RefusedUpgrades);
      this.refuse(ticket);
      refuseUpgrade(UPGRADE_REFUSED);
      return STOP;
    }
    this.prepareRequest(policy, ticket, asksForUpgrade);
    return this.ask(policy, ticket, consuming, path, !endOfStream);
  }

  /** Answers a request on `usage_path`. The rules identify its caller, or refuse it, as they do for a call. */
  private tellUsage(policy: RateLimitPolicy): FilterHeadersStatus {
    const method = FACTS.method();
    const isGet = method !== null && equals(method, GET);
    const ticket = isGet ? policy.match(FACTS) : null;
    const ambiguity = FACTS.ambiguity;
    const isRefused = FACTS.required >= 0;
    FACTS.end();
    keepRoute();
    if (ambiguity != Ambiguity.None) return this.refuseAmbiguous(ticket, ambiguity);
    if (isRefused) return this.refuseUnidentified(ticket);
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

  private refuseAmbiguous(ticket: Ticket | null, ambiguity: Ambiguity): FilterHeadersStatus {
    this.metrics.add(Metric.AmbiguousRequests);
    this.refuse(ticket);
    refuseAmbiguous(ambiguity, AMBIGUOUS);
    return STOP;
  }

  private refuseUnidentified(ticket: Ticket | null): FilterHeadersStatus {
    this.metrics.add(Metric.UnidentifiedRequests);
    this.refuse(ticket);
    refuseUnidentified(UNIDENTIFIED);
    return STOP;
  }

  onEnd(): void {
    const usage = this.usage;
    if (usage !== null) usage.close();
    this.usage = null;
    super.onEnd();
  }

  protected record(_policy: RateLimitPolicy, decision: Decision): bool {
    recordDecision(decision, this.metrics);
    return decision.outcome != Outcome.Deny;
  }

  protected reject(policy: RateLimitPolicy, decision: Decision): void {
    policy.config.rejection.send(decision);
  }
}

/** Whether the current request is on `usage_path`. */
function asksForUsage(policy: RateLimitPolicy): bool {
  const usagePath = policy.config.usagePath;
  if (usagePath === null) return false;
  const path = FACTS.path();
  return path !== null && pathEquals(path, usagePath);
}
