// Configurations come and go while streams run, several share a VM, and callouts find their way back.
// proxy-wasm ABI 0.2.1, contexts and callouts; proxy-wasm-cpp-host, wasm.cc.
import { Agent } from "node:http";
import type { Socket } from "node:net";
import { Registry } from "prom-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkConfig, ConfigurationRefused, ModuleRejected, startGateway } from "../../gateway/src/index.ts";
import { GuestMetrics } from "../../gateway/src/wasm/metrics.ts";
import { RootContext } from "../../gateway/src/wasm/root.ts";
import type { HostServices } from "../../gateway/src/wasm/services.ts";
import { SharedData } from "../../gateway/src/wasm/shared-data.ts";
import { Status } from "../../gateway/src/wasm/types.ts";
import { Vm } from "../../gateway/src/wasm/vm.ts";
import { guest } from "./fixtures/guest.ts";
import { deferred, Log, open, send, startTcp, startTestGateway, startUpstream } from "./support.ts";

const upstream = (): Promise<string> => startUpstream((_request, response) => response.end("ok"));
const IDENTITY = { pluginName: "p", rootId: "r", vmId: "v" };

function hostServices(log: Log): HostServices {
  return {
    now: () => 0n,
    log: (_level, message) => log.add(message),
    logLevel: 0,
    metrics: new GuestMetrics(new Registry()),
    sharedData: new SharedData(),
    redis: { init: () => Status.Ok, call: () => Status.Ok },
    http: { call: () => Status.Ok },
  };
}

describe("reconfigure", () => {
  it("serves new requests with the new configuration, and deletes the old root", async () => {
    const gateway = await startTestGateway({ upstream: await upstream(), config: { version: 1 } });
    gateway.reconfigure({ version: 2 });
    await send(gateway.url, { headers: { "x-request-headers": "configuration" } });
    expect(gateway.log.matching(/^(configure|configuration|done 1|delete 1)/)).toEqual([
      'configure 1 {"version":1}',
      'configure 2 {"version":2}',
      "done 1",
      "delete 1",
      'configuration {"version":2}',
    ]);
  });

  it("lets streams in flight end on the old root first", async () => {
    const finish = deferred();
    const redis = await startTcp((socket) => {
      socket.on("data", () => void finish.promise.then(() => socket.write("+PONG\r\n")));
    });
    const gateway = await startTestGateway({ upstream: await upstream(), redis });
    const pending = send(gateway.url, { headers: { "x-request-headers": "redis PING~" } });
    await gateway.log.until(/^redis_call/);
    gateway.reconfigure({ version: 2 });
    expect(gateway.log.matching(/^done 1/)).toEqual([]);
    finish.resolve();
    expect((await pending).body).toBe("ok");
    await gateway.log.until(/^delete 1$/);
    expect(gateway.log.matching(/^redis 1 7/)).toHaveLength(1);
  });

  it("drops the replies for a root that is gone", async () => {
    const first = deferred<Socket>();
    const redis = await startTcp((socket) => socket.on("data", () => first.resolve(socket)));
    const gateway = await startTestGateway({ upstream: await upstream(), redis });
    const options = { headers: { "x-request-headers": "redis PING~" } };
    const aborted = open(gateway.url, options, (request) => {
      request.end();
      void first.promise.then(() => request.destroy());
    });
    await expect(aborted).rejects.toThrow();
    await gateway.log.until(/^delete/);
    gateway.reconfigure({ version: 2 });
    const pending = send(gateway.url, options);
    await gateway.log.until(/^redis_call 11/);
    (await first.promise).write("+LATE\r\n+PONG\r\n");
    await pending;
    expect(gateway.log.matching(/^redis \d/)).toEqual([expect.stringMatching(/^redis 3 11 .*PONG/)]);
  });

  it("keeps the old configuration when the new one is refused", async () => {
    const gateway = await startTestGateway({ upstream: await upstream(), config: { version: 1 } });
    expect(() => gateway.reconfigure({ refuse: true })).toThrow(ConfigurationRefused);
    await send(gateway.url, { headers: { "x-request-headers": "configuration" } });
    expect(gateway.log.matching(/^configuration/)).toEqual(['configuration {"version":1}']);
  });
});

describe("a configuration the filter does not take", () => {
  it("ends the start, with the filter's own words", async () => {
    const wasm = await guest("scripted");
    const start = startGateway({ config: { trap: 1 }, upstream: "http://127.0.0.1:1", wasm });
    await expect(start).rejects.toThrow(
      "the filter trapped in scripted/trapDeep: memory access out of bounds",
    );
  });

  it("is told by checkConfig", async () => {
    const wasm = await guest("scripted");
    expect(await checkConfig({ refuse: 1 }, { wasm })).toEqual({
      isAccepted: false,
      problems: ["rule_items[0]: refused"],
    });
    expect(await checkConfig({ fine: 1 }, { wasm })).toEqual({ isAccepted: true, problems: [] });
    expect(await checkConfig({ trap: 1 }, { wasm })).toEqual({
      isAccepted: false,
      problems: ["the filter trapped in scripted/trapDeep: memory access out of bounds"],
    });
  });
});

it("answers pointers outside the guest's memory with InvalidMemory", async () => {
  const gateway = await startTestGateway({ upstream: await upstream() });
  expect((await send(gateway.url, { headers: { "x-request-headers": "bad pointers" } })).body).toBe("ok");
  expect(gateway.log.matching(/^read/)).toEqual(["read 6 6 write 6"]);
});

it("runs several roots in one VM, each with its own configuration", async () => {
  const log = new Log();
  const vm = new Vm(await WebAssembly.compile((await guest("scripted")) as BufferSource), hostServices(log));
  const roots = ["a", "b"].map((text) => new RootContext(vm, IDENTITY, JSON.stringify({ text })));
  expect(roots.map((root) => root.start())).toEqual([true, true]);
  expect(log.matching(/^configure/)).toEqual(['configure 1 {"text":"a"}', 'configure 2 {"text":"b"}']);
  roots[0]?.retire();
  expect([...vm.contexts.keys()]).toEqual([2]);
});

it("waits for the replies to its last calls before it ends", async () => {
  const called = deferred<Socket>();
  const redis = await startTcp((socket) => socket.on("data", () => called.resolve(socket)));
  const gateway = await startTestGateway({ upstream: await upstream(), redis });
  const aborted = open(gateway.url, { headers: { "x-request-headers": "redis PING~" } }, (request) => {
    request.end();
    void called.promise.then(() => request.destroy());
  });
  await expect(aborted).rejects.toThrow();
  const closed = gateway.close(10_000);
  await expect(send(gateway.url)).rejects.toThrow();
  await expect(send(gateway.adminUrl)).rejects.toThrow();
  (await called.promise).write("+PONG\r\n");
  await closed;
  expect(gateway.log.matching(/^redis \d/)).toEqual([expect.stringContaining("status=0")]);
});

it("ends as soon as the last response has, though clients keep their connections", async () => {
  const arrived = deferred();
  const finish = deferred();
  const slow = await startUpstream((_request, response) => {
    arrived.resolve();
    void finish.promise.then(() => response.end("ok"));
  });
  const gateway = await startTestGateway({ upstream: slow });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const pending = send(gateway.url, { agent });
  await arrived.promise;
  const began = performance.now();
  const closed = gateway.close(60_000);
  finish.resolve();
  expect((await pending).body).toBe("ok");
  await closed;
  expect(performance.now() - began).toBeLessThan(2000);
});

it("ticks, on the root, until told not to", async () => {
  const gateway = await startTestGateway({ upstream: await upstream(), config: { tick: 1 } });
  // The configuration is there to read only while the filter is being configured.
  expect(await gateway.log.until(/^tick/)).toBe("tick 1 <1>");
});

describe("proxy_http_call", () => {
  const callout = { headers: { "x-request-headers": "http" } };

  it("reaches the service, and its response comes to the root", async () => {
    const service = await startUpstream((request, response) => {
      request.on("data", (chunk) => response.end(`${request.method} ${request.url} ${chunk}`));
    });
    const services = { "svc.static": new URL(service).host };
    const gateway = await startTestGateway({ upstream: await upstream(), services });
    expect((await send(`${gateway.url}/p`, callout)).body).toBe("ok");
    expect(gateway.log.matching(/^(http|effective)/)).toEqual([
      "http_call 4",
      "http 1 4 200 POST /call ping headers=true 15 0",
      "effective 0 /p",
    ]);
  });

  it("tells a failure by an empty response", async () => {
    const service = await startUpstream((request) => request.destroy());
    const services = { "svc.static": new URL(service).host };
    const gateway = await startTestGateway({ upstream: await upstream(), services });
    expect((await send(gateway.url, callout)).body).toBe("ok");
    expect(gateway.log.matching(/^http \d/)).toEqual(["http 1 4 <2> <1> headers=false 0 0"]);
  });

  it("is refused for an unknown service", async () => {
    const gateway = await startTestGateway({ upstream: await upstream() });
    expect((await send(gateway.url, callout)).body).toBe("ok");
    expect(gateway.log.matching(/^http/)).toEqual(["http_call -2"]);
  });
});

it("runs main of a module that has one, after its initialisation", async () => {
  const gateway = await startTestGateway({ upstream: await upstream(), wasm: await guest("reactor") });
  expect(gateway.log.lines).toEqual(["initialize", "main 0 0", "configure"]);
});

describe("a module that cannot run here", () => {
  /** The smallest modules with one thing missing; see the binary format in the WebAssembly specification, 5. */
  const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const start = (bytes: number[]): Promise<unknown> =>
    startGateway({
      config: {},
      upstream: "http://127.0.0.1:1",
      wasm: Uint8Array.from([...HEADER, ...bytes]),
    });

  it("for lack of an ABI marker is refused", async () => {
    await expect(start([])).rejects.toThrow(ModuleRejected);
    await expect(start([])).rejects.toThrow("exports none of proxy_abi_version_0_2_100");
  });

  it("because it is no module is refused", async () => {
    const wasm = new TextEncoder().encode("not wasm");
    const options = { config: {}, upstream: "http://127.0.0.1:1", wasm };
    await expect(startGateway(options)).rejects.toThrow("wasm: not a WebAssembly module");
  });

  it("because its start calls more than proxy_log is refused", async () => {
    const log = new Log();
    const options = { config: {}, upstream: "http://127.0.0.1:1", wasm: await guest("eager") };
    const start = startGateway({ ...options, onGuestLog: (_level, message) => log.add(message) });
    await expect(start).rejects.toThrow(
      "proxy_set_tick_period_milliseconds may not be called from _initialize",
    );
    expect(log.lines).toEqual(["logging is allowed"]);
  });

  it("for an import the host lacks is refused by its name", async () => {
    const name = [...new TextEncoder().encode("proxy_abi_version_0_2_100")];
    const module = [
      ...[1, 4, 1, 0x60, 0, 0], // type 0: () -> ()
      ...[2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x78, 0, 0], // import env.x
      ...[7, name.length + 4, 1, name.length, ...name, 0, 0], // export it as the marker
    ];
    await expect(start(module)).rejects.toThrow("the host has no env.x");
  });
});
