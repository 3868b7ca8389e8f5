// Why an upstream did not answer stands in the log and in the 503; --upstream-ca and --host.
// Error codes: node's documentation of errors, libuv, OpenSSL; response code details: Envoy's.
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { OptionError, startGateway } from "../../gateway/src/index.ts";
import { guest } from "./fixtures/guest.ts";
import { send, startTcp, startTestGateway, startUpstream, unusedPort, type Reply } from "./support.ts";

const tls = (name: string): string => readFileSync(join(import.meta.dirname, "fixtures/tls", name), "utf8");
const ca = tls("ca.pem");
const ok: RequestListener = (_request, response) => void response.end("ok");

/** `host:port` of a server that ends with the test. */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const startTls = (certificate: string): Promise<string> =>
  listening(createTlsServer({ key: tls("server.key"), cert: tls(certificate) }, ok));

interface Seen extends Reply {
  log: Record<string, unknown>;
}

/** What comes of a request to `upstream`, and the line in the access log. */
async function ask(
  upstream: string,
  options: { upstreamCa?: string; connectTimeoutMs?: number } = {},
): Promise<Seen> {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const gateway = await startTestGateway({ ...options, upstream, logger: pino({ base: null }, { write }) });
  const headers = {
    authorization: "Bearer sk-secret",
    "x-response-headers": "property response/code_details",
  };
  const reply = await send(`${gateway.url}/v1/chat?key=sk-secret`, { headers });
  const details = await gateway.log.until(/^property/);
  const [log = {}] = lines.filter((line) => line.msg === "request");
  expect(details).toBe(`property ${String(log.response_code_details)}`);
  expect(JSON.stringify(log) + reply.body).not.toContain("secret");
  return { ...reply, log };
}

describe("an upstream that does not answer", () => {
  const garbage = (bytes: string) =>
    startTcp((socket) => socket.once("data", () => socket.end(bytes, "latin1")));
  const SETTINGS = "\0\0\0\x04\0\0\0\0\0";
  const ALERT = "\x15\x03\x01\x00\x02\x02\x46";

  it.each<[string, () => string | Promise<string>, string, string, RegExp]>([
    [
      "refuses connections",
      async () => `http://127.0.0.1:${await unusedPort()}`,
      "remote_connection_failure",
      "refused",
      /nothing listens at its address \(ECONNREFUSED\)/,
    ],
    [
      "has a name that nobody knows",
      () => "http://no-such-host.invalid",
      "remote_connection_failure",
      "name",
      /its name cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/,
    ],
    [
      "has a certificate of an unknown authority",
      async () => `https://${await startTls("server.pem")}`,
      "remote_connection_failure",
      "certificate",
      /nobody known has signed its certificate; .* --upstream-ca \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/,
    ],
    [
      "speaks TLS where HTTP is expected, and says so by an alert",
      async () => `http://${await garbage(ALERT)}`,
      "remote_connection_failure",
      "tls",
      /it speaks TLS; is it https:\/\/\? \(HPE_/,
    ],
    [
      "speaks HTTP where TLS is expected",
      async () => (await startUpstream(ok)).replace("http", "https"),
      "remote_connection_failure",
      "tls",
      /it does not speak TLS; is it http:\/\/\?/,
    ],
    [
      "speaks HTTP/2 without TLS",
      async () => `http://${await garbage(SETTINGS)}`,
      "remote_connection_failure",
      "http2_only",
      /it speaks HTTP\/2 only/,
    ],
    [
      "speaks something else",
      async () => `http://${await garbage("SSH-2.0-OpenSSH_9.6\r\n")}`,
      "protocol_error",
      "protocol",
      /what it sends is not HTTP\/1\.1 \(HPE_INVALID_/,
    ],
    [
      "closes the connection",
      async () => startUpstream((request) => request.destroy()),
      "connection_termination",
      "reset",
      /it closed the connection without an answer \(ECONNRESET\)/,
    ],
  ])("because it %s", async (_name, upstream, resetReason, kind, reason) => {
    const { status, body, log } = await ask(await upstream());
    expect(status).toBe(503);
    expect(body).toMatch(reason);
    expect(log).toMatchObject({
      status: 503,
      response_code_details: `upstream_reset_before_response_started{${resetReason}|${kind}}`,
      upstream_error: expect.stringMatching(reason),
    });
  });

  it.each([
    ["other-name.pem", /its certificate is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
    ["expired.pem", /its certificate has expired \(CERT_HAS_EXPIRED\)/],
  ])("because of its certificate, %s", async (certificate, reason) => {
    const { log } = await ask(`https://${await startTls(certificate)}`, { upstreamCa: ca });
    expect(log.upstream_error).toMatch(reason);
  });

  it("because it speaks HTTP/2 only, by TLS", async () => {
    const server = createSecureServer({ key: tls("server.key"), cert: tls("server.pem") });
    const { log } = await ask(`https://${await listening(server)}`, { upstreamCa: ca });
    expect(log.upstream_error).toMatch(/^http2_only: it speaks HTTP\/2 only; the gateway speaks HTTP\/1\.1/);
  });

  it("because no connection comes about in time", async () => {
    const silent = await startTcp((socket) => socket.resume());
    const { log } = await ask(`https://${silent}`, { connectTimeoutMs: 50 });
    expect(log).toMatchObject({
      response_code_details: "upstream_reset_before_response_started{connection_timeout|timeout}",
      upstream_error: "timeout: no connection came about in time (CONNECT_TIMEOUT)",
    });
  });
});

it("waits for an upstream that is connected and thinks, however short the time to connect", async () => {
  const upstream = await startUpstream(
    (_request, response) => void setTimeout(() => response.end("ok"), 150),
  );
  expect(await ask(upstream, { connectTimeoutMs: 50 })).toMatchObject({ status: 200 });
});

it("says nothing of the upstream where the filter answered", async () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const upstream = await startUpstream(ok);
  const gateway = await startTestGateway({ upstream, logger: pino({ base: null }, { write }) });
  await send(gateway.url, { headers: { "x-response-headers": "reply" } });
  await gateway.log.until(/^delete/);
  expect(lines.filter((line) => line.msg === "request")).toEqual([
    expect.not.objectContaining({ upstream_error: expect.anything() }),
  ]);
});

describe("--upstream-ca", () => {
  it("is trusted", async () => {
    const { status, body } = await ask(`https://${await startTls("server.pem")}`, { upstreamCa: ca });
    expect([status, body]).toEqual([200, "ok"]);
  });

  it.each(["", "not a certificate", tls("server.key")])("must be a certificate: %j", async (upstreamCa) => {
    const options = {
      config: {},
      upstream: "https://127.0.0.1:1",
      upstreamCa,
      wasm: await guest("scripted"),
    };
    await expect(startGateway(options)).rejects.toThrow(OptionError);
    await expect(startGateway(options)).rejects.toThrow("upstream-ca: expected a certificate in PEM format");
  });
});

describe("--upstream", () => {
  it.each(["https://user:secret@host/", "https://host/?key=secret"])(
    "has neither user nor query: %s",
    async (upstream) => {
      const start = startGateway({ config: {}, upstream, wasm: await guest("scripted") });
      await expect(start).rejects.toThrow("the URL must have neither user nor query");
      await expect(start).rejects.not.toThrow("secret");
    },
  );
});

describe("--host", () => {
  it("is where the gateway listens, and the admin port stays on localhost", async () => {
    const gateway = await startTestGateway({ upstream: await startUpstream(ok), host: "0.0.0.0" });
    expect(gateway.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
    expect(gateway.adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await send(gateway.url.replace("0.0.0.0", "127.0.0.2"))).body).toBe("ok");
  });

  it.each(["::1", "[::1]"])("may be an IPv6 address: %s", async (host) => {
    const gateway = await startTestGateway({ upstream: await startUpstream(ok), host });
    expect(gateway.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await send(gateway.url)).body).toBe("ok");
  });

  it.each(["192.0.2.1", "no-such-host.invalid"])("must be of this machine: %s", async (host) => {
    const start = startTestGateway({ upstream: "http://127.0.0.1:1", host });
    await expect(start).rejects.toThrow(`gateway: ${host} is not an address of this machine`);
  });

  it("is told when its port is taken", async () => {
    const port = Number((await listening(createServer(ok))).split(":")[1]);
    const start = startTestGateway({ upstream: "http://127.0.0.1:1", port });
    await expect(start).rejects.toThrow(`gateway: port ${port} is in use`);
  });
});
