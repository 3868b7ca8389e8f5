import { bytesOf } from "../bytes/bytes";
import { Decision, Outcome } from "../ledger/decision";
import { CONSUMER_HEADER, HttpFacts } from "../request/http-facts";
import { HostRequest } from "../request/host-request";
import { clusterName, routeName } from "../request/route";
import { Lines, Questions } from "../rules/questions";
import { LogAttribute } from "./ai-log";
import { Metric, Metrics } from "./metrics";

const UNKNOWN = bytesOf("-");
const NO_CONSUMER = bytesOf("none");
const LIMITED = new LogAttribute(bytesOf("token_ratelimit_status"), bytesOf("limited"));
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const QUESTIONS = new Questions();
const CONSUMER = QUESTIONS.header(CONSUMER_HEADER, Lines.Last);

/** Records the decision about the current stream's request, as the published plugin does. */
export function recordDecision(decision: Decision, metrics: Metrics): void {
  if (decision.outcome == Outcome.Unknown) metrics.add(Metric.UncheckedRequests);
  if (decision.outcome == Outcome.Deny) recordDenial(metrics);
}

function recordDenial(metrics: Metrics): void {
  LIMITED.set();
  const route = routeName(REQUEST);
  const cluster = clusterName(REQUEST);
  FACTS.begin(QUESTIONS);
  const consumer = FACTS.header(CONSUMER);
  FACTS.end();
  metrics.rejections.count(
    route === null ? UNKNOWN : route,
    cluster === null ? UNKNOWN : cluster,
    consumer === null ? NO_CONSUMER : consumer,
  );
}
