// Several plugins run in one gateway, each in its VM, in the order in which Higress runs them.
// Istio's WasmPlugin reference (phase, priority); issue "the whole story of the tutorial", part 2.
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { inChainOrder, pluginsIn } from "../../gateway/src/config/plugins.ts";
import { ConfigError, ConfigurationRefused, OptionError, startGateway } from "../../gateway/src/index.ts";
import { guest } from "./fixtures/guest.ts";
import { send, startRedis, startTestGateway, startUpstream } from "./support.ts";

let wasm: Uint8Array;
beforeAll(async () => void (wasm = await guest("named")));

/** A WasmPlugin; `spec` is YAML, a line each. */
function manifest(name: string, ...spec: string[]): string {
  const lines = spec.length === 0 ? "  {}\n" : spec.map((line) => `  ${line}\n`).join("");
  return `apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: ${name}}\nspec:\n${lines}`;
}

/** A gateway with such filters, each with its name and what it does; a higher one comes first. */
async function start(...actions: [name: string, action?: string][]) {
  const plugins = actions.map(([name, action = ""], position) =>
    manifest(name, `priority: ${100 - position}`, `defaultConfig: {name: ${name}, do: "${action}"}`),
  );
  const modules = Object.fromEntries(actions.map(([name]) => [name, wasm]));
  const upstream = await startUpstream((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => response.end(`${String(request.headers["x-chain"])} ${body}`));
  });
  return startTestGateway({ plugins, modules, upstream });
}

describe("the order of plugins", () => {
  const order = (...texts: string[]): string[] =>
    inChainOrder(texts.flatMap((text) => pluginsIn(text, "p.yaml"))).map(({ name }) => name);

  it("is that of phases, then of falling priorities, then of names", () => {
    expect(
      order(
        manifest("d", "priority: 600"),
        manifest("stats", "phase: STATS", "priority: 1"),
        manifest("c", "phase: UNSPECIFIED_PHASE", "priority: 750"),
        manifest("g", "url: oci://x"),
        manifest("authz", "phase: AUTHZ"),
        manifest("f", "priority: 0"),
        manifest("h", "priority: -1"),
        manifest("authn", "phase: AUTHN", "priority: 310"),
        manifest("first", "phase: AUTHN", "priority: 1000"),
      ),
    ).toEqual(["first", "authn", "authz", "stats", "c", "d", "f", "g", "h"]);
  });

  it("counts for the documents of a file too, and other objects in it are skipped", () => {
    const service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    expect(order([manifest("b"), service, manifest("a", "priority: 1")].join("---\n"))).toEqual(["a", "b"]);
  });

  it("gives the configuration of the rate limiter its published place", async () => {
    const gateway = await startTestGateway({
      upstream: await startUpstream((_request, response) => response.end()),
      config: { name: "limiter" },
      wasm,
      plugins: [
        manifest("after", "priority: 599", "defaultConfig: {name: after}"),
        manifest("before", "priority: 601", "defaultConfig: {name: before}"),
      ],
      modules: { after: wasm, before: wasm },
    });
    await send(gateway.url);
    expect(gateway.log.matching(/request_headers/).map((line) => line.split(" ")[0])).toEqual([
      "before",
      "limiter",
      "after",
    ]);
    gateway.reconfigure({ name: "changed" });
    await send(gateway.url);
    expect(gateway.log.matching(/^changed request_headers/)).toHaveLength(1);
  });
});

describe("plugins in a chain", () => {
  it("have a VM each, and share headers, properties and bodies", async () => {
    const gateway = await start(["a", "buffer"], ["b", "buffer"]);
    const { body } = await send(gateway.url, { method: "POST" }, "12");
    expect(body).toBe("a, b 12");
    expect(gateway.log.matching(/^[ab] (create|request|response)/)).toEqual([
      "a create 1",
      "a request_headers <1> ai_log=<1>",
      "b create 1",
      "b request_headers a ai_log=by a",
      expect.stringMatching(/^a request_body/),
      "a request_body 12",
      "b request_body 12",
      "b response_headers 200",
      "a response_headers 200",
    ]);
  });

  it("see a local reply if the request has reached them; the others only log it", async () => {
    const gateway = await start(["a"], ["b", "deny"], ["c"]);
    const reply = await send(`${gateway.url}/p`);
    expect(reply).toMatchObject({ status: 403, body: "no", headers: { "x-by": "b" } });
    await gateway.log.until(/^c done/);
    expect(gateway.log.lines.slice(3)).toEqual([
      "a create 1",
      "a request_headers <1> ai_log=<1>",
      "b create 1",
      "b request_headers a ai_log=by a",
      "b response_headers 403",
      "a response_headers 403",
      "c create 1",
      "a log /p 403",
      "a done",
      "b log /p 403",
      "b done",
      "c log /p 403",
      "c done",
    ]);
  });

  it("trap alone: the others see the 503, and serve on", async () => {
    const gateway = await start(["a"], ["b", "trap"], ["c"]);
    expect((await send(gateway.url)).status).toBe(503);
    // The VM of b is younger than a second, so it is not replaced yet.
    expect((await send(gateway.url)).status).toBe(503);
    await vi.waitUntil(() => gateway.log.matching(/^a done/).length === 2);
    expect(gateway.log.matching(/response_headers/)).toEqual([
      "a response_headers 503",
      "a response_headers 503",
    ]);
    expect(gateway.log.matching(/^a create/)).toEqual(["a create 1", "a create 2"]);
    expect(gateway.log.matching(/^b create/)).toEqual(["b create 1"]);
  });

  it("get matchRules as _rules_", async () => {
    const rule = "matchRules: [{ingress: [r], config: {name: x}}]";
    const gateway = await startTestGateway({
      upstream: "http://127.0.0.1:1",
      plugins: [manifest("a", "defaultConfig: {name: a}", rule)],
      modules: { a: wasm },
    });
    expect(gateway.log.lines).toEqual([
      'a configure {"name":"a","_rules_":[{"name":"x","_match_route_":["r"]}]}',
    ]);
  });
});

it("limits the consumer that key-auth has found, whoever the client says it is", async () => {
  const redis = await startRedis();
  const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
  const upstream = await startUpstream((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ choices: [], usage }));
    });
  });
  const gateway = await startTestGateway({
    upstream,
    redis,
    plugins: [
      manifest(
        "ai-token-ratelimit",
        "defaultConfig:",
        "  rule_name: r",
        '  rule_items: [{limit_by_per_consumer: "", limit_keys: [{key: "*", token_per_day: 5}]}]',
        "  redis: {service_name: r.dns}",
      ),
      manifest(
        "key-auth",
        "phase: AUTHN",
        "defaultConfig: {keys: [x-api-key], consumers: [{name: alice, credential: a}, {name: bob, credential: b}]}",
      ),
    ],
  });
  const ask = async (key: string, consumer: string): Promise<number> => {
    const headers = { "x-api-key": key, "x-mse-consumer": consumer };
    const url = `${gateway.url}/v1/chat/completions`;
    return (await send(url, { method: "POST", headers }, '{"messages":[]}')).status;
  };
  const client = new Redis(`redis://${redis}`);
  onTestFinished(() => client.disconnect());
  expect(await ask("a", "bob")).toBe(200);
  const counter = "higress-token-ratelimit:r:limit_by_per_consumer:86400:x-mse-consumer:alice";
  await vi.waitUntil(async () => (await client.get(counter)) === "7");
  expect(await ask("a", "carol")).toBe(429);
  expect(await ask("b", "alice")).toBe(200);
  expect(await ask("c", "bob")).toBe(401);
});

describe("the module of a plugin", () => {
  const run = (spec: string[], modules: Record<string, Uint8Array>) =>
    startTestGateway({
      upstream: "http://127.0.0.1:1",
      plugins: [manifest("my.internal", ...spec)],
      modules,
    });

  it.each(["my.internal", "named", "image", "oci://x.com/plugins/image:1.0.0"])(
    "goes by %s",
    async (name) => {
      const spec = ["pluginName: named", "url: oci://x.com/plugins/image:1.0.0", "defaultConfig: {name: a}"];
      expect((await run(spec, { [name]: wasm })).log.lines).toHaveLength(1);
    },
  );

  it("must be given, unless it is built here", async () => {
    await expect(run([], {})).rejects.toThrow(
      "plugin my.internal: has no module; name one with --wasm my.internal=FILE",
    );
    await expect(run(["url: oci://x.com/ai-token-ratelimit:1"], {})).rejects.toThrow(ConfigurationRefused);
  });

  it("must belong to a plugin", async () => {
    await expect(run([], { other: wasm })).rejects.toThrow("wasm: there is no plugin called other");
  });
});

describe("mistakes", () => {
  it("of manifests are all told, with their places", () => {
    const text = manifest("a", "phase: NEVER", "priority: high", "defaultConfig: []");
    expect(() => pluginsIn(text, "p.yaml")).toThrow(
      new ConfigError(
        [
          "p.yaml:5:10: spec.phase: expected one of UNSPECIFIED_PHASE, AUTHN, AUTHZ, STATS, got text",
          "p.yaml:6:13: spec.priority: expected a whole number, got text",
          "p.yaml:7:18: spec.defaultConfig: expected a mapping, got a list",
        ].join("\n"),
      ),
    );
  });

  it.each([
    ["rule_name: a", "p.yaml: there is no WasmPlugin in it"],
    ["a: [", /^p\.yaml:1:\d+: /],
    ["apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nspec: {}", "metadata.name: is missing"],
  ])("in %j", (text, message) => {
    expect(() => pluginsIn(text, "p.yaml")).toThrow(message);
  });

  it("that a plugin finds have its name before them", async () => {
    await expect(start(["a"], ["b", "refuse"])).rejects.toThrow("b: do: refused");
  });

  it("include a gateway without plugins", async () => {
    await expect(startGateway({ upstream: "http://127.0.0.1:1" })).rejects.toThrow(OptionError);
  });
});
