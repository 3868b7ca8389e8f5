import { beginLine, logLine, logs } from "../abi/log";
import { LogLevel } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { bytesOf } from "../bytes/bytes";
import { Decision, Outcome } from "../ledger/decision";
import { appendLimitPath } from "../ledger/limit-path";
import { CONSUMER_HEADER, HttpFacts } from "../request/http-facts";
import { HostRequest } from "../request/host-request";
import { clusterName, routeName } from "../request/route";
import { Lines, Questions } from "../rules/questions";
import { LogAttribute } from "./ai-log";
import { Metric, Metrics } from "./metrics";

const UNKNOWN = bytesOf("-");
const NO_CONSUMER = bytesOf("none");
const STATUS = bytesOf("token_ratelimit_status");
const LIMITED = new LogAttribute(STATUS, bytesOf("limited"));
const DIVERTED = new LogAttribute(STATUS, bytesOf("diverted"));
const WOULD_DENY = new LogAttribute(STATUS, bytesOf("would_deny"));
const line = new ByteBuilder(128);
const REQUEST = new HostRequest();
const FACTS = new HttpFacts(REQUEST);
const QUESTIONS = new Questions();
const CONSUMER = QUESTIONS.header(CONSUMER_HEADER, Lines.Last);

/** Records the decision about the current stream's request, as the published plugin does. @param passes whether it passes */
export function recordDecision(decision: Decision, passes: bool, metrics: Metrics): void {
  if (decision.outcome == Outcome.Unknown) {
    metrics.add(passes ? Metric.UncheckedRequests : Metric.DeniedUncheckedRequests);
  } else if (decision.outcome == Outcome.Deny) {
    if (!passes) return recordDenial(metrics);
    metrics.add(Metric.DivertedRequests);
    DIVERTED.set();
  } else if (decision.shadowRow >= 0) {
    recordShadow(decision, metrics);
  }
}

/** A request passes only because the limit that it exceeds denies nothing. */
function recordShadow(decision: Decision, metrics: Metrics): void {
  metrics.add(Metric.WouldDenyRequests);
  WOULD_DENY.set();
  if (!logs(LogLevel.Debug)) return;
  beginLine(line);
  appendLimitPath(line.text("would deny: "), decision.demand, decision.shadowRow);
  logLine(LogLevel.Debug, line);
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
