/** A metric's name and labels as Prometheus shows them. */
export interface PrometheusName {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

// Higress' stats tags for AI plugins: each value is cut out of the name and becomes a label. Values may
// contain dots, so each ends where the next keyword starts.
const AI_METRIC = /^route\.(.*?)\.upstream\.(.*?)\.model\.(.*?)\.consumer\.(.*)\.metric\.(.+)$/s;

/**
 * The Prometheus form of a metric that a filter defined, as Higress exports it:
 * `route.R.upstream.C.model.M.consumer.U.metric.N` is `route_upstream_model_consumer_metric_N` with the labels
 * ai_route, ai_cluster, ai_model and ai_consumer; in any other name each character that Prometheus does not
 * allow becomes `_`.
 */
export function prometheusName(guestName: string): PrometheusName {
  const match = AI_METRIC.exec(guestName);
  if (match === null) return { name: sanitise(guestName), labels: {} };
  const [, route = "", cluster = "", model = "", consumer = "", metric = ""] = match;
  return {
    name: sanitise(`route_upstream_model_consumer_metric_${metric}`),
    labels: { ai_route: route, ai_cluster: cluster, ai_model: model, ai_consumer: consumer },
  };
}

function sanitise(name: string): string {
  const safe = name.replace(/[^a-zA-Z0-9_:]/g, "_");
  return /^[a-zA-Z_:]/.test(safe) ? safe : `_${safe}`;
}
