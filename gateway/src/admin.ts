import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";

/** `/metrics` in Prometheus' text format, `/healthz`. */
export function createAdmin(registry: Registry): Server {
  return createServer((request, response) => {
    void respond(registry, request.url ?? "/").then(({ status, type, body }) => {
      response.writeHead(status, { "content-type": type }).end(body);
    });
  });
}

async function respond(
  registry: Registry,
  url: string,
): Promise<{ status: number; type: string; body: string }> {
  switch (url.split("?")[0]) {
    case "/metrics":
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    case "/healthz":
      return { status: 200, type: "text/plain", body: "ok\n" };
    default:
      return { status: 404, type: "text/plain", body: "try /metrics or /healthz\n" };
  }
}
