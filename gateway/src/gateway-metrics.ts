import { Counter, Histogram, type Registry } from "prom-client";
import type { ExchangeSummary } from "./http/exchange.ts";

/** What the gateway itself counts. */
export class GatewayMetrics {
  private readonly requests: Counter;
  private readonly duration: Histogram;
  readonly traps: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.requests = new Counter({
      name: "gateway_requests_total",
      help: "Requests ended, by status and by who decided the response",
      labelNames: ["status", "details"],
      registers,
    });
    this.duration = new Histogram({
      name: "gateway_request_duration_seconds",
      help: "From the first byte of a request to the last byte of its response",
      registers,
    });
    this.traps = new Counter({
      name: "gateway_wasm_traps_total",
      help: "Traps of the filter; each cost a VM",
      registers,
    });
  }

  observe(summary: ExchangeSummary): void {
    this.requests.inc({ status: String(summary.status), details: summary.details });
    this.duration.observe(summary.durationMs / 1000);
  }
}
