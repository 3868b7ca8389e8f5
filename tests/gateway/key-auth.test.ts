// The stand-in for Higress' key-auth takes its published configuration, names the consumer, and refuses as published.
// https://higress.cn/en/docs/latest/plugins/authentication/key-auth/ and plugins/wasm-cpp/extensions/key_auth (2026-04).
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../gateway/src/key-auth/config.ts";
import type { GatewayOptions } from "../../gateway/src/index.ts";
import { guest } from "./fixtures/guest.ts";
import { Log, send, startTestGateway, startUpstream, type Reply } from "./support.ts";

const CONSUMERS = [
  { name: "alice", credential: "key-a" },
  { name: "bob", credentials: ["key-b", "key-b2"] },
];
const BASE = { consumers: CONSUMERS, keys: ["x-api-key", "apikey"] };

/** A WasmPlugin of key-auth. */
const plugin = (defaultConfig: object, matchRules: object[] = []) => ({
  apiVersion: "extensions.higress.io/v1alpha1",
  kind: "WasmPlugin",
  metadata: { name: "wasm-keyauth" },
  spec: {
    url: "oci://higress-registry.cn-hangzhou.cr.aliyuncs.com/plugins/key-auth:1.0.0",
    phase: "AUTHN",
    priority: 310,
    defaultConfig,
    matchRules,
  },
});

/** A gateway with it; the upstream answers with every `x-mse-consumer` it gets. */
async function start(defaultConfig: object, matchRules?: object[], options: Partial<GatewayOptions> = {}) {
  const upstream = await startUpstream((request, response) => {
    const named = request.rawHeaders.filter(
      (_text, at, all) => all[at - 1] === "x-mse-consumer" && at % 2 === 1,
    );
    response.end(named.join());
  });
  const gateway = await startTestGateway({
    upstream,
    plugins: [plugin(defaultConfig, matchRules)],
    ...options,
  });
  return (path = "/", headers = {}): Promise<Reply> => send(gateway.url + path, { headers });
}

const key = (value: string) => ({ "x-api-key": value });

describe("a consumer is known by", () => {
  it.each<[string, string, object]>([
    ["alice", "/", { "x-api-key": "key-a" }],
    ["alice", "/", { apikey: "key-a" }],
    ["alice", "/?apikey=key-a", {}],
    ["alice", "/?other=1&x-api-key=key%2da", {}],
    ["alice", "/?apikey=key-b", { apikey: "key-a" }],
    ["bob", "/", { "x-api-key": "key-b2" }],
    ["bob", "/", { "x-api-key": "unknown", apikey: "key-b" }],
    ["bob", "/?apikey=key-b", { "x-api-key": "" }],
  ])("%s: %s %j", async (name, path, headers) => {
    const ask = await start(BASE);
    expect(await ask(path, headers)).toMatchObject({ status: 200, body: name });
  });

  it("the whole value", async () => {
    const ask = await start({
      ...BASE,
      consumers: [{ name: "alice", credential: "Bearer k" }],
      keys: ["authorization"],
    });
    expect((await ask("/", { authorization: "Bearer k" })).body).toBe("alice");
    expect((await ask("/", { authorization: "k" })).status).toBe(401);
  });

  it("bytes of UTF-8", async () => {
    const ask = await start({ ...BASE, consumers: [{ name: "é", credential: "ключ" }] });
    expect((await ask(`/?apikey=${encodeURIComponent("ключ")}`)).body).toBe(
      Buffer.from("é").toString("latin1"),
    );
  });

  it("what its own keys and places say", async () => {
    const own = { name: "carol", credential: "key-c", keys: ["x-carol"], in_query: false };
    const ask = await start({ ...BASE, consumers: [...CONSUMERS, own] });
    expect((await ask("/", { "x-carol": "key-c" })).body).toBe("carol");
    expect((await ask("/?x-carol=key-c")).status).toBe(401);
    expect((await ask("/", key("key-c"))).status).toBe(401);
    expect((await ask("/", key("key-a"))).body).toBe("alice");
  });

  it("headers or parameters alone", async () => {
    const inHeader = await start({ ...BASE, in_query: false });
    expect((await inHeader("/?apikey=key-a")).status).toBe(401);
    expect((await inHeader("/", key("key-a"))).status).toBe(200);
    const inQuery = await start({ ...BASE, in_header: false });
    expect((await inQuery("/?apikey=key-a")).status).toBe(200);
    expect((await inQuery("/", key("key-a"))).status).toBe(401);
  });
});

describe("a request", () => {
  it("without a key is refused", async () => {
    const ask = await start(BASE);
    expect(await ask()).toMatchObject({
      status: 401,
      body: "Request denied by Key Auth check. No API key found in request",
      headers: { "www-authenticate": "Key realm=MSE Gateway", "content-type": "text/plain" },
    });
    expect((await ask("/?apikey")).body).toContain("No API key found");
  });

  it("with an unknown key is refused", async () => {
    const ask = await start({ ...BASE, realm: "here" });
    expect(await ask("/", key("key-A"))).toMatchObject({
      status: 401,
      body: "Request denied by Key Auth check. Invalid API key",
      headers: { "www-authenticate": "Key realm=here" },
    });
  });

  it("of a consumer that is not allowed is refused", async () => {
    const ask = await start(BASE, [{ ingress: ["default"], config: { allow: ["bob"] } }]);
    expect((await ask("/", key("key-b"))).status).toBe(200);
    expect(await ask("/", key("key-a"))).toMatchObject({
      status: 403,
      body: "Request denied by Key Auth check. Unauthorized consumer",
      headers: { "www-authenticate": "Key realm=MSE Gateway" },
    });
  });

  it("keeps the consumer that the client names, before the true one, as published", async () => {
    const ask = await start(BASE);
    const named = { "x-mse-consumer": "admin" };
    // node joins what a request repeats; the raw list does not.
    expect((await ask("/", { ...named, ...key("key-a") })).body).toBe("admin,alice");
    expect((await ask("/", named)).status).toBe(401);
  });

  it("that is refused reaches no other plugin, and is logged as what it is", async () => {
    const log = new Log();
    const plugins = [
      { ...plugin({ name: "next" }), metadata: { name: "next" }, spec: { defaultConfig: { name: "next" } } },
      plugin(BASE),
    ];
    const options = { plugins, modules: { next: await guest("named") } };
    const ask = await start({}, [], { ...options, onGuestLog: (_level, line) => log.add(line) });
    await ask();
    await log.until(/^next done/);
    expect(log.matching(/^next (request|response)/)).toEqual([]);
    expect((await ask("/", key("key-a"))).status).toBe(200);
    expect(log.matching(/^next request_headers/)).toHaveLength(1);
  });
});

describe("global_auth", () => {
  const rules = [{ ingress: ["other"], config: { allow: ["alice"] } }];

  it.each<[boolean | undefined, object[], number]>([
    [undefined, [], 401],
    [true, [], 401],
    [false, [], 200],
    [undefined, rules, 200],
    [true, rules, 401],
    [false, rules, 200],
  ])("%j with rules %j: a request outside of them gets %i", async (globalAuth, matchRules, status) => {
    const flag = globalAuth === undefined ? {} : { global_auth: globalAuth };
    expect((await (await start({ ...BASE, ...flag }, matchRules))()).status).toBe(status);
  });

  it.each([undefined, true, false])("%j: a rule asks for one of those it allows", async (globalAuth) => {
    const flag = globalAuth === undefined ? {} : { global_auth: globalAuth };
    const ask = await start({ ...BASE, ...flag }, [{ ingress: ["default"], config: { allow: ["alice"] } }]);
    const statuses = [
      (await ask()).status,
      (await ask("/", key("key-a"))).status,
      (await ask("/", key("key-b"))).status,
    ];
    expect(statuses).toEqual([401, 200, 403]);
  });

  it("need not be set for a rule that has consumers of its own", async () => {
    const own = { consumers: [{ name: "dave", credential: "key-d" }], keys: ["x-api-key"] };
    const ask = await start({ global_auth: false }, [{ ingress: ["default"], config: own }]);
    expect((await ask("/", key("key-d"))).body).toBe("dave");
    expect((await ask()).status).toBe(401);
  });
});

describe("a rule is for", () => {
  const here = { route: "r/chat", cluster: "outbound|443|v1|qwen.dns" };

  it.each<[object, boolean]>([
    [{ ingress: ["r/chat"] }, true],
    [{ ingress: ["r/cha"] }, false],
    [{ routePrefix: ["x", "r/"] }, true],
    [{ service: ["qwen.dns"] }, true],
    [{ service: ["qwen.dns:443"] }, true],
    [{ service: ["qwen.dns:80"] }, false],
    [{ ingress: ["r/chat"], service: ["other.dns"] }, false],
    [{ ingress: ["r/chat"], service: ["qwen.dns"] }, true],
    [{ domain: ["*.example.com"] }, true],
    [{ domain: ["api.*"] }, true],
    [{ domain: ["api.example.com"] }, true],
    [{ domain: ["example.com"] }, false],
    [{ domain: ["*"] }, true],
  ])("%j: %j", async (match, applies) => {
    const ask = await start(BASE, [{ ...match, config: { allow: [] } }], here);
    const { status } = await ask("/", { host: "api.example.com:8080", ...key("key-a") });
    expect(status).toBe(applies ? 403 : 200);
  });

  it("what it matches before the rules behind it", async () => {
    const rules = [
      { domain: ["*"], config: { allow: ["alice"] } },
      { ingress: ["default"], config: { allow: ["bob"] } },
    ];
    expect((await (await start(BASE, rules))("/", key("key-a"))).status).toBe(200);
  });
});

it.each(["gateway.md", "gateway_zh.md"])("runs as docs/%s shows it", async (file) => {
  const text = await readFile(new URL(`../../docs/${file}`, import.meta.url), "utf8");
  const [, manifest = ""] = /```yaml\n([^]*?)```/.exec(text) ?? [];
  const ask = await start({}, [], { plugins: [manifest] });
  expect((await ask("/", key("user1-second-key"))).body).toBe("aliyun-user1");
  const { status, body } = await ask("/?x-api-key=user1-key");
  expect(text).toContain(`| ${status} | \`${body}\` |`);
  const unknown = await ask("/", key("other"));
  expect(text).toContain(`| ${unknown.status} | \`${unknown.body}\` |`);
});

describe("mistakes", () => {
  it("are all told, without a credential", () => {
    const config = {
      golbal_auth: true,
      in_header: false,
      in_query: false,
      realm: "a\nb",
      consumers: [
        { name: "a", credential: "secret" },
        { credential: "secret" },
        { name: "c" },
        { name: "d", credential: "secret-d", credentials: ["secret-e"] },
        { name: 5, credential: 1234 },
        "e",
      ],
      _rules_: [
        { allow: ["a"] },
        { _match_route_: ["r"] },
        { _match_route_: [""], allow: "a", consumers: [] },
      ],
    };
    let message = "";
    try {
      readConfig(JSON.stringify(config), () => {});
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message.split("\n")).toEqual(
      expect.arrayContaining([
        "golbal_auth: is not a known field; did you mean global_auth?",
        "configuration: one of in_header and in_query must be true",
        "realm: cannot be sent in a header",
        "consumers[0].keys: is missing, here and for all consumers",
        "consumers[1].name: is missing",
        "consumers[1]: has a credential that is there more than once",
        "consumers[2]: needs either credential or credentials",
        "consumers[3]: needs either credential or credentials",
        "consumers[4].name: expected text, got a number",
        "consumers[4].credential: expected text, got a number",
        "consumers[5]: expected a mapping, got text",
        "_rules_[0]: does not say what it matches",
        "_rules_[1].allow: is missing",
        "_rules_[2]._match_route_[0]: expected text, got none",
        "_rules_[2].allow: expected a list, got text",
        "_rules_[2].allow: cannot stand beside consumers",
        "_rules_[2].consumers: needs at least one consumer",
      ]),
    );
    expect(message).not.toMatch(/secret|1234/);
  });

  it("that may be none are warned about", () => {
    const warnings: string[] = [];
    readConfig(JSON.stringify({ ...BASE, colour: 1 }), (line) => warnings.push(line));
    expect(warnings).toEqual(["colour: is not a known field and does nothing"]);
  });

  it("end the start", async () => {
    await expect(start({ keys: ["k"] })).rejects.toThrow("consumers: needs at least one consumer");
  });
});
