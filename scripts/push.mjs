// Pushes an image of build/image to a registry with the first of oras, skopeo and crane that is here:
// `make push IMAGE=registry/name:tag`. PLUGIN=ai-quota for that plugin instead of ai-token-ratelimit, TARGET=envoy for stock Envoy,
// PLAIN_HTTP=1 for a registry without TLS, such as one on loopback.
// With --ask, nothing is pushed: it makes sure that there is a client and a name for the image, asks for the name if there is
// somebody to ask, and prints it, so that nobody waits for a build that has nowhere to go.
// Who may push is known to these clients: `oras login`, `skopeo login`, `crane auth login`, or `docker login`.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { layoutOf, PLUGINS, TARGETS } from "./plugins.mjs";

/** How each client is told to copy the layout as it is. */
const CLIENTS = {
  oras: (layout, reference, image, isPlain) => [
    ...["cp", "--from-oci-layout", `${layout}:${reference}`],
    ...(isPlain ? ["--to-plain-http"] : []),
    image,
  ],
  // The policy is about signatures of the source, which is our own folder.
  skopeo: (layout, reference, image, isPlain) => [
    ...["--insecure-policy", "copy", "--preserve-digests"],
    ...(isPlain ? ["--dest-tls-verify=false"] : []),
    ...[`oci:${layout}:${reference}`, `docker://${image}`],
  ],
  crane: (layout, _reference, image, isPlain) => ["push", layout, image, ...(isPlain ? ["--insecure"] : [])],
};

const HOW_TO_GET_ONE = `One of these clients is needed, and none is here. Any will do, then try again:
  oras     https://oras.land/docs/installation        macOS: brew install oras
  skopeo   Debian, Ubuntu: sudo apt-get install skopeo   Fedora: sudo dnf install skopeo   macOS: brew install skopeo
  crane    https://github.com/google/go-containerregistry   macOS: brew install crane
With Docker alone: docker build -t <image> . && docker push <image>`;

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** One of some names that a variable of the environment holds; the first, if it holds none. */
function chosen(variable, names) {
  const name = process.env[variable] || names[0];
  if (!names.includes(name)) fail(`${variable} is one of ${names.join(", ")}, not ${name}`);
  return name;
}

const names = PLUGINS.map(({ name }) => name);
const plugin = chosen("PLUGIN", names);
const target = chosen("TARGET", Object.keys(TARGETS));

const { values, positionals } = parseArgs({
  options: {
    image: { type: "string", default: process.env.IMAGE ?? "" },
    layout: { type: "string", default: layoutOf(plugin, target) },
    client: { type: "string" },
    ask: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const isImage = (name) => /^[^/\s@]+\/[^\s@]+:[\w.-]+$/.test(name);

async function askForImage() {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question("Push to which image (registry/name:tag)? ")).trim();
  } finally {
    terminal.close();
  }
}

const client = (values.client ? [values.client] : Object.keys(CLIENTS)).find(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined,
);
let image = positionals[0] ?? values.image;
if (values.ask && client === undefined) fail(HOW_TO_GET_ONE);
if (values.ask && image === "" && process.stdin.isTTY) image = await askForImage();
if (!isImage(image))
  fail(
    `Where to? IMAGE=registry/name:tag, such as IMAGE=registry.example.com/plugins/ai-token-ratelimit:0.1.0`,
  );
const other = names.find((name) => name !== plugin && image.split("/").at(-1).startsWith(name));
if (other) fail(`This would push ${plugin} as ${image}. Say PLUGIN=${other}, or give it another name.`);
if (values.ask) {
  console.log(image);
  process.exit();
}
if (!existsSync(`${values.layout}/index.json`)) fail(`There is no ${values.layout}. Run: make image`);
if (client === undefined) fail(HOW_TO_GET_ONE);

const [manifest] = JSON.parse(readFileSync(`${values.layout}/index.json`, "utf8")).manifests;
const reference = manifest.annotations["org.opencontainers.image.ref.name"];
const args = CLIENTS[client](values.layout, reference, image, process.env.PLAIN_HTTP === "1");
const { status } = spawnSync(client, args, { stdio: ["ignore", "ignore", "inherit"] });
if (status !== 0) fail(`${client} could not push ${image}`);
console.log(`Pushed with ${client}. As url of a WasmPlugin:
  oci://${image}
  oci://${image.replace(/:[\w.-]+$/, "")}@${manifest.digest}`);
