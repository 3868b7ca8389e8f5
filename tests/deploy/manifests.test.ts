// Contract: the manifests of deploy/ are what the Kubernetes API and the filter accept, and their parts fit together.
// Specified by the custom resource definitions of Higress and Istio (see schemas.ts), and by the published plugin's example.
import { Ajv } from "ajv";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkConfig } from "../../gateway/src/index.ts";
import { PLUGINS } from "../../scripts/plugins.mjs";
import { SCHEMAS } from "./schemas.ts";

const root = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** Only what the tests look at; the rest is the schemas' to judge. */
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  stringData?: Record<string, string>;
  spec: {
    url: string;
    priority?: number;
    defaultConfig: { redis: Redis };
    pluginConfig: { redis: Redis };
    failStrategy?: string;
    phase: string;
    matchRules: { ingress: string[]; config: { redis: Redis; allow?: string[]; admin_consumer?: string } }[];
    jwtRules: { outputClaimToHeaders: { header: string }[] }[];
    registries: { name: string; type: string; domain: string; port: number }[];
    selector: Record<string, string> & { matchLabels: Record<string, string> };
    ports: { port: number; targetPort: string }[];
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: {
          args?: string[];
          ports: { name: string; containerPort: number }[];
          volumeMounts?: { name: string; mountPath: string }[];
        }[];
        volumes?: {
          name: string;
          secret?: { secretName: string };
          persistentVolumeClaim?: { claimName: string };
        }[];
      };
    };
    rules: { http: { paths: { backend: { resource: { kind: string; name: string } } }[] } }[];
    hosts: string[];
  };
}
interface Redis {
  service_name: string;
  service_port: number;
  http?: { authorization: string };
}

const kindOf = ({ apiVersion, kind }: Manifest): string => `${apiVersion} ${kind}`;
const read = (path: string): string => readFileSync(join(root, path), "utf8");

function manifestsOf(path: string): Manifest[] {
  return parseAllDocuments(read(path)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

const FOLDERS = ["deploy/higress/k8s", "deploy/istio"];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => `${folder}/${name}`),
);
const ajv = new Ajv({ allErrors: true, strictTypes: false });

describe.each([...files, ...PLUGINS.map(({ folder }) => join(folder, "plugin.yaml"))])("%s", (path) => {
  it("is accepted by the Kubernetes API", () => {
    for (const manifest of manifestsOf(path)) {
      const schema = SCHEMAS[kindOf(manifest)];
      expect(schema, kindOf(manifest)).toBeDefined();
      const validate = ajv.compile(schema!);
      validate(manifest);
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  it("opens with what it is for", () => {
    expect(read(path)).toMatch(/^# [A-Z]/);
  });
});

describe("the schemas", () => {
  it.each([
    ["a field that the definition does not have", "spec", { url: "oci://a/b:c", defaultConfigs: {} }],
    ["a phase that there is not", "spec", { url: "oci://a/b:c", phase: "DEFAULT" }],
    ["a priority that is text", "spec", { url: "oci://a/b:c", priority: "600" }],
    ["a name in capitals", "metadata", { name: "AI" }],
  ])("refuse %s", (_, field, value) => {
    const validate = ajv.compile(SCHEMAS["extensions.higress.io/v1alpha1 WasmPlugin"]!);
    const manifest = {
      apiVersion: "extensions.higress.io/v1alpha1",
      kind: "WasmPlugin",
      metadata: { name: "a" },
      spec: { url: "oci://a/b:c" },
    };
    expect(validate(manifest)).toBe(true);
    expect(validate({ ...manifest, [field]: value })).toBe(false);
  });
});

/** In all folders alike: what refers to something must find it. */
describe.each(FOLDERS)("%s", (folder) => {
  const manifests = files.filter((path) => path.startsWith(folder)).flatMap(manifestsOf);
  const ofKind = (kind: string): Manifest[] => manifests.filter((manifest) => manifest.kind === kind);

  it("sends each Service to a port of a Deployment", () => {
    expect(ofKind("Service").length).toBeGreaterThan(0);
    for (const { metadata, spec } of ofKind("Service")) {
      const targets = ofKind("Deployment").filter(
        (deployment) =>
          deployment.metadata.namespace === metadata.namespace &&
          Object.entries(spec.selector).every(
            ([name, value]) => deployment.spec.template.metadata.labels[name] === value,
          ),
      );
      expect(targets, metadata.name).toHaveLength(1);
      const names = targets[0]!.spec.template.spec.containers.flatMap(({ ports }) =>
        ports.map(({ name }) => name),
      );
      for (const { targetPort } of spec.ports) expect(names).toContain(targetPort);
    }
  });

  it("selects its own pods with each Deployment, and mounts what there is", () => {
    for (const { spec, metadata } of ofKind("Deployment")) {
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      const { containers, volumes = [] } = spec.template.spec;
      for (const { name } of containers.flatMap(({ volumeMounts = [] }) => volumeMounts))
        expect(volumes.map((volume) => volume.name)).toContain(name);
      const namesOf = (kind: string): string[] =>
        ofKind(kind)
          .filter((manifest) => manifest.metadata.namespace === metadata.namespace)
          .map((manifest) => manifest.metadata.name);
      for (const { secret, persistentVolumeClaim: claim } of volumes) {
        if (secret) expect(namesOf("Secret")).toContain(secret.secretName);
        if (claim) expect(namesOf("PersistentVolumeClaim")).toContain(claim.claimName);
        expect([secret, claim]).not.toEqual([undefined, undefined]);
      }
    }
  });

  it.each(PLUGINS)("loads this version of $name", ({ name }) => {
    const [plugin, ...others] = ofKind("WasmPlugin").filter(({ metadata }) => metadata.name === name);
    expect(others).toEqual([]);
    expect(plugin!.spec.url).toMatch(new RegExp(`/${name}(-envoy)?:${version.replaceAll(".", "\\.")}$`));
  });

  it("keeps balances on disk, and never evicts them", () => {
    const redis = ofKind("Deployment").find(({ metadata }) => metadata.name === "redis")!;
    const [container] = redis.spec.template.spec.containers;
    const args = container!.args!.join(" ");
    expect(args).toContain("--appendonly yes");
    expect(args).toContain("--maxmemory-policy noeviction");
    expect(container!.volumeMounts).toContainEqual({ name: "data", mountPath: "/data" });
  });

  it("runs the quota before the limit, and refuses calls that it cannot make pay", () => {
    const find = (name: string): Manifest =>
      ofKind("WasmPlugin").find(({ metadata }) => metadata.name === name)!;
    const [quota, limit] = [find("ai-quota"), find("ai-token-ratelimit")];
    expect(quota.spec.phase).toBe(limit.spec.phase);
    expect(quota.spec.priority).toBeGreaterThan(limit.spec.priority ?? 0);
    expect(quota.spec.failStrategy).toBe("FAIL_CLOSE");
  });
});

describe("deploy/higress/k8s", () => {
  const manifests = files.filter((path) => path.startsWith("deploy/higress/k8s")).flatMap(manifestsOf);
  const find = (kind: string, name: string): Manifest =>
    manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)!;
  const filter = find("WasmPlugin", "ai-token-ratelimit");
  const services = find("McpBridge", "default").spec.registries;
  const serviceNames = services.map(({ name, type }) => `${name}.${type}`);

  it.each(PLUGINS)("has a configuration that $name accepts without a warning", async ({ name }) => {
    const result = await checkConfig(read(`deploy/higress/k8s/${name}.yaml`));
    expect(result).toEqual({ isAccepted: true, problems: [] });
  });

  it("limits what the published example limits", () => {
    expect(filter.spec.defaultConfig).toEqual({
      rule_name: "default_limit_by_param_apikey",
      rule_items: [{ limit_by_param: "apikey", limit_keys: [{ key: 123456, token_per_minute: 200 }] }],
      redis: { service_name: "redis.dns", service_port: 6379 },
    });
  });

  it("has the quota in the Redis of the limit, for consumers that key-auth lets through on the same route", () => {
    const auth = find("WasmPlugin", "key-auth").spec.matchRules[0]!;
    const quota = find("WasmPlugin", "ai-quota").spec.matchRules[0]!;
    expect(quota.config.redis).toEqual(filter.spec.defaultConfig.redis);
    expect(quota.ingress).toEqual(auth.ingress);
    expect(auth.config.allow).toContain(quota.config.admin_consumer);
    expect(find("Ingress", quota.ingress[0]!)).toBeDefined();
  });

  it("finds Redis under the name and port that the McpBridge gives it", () => {
    const { service_name, service_port } = filter.spec.defaultConfig.redis;
    const registry = services[serviceNames.indexOf(service_name)]!;
    expect(registry.port).toBe(service_port);
    const { metadata, spec } = find("Service", "redis");
    expect(registry.domain).toBe(`${metadata.name}.${metadata.namespace}.svc.cluster.local`);
    expect(spec.ports.map(({ port }) => port)).toContain(registry.port);
  });

  it("routes to each service of the McpBridge, so that the gateway knows it", () => {
    const ingresses = manifests.filter(({ kind }) => kind === "Ingress");
    const destinations = ingresses.map(({ metadata }) => metadata.annotations!["higress.io/destination"]);
    expect(destinations.sort()).toEqual(serviceNames.sort());
    for (const { resource } of ingresses
      .flatMap(({ spec }) => spec.rules)
      .flatMap(({ http }) => http.paths.map(({ backend }) => backend)))
      expect(find(resource.kind, resource.name)).toBeDefined();
  });

  it("does not offer Redis to the world", () => {
    const { metadata, spec } = find("Ingress", "redis");
    expect(spec.rules).toEqual([expect.objectContaining({ host: "redis.invalid" })]);
    expect(metadata.annotations!["higress.io/whitelist-source-range"]).toBe("127.0.0.1/32");
  });

  it("limits before ai-proxy calls the model, on a route that there is", () => {
    const proxy = find("WasmPlugin", "ai-proxy");
    expect(filter.spec.priority).toBeGreaterThan(proxy.spec.priority!);
    for (const name of proxy.spec.matchRules.flatMap(({ ingress }) => ingress))
      expect(find("Ingress", name)).toBeDefined();
  });
});

describe("deploy/istio", () => {
  const path = "deploy/istio/wasm-plugin.yaml";
  const { redis } = manifestsOf(path)[0]!.spec.pluginConfig;
  const webdis = manifestsOf("deploy/istio/webdis.yaml");
  const config = JSON.parse(webdis[0]!.stringData!["webdis.json"]!) as {
    redis_host: string;
    http_port: number;
    acl: { disabled?: string[]; enabled?: string[]; http_basic_auth?: string }[];
  };

  it.each([
    ["ai-token-ratelimit", path],
    ["ai-quota", "deploy/istio/quota-plugin.yaml"],
  ])("has a configuration that %s for Envoy accepts without a warning", async (name, manifest) => {
    const wasm = join(root, `build/${name}.envoy.wasm`);
    expect(await checkConfig(read(manifest), { wasm })).toEqual({ isAccepted: true, problems: [] });
  });

  it("has the quota in the Redis of the limit, for consumers that a token names", () => {
    const [quota] = manifestsOf("deploy/istio/quota-plugin.yaml");
    expect(quota!.spec.pluginConfig.redis).toEqual(redis);
    const [authentication] = manifestsOf("deploy/istio/authentication.yaml");
    const headers = authentication!.spec.jwtRules.flatMap((rule) => rule.outputClaimToHeaders);
    expect(headers.map(({ header }) => header)).toEqual(["x-mse-consumer"]);
    expect(authentication!.spec.selector).toEqual(quota!.spec.selector);
  });

  it("finds Webdis under the name and port of its Service, or of the ServiceEntry that replaces it", () => {
    const { metadata, spec } = webdis.find(({ kind }) => kind === "Service")!;
    expect(redis.service_name).toBe(`${metadata.name}.${metadata.namespace}.svc.cluster.local`);
    expect(spec.ports.map(({ port }) => port)).toEqual([redis.service_port]);
    const [entry] = manifestsOf("deploy/istio/service-entry.yaml");
    expect(entry!.spec.ports).toEqual([expect.objectContaining({ number: redis.service_port })]);
    expect(read("deploy/istio/service-entry.yaml")).toContain(`service_name: ${entry!.spec.hosts[0]}`);
  });

  it("lets nobody run a command but the filter, and that only what it sends", () => {
    const [everyone, filter, ...others] = config.acl;
    expect(everyone).toEqual({ disabled: ["*"] });
    expect(filter!.enabled).toEqual(["EVALSHA", "EVAL"]);
    expect(others).toEqual([]);
    const password = Buffer.from(filter!.http_basic_auth!).toString("base64");
    expect(redis.http!.authorization).toBe(`Basic ${password}`);
  });

  it("sends Webdis to the Redis beside it, and serves on the port of its container", () => {
    const service = manifestsOf("deploy/istio/redis.yaml").find(({ kind }) => kind === "Service")!;
    expect(config.redis_host).toBe(service.metadata.name);
    const { containers } = webdis.find(({ kind }) => kind === "Deployment")!.spec.template.spec;
    expect(containers[0]!.ports[0]!.containerPort).toBe(config.http_port);
  });
});
