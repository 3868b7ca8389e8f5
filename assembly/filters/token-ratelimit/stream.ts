import { StreamContext } from "../../abi/contexts";
import { Pool } from "../../abi/pool";
import { FilterHeadersStatus } from "../../abi/types";
import { Decision, Outcome } from "../../ledger/decision";
import { PolicySource } from "../../plugin/root";
import { CountingStream, keepRoute, Phase } from "../../plugin/stream";
import { refuseAmbiguous, refuseUnidentified, refuseUpgrade } from "../../rejection/refusals";
import { consumes, Consumes } from "../../request/free-endpoints";
import { HostRequest } from "../../request/host-request";
import { HttpFacts } from "../../request/http-facts";
import { Ambiguity } from "../../rules/facts";
import { Metrics } from "../../telemetry/metrics";
import { recordDecision } from "../../telemetry/record";
import { ReaderPool } from "../../usage/reader-pool";
import { AMBIGUOUS, UNIDENTIFIED, UPGRADE_REFUSED } from "./identity";
import { RateLimitPolicy } from "./policy";

// Both belong to the stream whose callback is running; no question outlives it.
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);

/** A request that rules may limit. */
@final
export class RateLimitStream extends CountingStream<RateLimitPolicy> {
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
      keepRoute();
      this.metrics.refusedUpgrade();
      this.refuse(ticket);
      refuseUpgrade(UPGRADE_REFUSED);
      return FilterHeadersStatus.StopAllIterationAndWatermark;
    }
    this.prepareRequest(policy, ticket, asksForUpgrade);
    return this.ask(policy, ticket, consuming);
  }

  protected record(_policy: RateLimitPolicy, decision: Decision): bool {
    recordDecision(decision, this.metrics);
    return decision.outcome != Outcome.Deny;
  }

  protected reject(policy: RateLimitPolicy, decision: Decision): void {
    policy.config.rejection.send(decision);
  }
}
