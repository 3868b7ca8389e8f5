// Docker for tests: what is there, the images, and Envoy, Webdis and Redis as containers on a private network.
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  GenericContainer,
  getContainerRuntimeClient,
  Network,
  Wait,
  type StartedNetwork,
  type StartedTestContainer,
} from "testcontainers";
import { parse } from "yaml";

export const root = resolve(import.meta.dirname, "../..");
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

const NAMES = join(root, "build/tools/containers.env");
const hasNames = existsSync(NAMES);
if (hasNames) process.loadEnvFile(NAMES);
// Its image, which would remove containers that a killed run leaves, cannot be had where images are made locally.
if (process.env.CI) process.env.TESTCONTAINERS_RYUK_DISABLED = "true";

/** `make test` sees to Docker and to the images, or says what is missing; in CI nothing is skipped. */
export const isAvailable = Boolean(process.env.CI) || hasNames;

/** The name of an image, from the environment. */
function image(variable: string): string {
  const name = process.env[variable];
  if (!name) throw new Error(`${variable} is not set: scripts/ensure-container-images.sh sets it`);
  return name;
}

/** What a command writes to its standard output. @throws with all that it wrote, if it fails or takes a minute */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed (${status}):\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs Docker Compose, be it the plugin or the program of its own that preceded it. */
export function compose(args: string[], env: NodeJS.ProcessEnv = {}): string {
  const isPlugin = spawnSync("docker", ["compose", "version"]).status === 0;
  return isPlugin ? run("docker", ["compose", ...args], env) : run("docker-compose", args, env);
}

/** Runs deploy/try.sh: the key it used, the status of its two requests, and all that the second was answered. */
export async function tryScene(url: string): Promise<{ key: string; statuses: number[]; rejection: string }> {
  const { stdout } = await promisify(execFile)(join(root, "deploy/try.sh"), [url], { timeout: 90_000 });
  const [, key, first, rejection] = /with the key (\S+):\n\n(.*)\n\nThe second:\n\n(.*)$/s.exec(stdout)!;
  const status = (answer: string): number => Number(/^HTTP\/1.1 (\d+) /.exec(answer)?.[1]);
  return { key: key!, statuses: [status(first!), status(rejection!)], rejection: rejection! };
}

export interface Containers {
  /** Where Envoy serves. */
  readonly url: string;
  /** The value of a statistic of the filter, without `wasmcustom.`; 0 when there is none. */
  stat(name: string): Promise<number>;
  /** A Redis command, sent inside its container, partitioned or not. */
  redis(...command: string[]): Promise<string>;
  /** Takes Redis off the network: nobody refuses packets to it, they get lost. */
  partition(): Promise<void>;
  /** Puts it back, at the address it had. */
  rejoin(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts them with the files of deploy/envoy/, with our addresses and configuration of the filter. */
export async function startContainers(configuration: object): Promise<Containers> {
  const network = await new Network().start();
  const started: StartedTestContainer[] = [];
  const start = async (container: GenericContainer): Promise<StartedTestContainer> => {
    started.push(await container.start());
    return started.at(-1)!;
  };
  const stop = async (): Promise<void> => {
    for (const container of started.toReversed()) await container.stop({ timeout: 1 });
    await network.stop();
  };
  try {
    const redis = await start(redisContainer(network));
    await start(webdisContainer(network));
    const envoy = await start(envoyContainer(network, configuration));
    await start(llmContainer(envoy));
    return { ...(await connect(network, redis, envoy)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const redisContainer = (network: StartedNetwork): GenericContainer =>
  new GenericContainer(image("REDIS_IMAGE"))
    .withNetwork(network)
    .withNetworkAliases("redis")
    .withCommand(["redis-server", "--save", "", "--protected-mode", "no"])
    .withWaitStrategy(Wait.forLogMessage("Ready to accept connections"));

const webdisContainer = (network: StartedNetwork): GenericContainer =>
  new GenericContainer(image("WEBDIS_IMAGE"))
    .withNetwork(network)
    .withNetworkAliases("webdis")
    .withCopyContentToContainer([{ content: webdisJson(), target: "/etc/webdis/webdis.json" }])
    .withCommand(["webdis", "/etc/webdis/webdis.json"])
    .withExposedPorts(7379)
    .withWaitStrategy(Wait.forHttp("/", 7379).forStatusCodeMatching(() => true));

const envoyContainer = (network: StartedNetwork, configuration: object): GenericContainer =>
  new GenericContainer(image("ENVOY_IMAGE"))
    .withNetwork(network)
    .withCopyContentToContainer([{ content: envoyJson(configuration), target: "/etc/envoy/envoy.json" }])
    .withCopyFilesToContainer([
      {
        source: join(root, "build/ai-token-ratelimit.envoy.wasm"),
        target: "/build/ai-token-ratelimit.envoy.wasm",
      },
    ])
    .withWorkingDir("/")
    .withCommand(["envoy", "--config-path", "/etc/envoy/envoy.json", "--concurrency", "2"])
    .withExposedPorts(10000, 9901)
    .withWaitStrategy(Wait.forHttp("/ready", 9901));

/** Shares the network of Envoy, so that it is where deploy/envoy/envoy.yaml expects it. */
const llmContainer = (envoy: StartedTestContainer): GenericContainer =>
  new GenericContainer(image("NODE_IMAGE"))
    .withNetworkMode(`container:${envoy.getId()}`)
    .withCopyFilesToContainer([{ source: join(root, "build/fake-llm.mjs"), target: "/fake-llm.mjs" }])
    .withCommand(["node", "/fake-llm.mjs", "--port", "8000"])
    .withWaitStrategy(Wait.forLogMessage("fake LLM at"));

async function connect(
  network: StartedNetwork,
  redis: StartedTestContainer,
  envoy: StartedTestContainer,
): Promise<Omit<Containers, "stop">> {
  const link = (await getContainerRuntimeClient()).container.dockerode.getNetwork(network.getId());
  const at = (port: number): string => `http://${envoy.getHost()}:${envoy.getMappedPort(port)}`;
  return {
    url: at(10000),
    stat: async (name) => {
      const statistics = await (await fetch(`${at(9901)}/stats?filter=wasmcustom`)).text();
      const line = new RegExp(`^wasmcustom\\.${name.replaceAll(".", "\\.")}: (\\d+)$`, "m");
      return Number(line.exec(statistics)?.[1] ?? 0);
    },
    redis: async (...command) => (await redis.exec(["redis-cli", ...command])).output.trim(),
    partition: () => link.disconnect({ Container: redis.getId() }),
    rejoin: () => link.connect({ Container: redis.getId(), EndpointConfig: { Aliases: ["redis"] } }),
  };
}

/** deploy/envoy/webdis.json, for a container of its own. */
function webdisJson(): string {
  const config = JSON.parse(read("deploy/envoy/webdis.json")) as object;
  return JSON.stringify({ ...config, redis_host: "redis", http_host: "0.0.0.0" });
}

interface Bootstrap {
  static_resources: {
    listeners: {
      filter_chains: {
        filters: {
          typed_config: {
            http_filters: { typed_config: { config: { configuration: { value: string } } } }[];
          };
        }[];
      }[];
    }[];
  };
}

/** deploy/envoy/envoy.yaml, with Webdis in a container of its own, and an admin that the test reaches. */
function envoyJson(configuration: object): string {
  const text = read("deploy/envoy/envoy.yaml")
    .replace("address: 127.0.0.1, port_value: 7379", "address: webdis, port_value: 7379")
    .replace("address: 127.0.0.1, port_value: 9901", "address: 0.0.0.0, port_value: 9901");
  const document = parse(text) as Bootstrap;
  const [filter] =
    document.static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config.http_filters;
  filter!.typed_config.config.configuration.value = JSON.stringify(configuration);
  return JSON.stringify(document);
}
