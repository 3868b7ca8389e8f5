import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";
import type { Page } from "./page/page.ts";

/** `/metrics` in Prometheus' text format, `/healthz`; all else is the page's, if there is one. */
export function createAdmin(registry: Registry, page: Page | null): Server {
  return createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (page !== null && path !== "/metrics" && path !== "/healthz")
      return void page.serve(request, response);
    void respond(registry, path).then(({ status, type, body }) => {
      response.writeHead(status, { "content-type": type }).end(body);
    });
  });
}

async function respond(
  registry: Registry,
  path: string,
): Promise<{ status: number; type: string; body: string }> {
  switch (path) {
    case "/metrics":
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    case "/healthz":
      return { status: 200, type: "text/plain", body: "ok\n" };
    default:
      return { status: 404, type: "text/plain", body: "try /metrics or /healthz\n" };
  }
}
