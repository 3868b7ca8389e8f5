// Scenario: limits by what Envoy knows of a request and its client cannot choose: metadata of the route, and the claims of
// a token that it has verified. The header_mutation filter of deploy/envoy/README.md hands both to ours as headers.
import { createSign, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isAvailable, type Envoy, type HttpFilter } from "../../tools/envoy/processes.ts";
import { chat, untilCounter } from "../../tools/calls.ts";
import { REDIS, startBackends, type Backends } from "../../tools/envoy/backends.ts";

const readme = readFileSync(resolve(import.meta.dirname, "../../deploy/envoy/README.md"), "utf8");
const [mutation] = parse(
  /```yaml\n(- name: envoy\.filters\.http\.header_mutation\n.*?)```/s.exec(readme)![1]!,
) as [HttpFilter];

const limit = (type: string, name: string, key: string): object => ({
  [type]: name,
  limit_keys: [{ key, token_per_hour: 50 }],
});
const CONFIGURATION = {
  rule_name: "r",
  rule_items: [limit("limit_by_header", "x-team", "blue"), limit("limit_by_per_consumer", "", "*")],
  redis: REDIS,
};
const PREFIX = "higress-token-ratelimit:r:";
const BLUE = `${PREFIX}limit_by_header:3600:x-team:blue`;

const CONSUMER = `${PREFIX}limit_by_per_consumer:3600:x-mse-consumer:`;

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A token that says who its bearer is. */
function token(sub: string): string {
  const text = `${base64({ alg: "ES256", typ: "JWT" })}.${base64({ iss: "test", sub })}`;
  const signature = createSign("sha256").update(text).sign({ key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

const authentication: HttpFilter = {
  name: "envoy.filters.http.jwt_authn",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
    providers: {
      test: {
        issuer: "test",
        local_jwks: { inline_string: JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] }) },
        payload_in_metadata: "jwt",
      },
    },
    rules: [
      {
        match: { prefix: "/" },
        requires: { requires_any: { requirements: [{ provider_name: "test" }, { allow_missing: {} }] } },
      },
    ],
  },
};
/** A route for paths below a prefix, with metadata of the given team. */
const route = (prefix: string, team?: string): object => ({
  name: `route of ${team}`,
  match: { prefix },
  route: { cluster: "llm", timeout: "0s", prefix_rewrite: "/" },
  ...(team ? { metadata: { filter_metadata: { "ai-token-ratelimit": { team } } } } : {}),
});

describe.skipIf(!isAvailable)("stock Envoy with header_mutation", () => {
  let backends: Backends;
  let envoy: Envoy;
  beforeAll(async () => {
    backends = await startBackends();
    envoy = await backends.envoy({
      configuration: CONFIGURATION,
      change: ({ http_filters, route_config }) => {
        http_filters.unshift(authentication, mutation);
        route_config.virtual_hosts[0].routes = [route("/blue/", "blue"), route("/red/", "red"), route("/")];
      },
    });
  });
  afterAll(() => backends.close());
  beforeEach(() => backends.redis.flushall());

  it("limits by metadata of the route", async () => {
    const blue = { path: "/blue/v1/chat/completions" };
    expect((await chat(envoy.url, 51, blue)).status).toBe(200);
    await untilCounter(backends.redis, BLUE, 51);
    expect((await chat(envoy.url, 51, blue)).status).toBe(429);
    expect((await chat(envoy.url, 51, { path: "/red/v1/chat/completions" })).status).toBe(200);
  });

  it.each([
    ["/blue/", "red", 429],
    ["/red/", "blue", 200],
    // Where there is no metadata, what the client sent is gone all the same.
    ["/", "blue", 200],
  ])("does not believe a client's own headers at %s", async (prefix, claimed, status) => {
    await backends.redis.mset(BLUE, 51, `${CONSUMER}bob`, 51);
    const headers = { "x-team": claimed, "x-mse-consumer": "bob" };
    const response = await chat(envoy.url, 51, { path: `${prefix}v1/chat/completions`, headers });
    expect(response.status).toBe(status);
  });

  it("limits by the consumer that a verified token names", async () => {
    const as = (name: string): { headers: Record<string, string> } => ({
      headers: { authorization: `Bearer ${token(name)}`, "x-mse-consumer": "bob" },
    });
    expect((await chat(envoy.url, 51, as("ann"))).status).toBe(200);
    await untilCounter(backends.redis, `${CONSUMER}ann`, 51);
    expect((await chat(envoy.url, 51, as("ann"))).status).toBe(429);
    expect((await chat(envoy.url, 51, as("bob"))).status).toBe(200);
    const forged = { headers: { authorization: `Bearer ${token("carol").slice(0, -4)}AAAA` } };
    expect((await chat(envoy.url, 51, forged)).status).toBe(401);
  });
});
