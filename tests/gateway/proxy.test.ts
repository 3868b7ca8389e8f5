// The proxy streams both ways through the filter, and every end of an exchange reaches the filter.
// Issue "the filter end to end", part 2; RFC 9110 section 7 for what a proxy may change; Envoy for the rest.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { nextChunk, open, raw, send, startTestGateway, startUpstream, unusedPort } from "./support.ts";

const echo = (request: IncomingMessage, response: ServerResponse): void => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method, url, headers, trailers } = request;
    response.end(JSON.stringify({ method, url, headers, trailers, body: Buffer.concat(chunks).toString() }));
  });
};

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  trailers: Record<string, string>;
  body: string;
}

/** What the upstream got of a request. */
async function echoed(...request: Parameters<typeof send>): Promise<Echo> {
  return JSON.parse((await send(...request)).body) as Echo;
}

describe("requests", () => {
  it("arrive with method, path, headers and body", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const got = await echoed(`${gateway.url}/a?b=c`, { method: "PUT", headers: { "X-Mine": "1" } }, "hello");
    expect(got).toMatchObject({ method: "PUT", url: "/a?b=c", headers: { "x-mine": "1" }, body: "hello" });
  });

  it("get a request id, unless they have one", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    expect((await echoed(gateway.url)).headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    const own = await echoed(gateway.url, { headers: { "x-request-id": "mine" } });
    expect(own.headers["x-request-id"]).toBe("mine");
  });

  it("arrive as the filter edited them", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const got = await echoed(`${gateway.url}/a`, { headers: { "x-request-headers": "edit" } });
    expect(got).toMatchObject({ url: "/edited", headers: { "x-added": "yes" } });
  });

  it("lose what speaks of the connection only", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const got = await echoed(gateway.url, {
      headers: {
        connection: "close, x-private",
        "x-private": "1",
        "keep-alive": "x",
        te: "trailers",
        upgrade: "h2c",
      },
    });
    for (const name of ["x-private", "te", "upgrade"]) expect(got.headers).not.toHaveProperty(name);
    expect(got.headers.connection).toBe("keep-alive");
  });

  it("keep the upstream URL's path in front of their own", async () => {
    const upstream = await startUpstream(echo);
    const gateway = await startTestGateway({ upstream: `${upstream}/base/` });
    expect((await echoed(`${gateway.url}/v1/x`)).url).toBe("/base/v1/x");
  });

  it("take their trailers along, past the filter", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const response = await open(gateway.url, { method: "POST" }, (request) => {
      request.write("a");
      request.addTrailers({ "X-Trailer": "t" });
      request.end();
    });
    const got = JSON.parse(await nextChunk(response)) as Echo;
    expect(got).toMatchObject({ body: "a", trailers: { "x-trailer": "t" } });
    expect(gateway.log.matching(/request_trailers/)).toEqual([expect.stringMatching(/ 1 t$/)]);
  });

  it("of any size pass, paused or not", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo), bufferLimit: 1000 });
    const body = "x".repeat(3_000_000);
    expect((await echoed(gateway.url, { method: "POST" }, body)).body.length).toBe(body.length);
  });

  it("that the filter wants whole are refused when they are too large", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo), bufferLimit: 1000 });
    const headers = { "x-request-body": "buffer" };
    expect((await send(gateway.url, { method: "POST", headers }, "x".repeat(2000))).status).toBe(413);
    expect((await echoed(gateway.url, { method: "POST", headers }, "x".repeat(500))).body).toHaveLength(500);
  });

  it("reach the upstream with the body the filter put in its place", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const headers = { "x-request-body": "set new", "transfer-encoding": "chunked" };
    // The last callback, for the empty end, is told to set the body too.
    expect((await echoed(gateway.url, { method: "POST", headers }, "old")).body).toBe("newnew");
  });

  it.each([
    ["begin 3 longer", "longer body"],
    ["begin 3 -", "- body"],
    ["begin 0 very-", "very-old body"],
    ["begin 8 new", "new"],
  ])("reach the upstream with the beginning that the filter put there: %s", async (action, body) => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const headers = { "x-request-body": action, "transfer-encoding": "chunked" };
    expect((await echoed(gateway.url, { method: "POST", headers }, "old body")).body).toBe(body);
  });
});

describe("responses", () => {
  it("stream: the client has the first event before the upstream sends the second", async () => {
    let sendSecond = (): void => {};
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      sendSecond = () => response.end("data: 2\n\n");
    });
    const gateway = await startTestGateway({ upstream });
    const response = await open(gateway.url, {});
    const chunks = response.iterator() as AsyncIterator<Buffer>;
    expect(String((await chunks.next()).value)).toBe("data: 1\n\n");
    sendSecond();
    expect(String((await chunks.next()).value)).toBe("data: 2\n\n");
    expect((await chunks.next()).done).toBe(true);
  });

  it("show their headers before any body", async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { "x-early": "1" }).flushHeaders();
      finish = () => response.end("x");
    });
    const gateway = await startTestGateway({ upstream });
    const response = await open(gateway.url, {});
    expect(response.headers["x-early"]).toBe("1");
    finish();
    expect(await nextChunk(response)).toBe("x");
  });

  it("wait while the filter buffers them", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write("a");
      void gateway.log.until(/response_body \d+ 1 /).then(() => response.end("b"));
    });
    const gateway = await startTestGateway({ upstream });
    expect((await send(gateway.url, { headers: { "x-response-body": "buffer" } })).body).toBe("ab");
    expect(gateway.log.matching(/response_body/).map((line) => line.split(" ").slice(2).join(" "))).toEqual([
      "1 eos=0",
      "2 eos=0",
      "2 eos=1",
    ]);
  });

  it("keep repeated headers apart", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, ["Set-Cookie", "a=1", "Set-Cookie", "b=2"]).end();
    });
    const gateway = await startTestGateway({ upstream });
    expect((await send(gateway.url)).headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  it("take their trailers along, past the filter", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { trailer: "x-trailer" }).write("a");
      response.addTrailers({ "x-trailer": "t" });
      response.end();
    });
    const gateway = await startTestGateway({ upstream });
    expect((await send(gateway.url)).trailers).toEqual({ "x-trailer": "t" });
    expect(gateway.log.matching(/response_trailers/)).toEqual([expect.stringMatching(/ 1 t$/)]);
  });

  it.each([
    ["HEAD", 200, { "content-length": "5" }],
    ["GET", 204, {}],
    ["GET", 304, {}],
    ["GET", 200, { "content-length": "0" }],
  ])("without a body end with the headers: %s, %i, %j", async (method, status, headers) => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(status, headers).end();
    });
    const gateway = await startTestGateway({ upstream });
    const response = await send(gateway.url, { method });
    expect(response).toMatchObject({ status, body: "", headers });
    expect(gateway.log.matching(/response_/)).toEqual([expect.stringMatching(/response_headers .* eos=1/)]);
  });
});

describe("local replies", () => {
  it("pass the filter's response callbacks, with Envoy's headers", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const response = await send(gateway.url, { headers: { "x-request-headers": "reply" } });
    expect(response).toMatchObject({
      status: 403,
      body: "no",
      headers: { "x-test": "1", "content-type": "text/plain", "content-length": "2" },
    });
    expect(gateway.log.matching(/^(sent|response)/)).toEqual([
      "sent 0",
      expect.stringMatching(/response_headers \d+ 403 eos=0/),
      expect.stringMatching(/response_body \d+ 2 eos=1/),
    ]);
  });

  it("have their names in lower case on the wire", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const request = "GET / HTTP/1.1\r\nhost: a\r\nx-request-headers: reply\r\nconnection: close\r\n\r\n";
    expect(await raw(gateway.url, request)).toContain("\r\nx-test: 1\r\n");
  });

  it("keep the request from the upstream", async () => {
    let requests = 0;
    const gateway = await startTestGateway({ upstream: await startUpstream(() => requests++) });
    const options = { method: "POST", headers: { "x-request-headers": "reply" } };
    expect((await send(gateway.url, options, "body")).status).toBe(403);
    expect(requests).toBe(0);
  });

  it("go past the filter when it has seen a response already", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const response = await send(gateway.url, { headers: { "x-response-headers": "reply" } });
    expect(response).toMatchObject({ status: 502, body: "no" });
    expect(gateway.log.matching(/response_headers/)).toHaveLength(1);
  });

  it("cut a response off that has begun", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    const response = await open(gateway.url, { headers: { "x-response-body": "reply" } });
    await expect(once(response.resume(), "end")).rejects.toThrow("aborted");
  });

  it("with a status that is none become 500", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    expect((await send(gateway.url, { headers: { "x-request-headers": "reply bad" } })).status).toBe(500);
  });
});

describe("the end", () => {
  const ENDS = /^(log|done|delete|response_body)/;
  const names = (lines: string[]): string[] => lines.map((line) => line.split(" ")[0] ?? "");

  it("is on_log, on_done, on_delete; the log sees both header maps", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    await send(`${gateway.url}/x`, { headers: { "x-response-body": "set " } });
    await gateway.log.until(/^delete/);
    expect(names(gateway.log.matching(/^(log|done|delete)/))).toEqual(["log", "done", "delete"]);
    expect(gateway.log.matching(/^log/)).toEqual([expect.stringMatching(/^log \d+ \/x 200$/)]);
  });

  it("comes without an end of body when the client goes away, and the upstream is told", async () => {
    let upstreamClosed: Promise<unknown> = Promise.resolve();
    const upstream = await startUpstream((_request, response) => {
      upstreamClosed = once(response, "close");
      response.write("data: 1\n\n");
    });
    const gateway = await startTestGateway({ upstream });
    const response = await open(gateway.url, {});
    await nextChunk(response);
    response.destroy();
    await gateway.log.until(/^delete/);
    await upstreamClosed;
    expect(names(gateway.log.matching(ENDS))).toEqual(["response_body", "log", "done", "delete"]);
    expect(gateway.log.matching(/response_body .* eos=1/)).toEqual([]);
    expect(await gateway.metrics()).toContain('details="downstream_remote_disconnect"} 1');
  });

  it("comes when the client goes away before there is a response", async () => {
    const upstream = await startUpstream(() => {});
    const gateway = await startTestGateway({ upstream });
    const pending = open(gateway.url, {}, (request) => {
      request.end();
      void gateway.log.until(/request_headers/).then(() => request.destroy());
    });
    await expect(pending).rejects.toThrow();
    await gateway.log.until(/^delete/);
    expect(await gateway.metrics()).toContain('status="0",details="downstream_remote_disconnect"} 1');
  });

  it("comes without an end of body when the upstream breaks off, and the client sees it broken", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write("data: 1\n\n", () => response.destroy());
    });
    const gateway = await startTestGateway({ upstream });
    const response = await open(gateway.url, {});
    await expect(once(response.resume(), "end")).rejects.toThrow("aborted");
    await gateway.log.until(/^delete/);
    expect(gateway.log.matching(/response_body .* eos=1/)).toEqual([]);
    expect(await gateway.metrics()).toContain('details="upstream_reset_after_response_started"} 1');
  });
});

describe("an upstream that cannot be reached", () => {
  it("is a 503 that passes the filter", async () => {
    const gateway = await startTestGateway({ upstream: `http://127.0.0.1:${await unusedPort()}` });
    const response = await send(gateway.url);
    expect(response).toMatchObject({ status: 503, headers: { "content-type": "text/plain" } });
    expect(response.body).toContain("upstream connect error");
    expect(gateway.log.matching(/response_headers \d+ 503/)).toHaveLength(1);
  });

  it("is a 503 when it closes without an answer", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream((request) => request.destroy()) });
    expect((await send(gateway.url)).status).toBe(503);
  });
});

describe("properties", () => {
  it.each([
    ["route_name", "my-route"],
    ["cluster_name", "outbound|80||x.static"],
    ["source/address", expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
    ["request/path", "/p?q=1"],
    ["request/method", "GET"],
    ["request/id", "id-1"],
    ["plugin_name", "ai-token-ratelimit"],
    ["plugin_root_id", ""],
    ["no_such_property", "<1>"],
  ])("%s is %s", async (path, expected) => {
    const gateway = await startTestGateway({
      upstream: await startUpstream(echo),
      route: "my-route",
      cluster: "outbound|80||x.static",
    });
    const headers = { "x-request-headers": `property ${path}`, "x-request-id": "id-1" };
    await send(`${gateway.url}/p?q=1`, { headers });
    expect((await gateway.log.until(/^property/)).slice("property ".length)).toEqual(expected);
  });
});

it("answers the filter's clock with the injected time", async () => {
  const gateway = await startTestGateway({
    upstream: await startUpstream(echo),
    now: () => 1234567890123456789n,
  });
  await send(gateway.url, { headers: { "x-request-headers": "now" } });
  expect(await gateway.log.until(/^now/)).toBe("now 1234567890123456789");
});

it("writes one access log line per request, with ai_log and without secrets", async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { base: null },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const gateway = await startTestGateway({ upstream: await startUpstream(echo), logger });
  await send(`${gateway.url}/p?apikey=secret&b`, {
    headers: { "x-request-headers": "ai_log", authorization: "Bearer secret" },
  });
  await gateway.log.until(/^delete/);
  const access = lines.filter((line) => line.msg === "request");
  expect(access).toEqual([
    expect.objectContaining({
      method: "GET",
      path: "/p?apikey=***&b",
      status: 200,
      response_code_details: "via_upstream",
      ai_log: '{\\"token_ratelimit_status\\":\\"limited\\"}',
    }),
  ]);
  expect(JSON.stringify(access)).not.toContain("secret");
});

describe("the admin port", () => {
  it("serves the filter's metrics and the gateway's own", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    await send(gateway.url, { headers: { "x-request-headers": "count" } });
    await gateway.log.until(/^delete/);
    const { body, headers } = await send(`${gateway.adminUrl}/metrics`);
    expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
    expect(body).toContain(
      'route_upstream_model_consumer_metric_hits{ai_route="a.b",ai_cluster="outbound|80||u.static",ai_model="none",ai_consumer="c.1"} 1',
    );
    expect(body).toContain('gateway_requests_total{status="200",details="via_upstream"} 1');
  });

  it("is healthy, and knows nothing else", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(echo) });
    expect(await send(`${gateway.adminUrl}/healthz`)).toMatchObject({ status: 200, body: "ok\n" });
    expect((await send(`${gateway.adminUrl}/x`)).status).toBe(404);
  });
});
