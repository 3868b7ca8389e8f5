// Contract: deploy/higress/compose.yaml gives Higress' all-in-one image resources that it and the filter accept, and whose
// parts fit together. The image itself cannot be had here; what runs is the filter, in the local gateway, with them.
// Specified by the folders that the image reads below /data (higress-group/higress-standalone) and by schemas.ts.
import { Ajv } from "ajv";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkConfig } from "../../gateway/src/index.ts";
import { SCHEMAS } from "../deploy/schemas.ts";
import { startStack } from "../support/stack.ts";
import { compose, isAvailable, read, root, tryScene } from "./support.ts";

const FOLDER = "deploy/higress/data";
const PLUGIN = `${FOLDER}/wasmplugins/ai-token-ratelimit.yaml`;

interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; annotations: Record<string, string> };
  spec: {
    url: string;
    defaultConfig: { redis: { service_name: string; service_port: number } };
    registries: { name: string; type: string; domain: string; port: number }[];
    rules: { host?: string }[];
  };
}
interface Compose {
  services: Record<
    string,
    { command: string[]; entrypoint: string[]; volumes: string[]; network_mode: string }
  >;
}

const files = readdirSync(join(root, FOLDER), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".yaml"))
  .map((path) => `${FOLDER}/${path}`);
const resources = new Map(files.map((path) => [path, parse(read(path)) as Resource]));
const { services } = parse(read("deploy/higress/compose.yaml")) as Compose;
const registries = resources.get(`${FOLDER}/mcpbridges/default.yaml`)!.spec.registries;

describe.each([...resources])("%s", (path, resource) => {
  it("is accepted by the API, and is where the image looks for it", () => {
    const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(
      SCHEMAS[`${resource.apiVersion} ${resource.kind}`]!,
    );
    validate(resource);
    expect(validate.errors ?? []).toEqual([]);
    expect(basename(path, ".yaml")).toBe(resource.metadata.name);
    const plural = { McpBridge: "mcpbridges", WasmPlugin: "wasmplugins", Ingress: "ingresses" }[
      resource.kind
    ];
    expect(basename(dirname(path))).toBe(plural);
  });

  it("opens with what it is for", () => {
    expect(read(path)).toMatch(/^# [A-Z]/);
  });
});

describe("deploy/higress/compose.yaml", () => {
  it.skipIf(!isAvailable)("is accepted by Compose", () => {
    compose(["-f", "deploy/higress/compose.yaml", "config"]);
  });

  it("copies the resources to where the image reads them, and mounts the module where its url says", () => {
    const { entrypoint, volumes } = services.higress!;
    expect(volumes).toContain("./data:/opt/data/ai-token-ratelimit:ro");
    expect(entrypoint.join(" ")).toContain("cp -r /opt/data/ai-token-ratelimit/. /data &&");
    expect(volumes).toContain("../../build:/opt/ai-token-ratelimit:ro");
    const module = resources.get(PLUGIN)!.spec.url.replace("file:///opt/ai-token-ratelimit/", "build/");
    expect(existsSync(join(root, module)), module).toBe(true);
  });

  it("has the model and Redis on the addresses that the McpBridge names", () => {
    const domainOf = (name: string): string => registries.find((registry) => registry.name === name)!.domain;
    const { command } = services.llm!;
    expect(domainOf("llm")).toBe(`127.0.0.1:${command[command.indexOf("--port") + 1]}`);
    expect(domainOf("redis")).toBe("127.0.0.1:6379");
    for (const name of ["llm", "higress"]) expect(services[name]!.network_mode).toBe("service:redis");
  });

  it("routes to the model and, for nobody, to Redis, so that the gateway knows both", () => {
    const routeTo = (service: string): Resource =>
      [...resources.values()].find(
        ({ metadata }) => metadata.annotations?.["higress.io/destination"] === service,
      )!;
    expect(routeTo("llm.static").spec.rules.map(({ host }) => host)).toEqual([undefined]);
    expect(routeTo("redis.static").spec.rules.map(({ host }) => host)).toEqual(["redis.invalid"]);
    const range = routeTo("redis.static").metadata.annotations["higress.io/whitelist-source-range"];
    expect(range).toBe("127.0.0.1/32");
    const { service_name, service_port } = resources.get(PLUGIN)!.spec.defaultConfig.redis;
    const redis = registries.find(({ name, type }) => `${name}.${type}` === service_name)!;
    expect(redis.port).toBe(service_port);
  });

  it("has a configuration that the filter accepts, and that limits as deploy/try.sh shows", async () => {
    expect(await checkConfig(read(PLUGIN))).toEqual({ isAccepted: true, problems: [] });
    const stack = await startStack({ config: read(PLUGIN) });
    try {
      expect(await tryScene(stack.gateway.url)).toMatchObject({ statuses: [200, 429] });
    } finally {
      await stack.close();
    }
  });
});
