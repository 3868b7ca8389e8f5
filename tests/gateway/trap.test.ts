// A trap costs its VM: every stream in it is answered 503 or cut off, and a new VM takes over.
// Envoy's failStream and VM recovery; issue "the filter end to end", part 2.
import { once } from "node:events";
import pino from "pino";
import { describe, expect, it, vi } from "vitest";
import { describeTrap } from "../../gateway/src/wasm/trap.ts";
import { open, send, nextChunk, startTestGateway, startUpstream, startTcp } from "./support.ts";

const upstream = (): Promise<string> => startUpstream((_request, response) => response.end("ok"));
const trap = { headers: { "x-request-headers": "trap" } };

it("is answered 503, counted, and reported with function and message; the next request is served", async () => {
  const lines: string[] = [];
  const logger = pino({ level: "error" }, { write: (line) => lines.push(line) });
  const gateway = await startTestGateway({ upstream: await upstream(), logger });
  expect((await send(gateway.url, trap)).status).toBe(503);
  expect(lines.join("")).toContain("the filter trapped in scripted/trapDeep: memory access out of bounds");
  await gateway.log.until(/^configure 1 [^]*/);
  await vi.waitUntil(async () => (await send(gateway.url)).status === 200, { interval: 20, timeout: 3000 });
  expect(await gateway.metrics()).toContain("gateway_wasm_traps_total 1");
});

it("answers 503 while the VM is down", async () => {
  const gateway = await startTestGateway({ upstream: await upstream() });
  await send(gateway.url, trap);
  // The first VM is younger than a second, so the next one is not there yet.
  expect(await send(gateway.url)).toMatchObject({ status: 503, body: "" });
  expect(gateway.log.matching(/^request_headers/)).toHaveLength(1);
});

it("answers other streams in flight too, whatever they wait for", async () => {
  const redis = await startTcp(() => {});
  const gateway = await startTestGateway({ upstream: await upstream(), redis });
  const waiting = send(gateway.url, { headers: { "x-request-headers": "redis PING~" } });
  await gateway.log.until(/^redis_call/);
  await send(gateway.url, trap);
  expect(await waiting).toMatchObject({ status: 503 });
});

it("answers the stream whose creation it is", async () => {
  const gateway = await startTestGateway({ upstream: await upstream(), config: { trapAtCreate: 1 } });
  expect((await send(gateway.url)).status).toBe(503);
});

it("cuts a response off that has begun", async () => {
  const streaming = await startUpstream((request, response) => {
    if (request.url === "/stream") response.write("data: 1\n\n");
    else response.end();
  });
  const gateway = await startTestGateway({ upstream: streaming });
  const response = await open(`${gateway.url}/stream`, {});
  await nextChunk(response);
  await send(gateway.url, trap);
  await expect(once(response.resume(), "end")).rejects.toThrow("aborted");
});

describe.each([
  ["a response header callback", { "x-response-headers": "trap" }, "GET"],
  ["a request body callback", { "x-request-body": "trap" }, "POST"],
])("in %s", (_name, headers, method) => {
  it("is a 503", async () => {
    const gateway = await startTestGateway({ upstream: await upstream() });
    const body = method === "POST" ? "body" : undefined;
    expect((await send(gateway.url, { method, headers }, body)).status).toBe(503);
  });
});

it("in the callbacks of its own local reply is a 503", async () => {
  const gateway = await startTestGateway({ upstream: await upstream() });
  const headers = { "x-request-headers": "reply", "x-response-headers": "trap" };
  expect((await send(gateway.url, { headers })).status).toBe(503);
});

it("keeps the configuration that was running", async () => {
  const gateway = await startTestGateway({ upstream: await upstream(), config: { version: 1 } });
  gateway.reconfigure({ version: 2 });
  await send(gateway.url, trap);
  await vi.waitUntil(() => gateway.log.matching(/^configure 1 /).length === 2, {
    interval: 20,
    timeout: 3000,
  });
  expect(gateway.log.matching(/^configure/).at(-1)).toBe('configure 1 {"version":2}');
});

describe("the report", () => {
  const error = (stack: string): Error => Object.assign(new Error("unreachable"), { stack });

  it("names the function that called abort", () => {
    const stack = [
      "RuntimeError: unreachable",
      "    at assembly/abi/abort/abort (wasm://wasm/ab12:wasm-function[3]:0x1)",
      "    at ~lib/map/Map<i32,i32>#get (wasm://wasm/ab12:wasm-function[4]:0x2)",
      "    at Vm.call (file:///x/vm.ts:1:2)",
    ].join("\n");
    expect(describeTrap("proxy_on_log", error(stack))).toEqual({
      callback: "proxy_on_log",
      where: "~lib/map/Map<i32,i32>#get",
      message: "unreachable",
    });
  });

  it("gives the number of a function without a name", () => {
    const stack = "RuntimeError: unreachable\n    at wasm://wasm/ab12:wasm-function[42]:0x1f3";
    expect(describeTrap("proxy_on_log", error(stack)).where).toBe("wasm-function[42]");
  });

  it("falls back to the callback", () => {
    expect(describeTrap("proxy_on_log", error("RangeError: stack")).where).toBe("proxy_on_log");
  });
});
