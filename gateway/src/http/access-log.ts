import type { ExchangeSummary } from "./exchange.ts";

/** The fields of an access log line. Query values may be credentials, so only their names are kept. */
export function accessLogFields(summary: ExchangeSummary): Record<string, unknown> {
  return {
    method: summary.method,
    path: maskQuery(summary.path),
    status: summary.status,
    duration_ms: Math.round(summary.durationMs * 10) / 10,
    response_code_details: summary.details,
    ...(summary.upstreamError === undefined ? {} : { upstream_error: summary.upstreamError }),
    ...(summary.aiLog === undefined ? {} : { ai_log: summary.aiLog }),
  };
}

/** `/a?key=secret&x` becomes `/a?key=***&x`. */
export function maskQuery(path: string): string {
  const at = path.indexOf("?");
  if (at < 0) return path;
  return path.slice(0, at) + path.slice(at).replace(/=[^&]*/g, "=***");
}
