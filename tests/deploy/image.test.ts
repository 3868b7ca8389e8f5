// Contract: `make image` writes the image that Higress' tools expect, the same from the same input; `make push` delivers it whole.
// Specified in https://higress.cn/docs/latest/user/wasm-image-spec/ and https://github.com/opencontainers/image-spec (1.1).
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sourceUrl } from "../../scripts/image-source.mjs";
import { layoutOf, PLUGINS } from "../../scripts/plugins.mjs";

const root = resolve(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "image-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}
interface Manifest {
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations: Record<string, string>;
}

const read = (path: string): Buffer => readFileSync(resolve(root, path));
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const { version } = JSON.parse(read("package.json").toString()) as { version: string };

interface Spec {
  info: { name: string; version: string; description: string };
  spec: { phase: string; priority: number; configSchema: { openAPIV3Schema: { example: object } } };
}
const specOf = (folder: string): Spec => parse(read(join(folder, "spec.yaml")).toString()) as Spec;

/** The folder with all images, which it writes. */
function build(name: string, env: Record<string, string> = {}): string {
  const out = join(scratch, name);
  execFileSync("node", ["scripts/image.mjs", "--out", out], { cwd: root, env: { ...process.env, ...env } });
  return out;
}

/** A blob of a layout, which is what its digest and size say. */
function blob(layout: string, { digest, size }: Descriptor): Buffer {
  const bytes = readFileSync(join(layout, "blobs", ...digest.split(":")));
  expect([sha256(bytes), bytes.length]).toEqual([digest, size]);
  return bytes;
}

function manifestOf(layout: string): { digest: string; manifest: Manifest } {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: Descriptor[] };
  expect(index.manifests).toHaveLength(1);
  const [descriptor] = index.manifests as [Descriptor];
  return {
    digest: descriptor.digest,
    manifest: JSON.parse(blob(layout, descriptor).toString()) as Manifest,
  };
}

/** As Istio's agent, and so Higress', takes a module out of an image: pkg/wasm/imagefetcher.go, extractOCIStandardImage. */
async function loadAsGateway(layout: string): Promise<{ header: Header; wasm: Buffer }> {
  const last = manifestOf(layout).manifest.layers.at(-1)!;
  expect(last.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+gzip");
  const archive = extract();
  archive.end(gunzipSync(blob(layout, last)));
  const files: { header: Header; wasm: Buffer }[] = [];
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.push({ header: entry.header, wasm: Buffer.concat(chunks) });
  }
  expect(files).toHaveLength(1);
  return files[0]!;
}

const first = build("first");
const second = build("second");
const dated = build("dated", { SOURCE_DATE_EPOCH: "1700000000" });

describe.each(PLUGINS)("the image of $name", ({ name, folder }) => {
  const layout = layoutOf(name, "higress", first);

  it("is the same when it is built again", () => {
    expect(manifestOf(layoutOf(name, "higress", second)).digest).toBe(manifestOf(layout).digest);
  });

  it("has the layers of Higress' image specification, the module last", () => {
    const { manifest } = manifestOf(layout);
    const layers = manifest.layers.map((layer) => [
      layer.mediaType,
      layer.annotations!["org.opencontainers.image.title"],
    ]);
    expect(layers).toEqual([
      ["application/vnd.module.wasm.spec.v1+yaml", "spec.yaml"],
      ["application/vnd.module.wasm.doc.v1+markdown", "README.md"],
      ["application/vnd.module.wasm.doc.v1.zh+markdown", "README_zh.md"],
      ["text/markdown", "docs/runbook.md"],
      ["text/markdown", "docs/runbook_zh.md"],
      ["application/vnd.oci.image.layer.v1.tar+gzip", "plugin.tar.gz"],
    ]);
    for (const layer of manifest.layers.slice(0, -1)) {
      const title = layer.annotations!["org.opencontainers.image.title"]!;
      expect(blob(layout, layer)).toEqual(read(title.startsWith("docs/") ? title : join(folder, title)));
    }
    expect(manifest.mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
    expect(blob(layout, manifest.config).toString()).toBe("{}");
    expect(readFileSync(join(layout, "oci-layout"), "utf8")).toBe('{"imageLayoutVersion":"1.0.0"}');
  });

  it("holds the built module as plugin.wasm, and nothing of the machine that packed it", async () => {
    const { header, wasm } = await loadAsGateway(layout);
    expect(wasm.equals(read(`build/${name}.wasm`))).toBe(true);
    expect(header).toMatchObject({ name: "plugin.wasm", mode: 0o644, uid: 0, gid: 0, uname: "", gname: "" });
    expect(header.mtime.getTime()).toBe(0);
    const gzip = blob(layout, manifestOf(layout).manifest.layers.at(-1)!);
    expect([...gzip.subarray(4, 8), gzip[9]]).toEqual([0, 0, 0, 0, 255]);
  });

  it("tells where it comes from", () => {
    const { annotations } = manifestOf(layout).manifest;
    expect(annotations).toMatchObject({
      "org.opencontainers.image.title": `${name} for higress`,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.description": specOf(folder).info.description,
    });
    if (existsSync(resolve(root, ".git")))
      expect(annotations["org.opencontainers.image.revision"]).toMatch(/^[0-9a-f]{40}(-dirty)?$/);
    expect(annotations).not.toHaveProperty("org.opencontainers.image.created");
  });

  it("tells when it was made only if it is told so", () => {
    const { annotations } = manifestOf(layoutOf(name, "higress", dated)).manifest;
    expect(annotations["org.opencontainers.image.created"]).toBe("2023-11-14T22:13:20.000Z");
  });

  it("is written for stock Envoy too, with its own module and without what is Higress' only", async () => {
    const envoy = layoutOf(name, "envoy", first);
    const { wasm } = await loadAsGateway(envoy);
    expect(wasm.equals(read(`build/${name}.envoy.wasm`))).toBe(true);
    const { manifest } = manifestOf(envoy);
    expect(manifest.annotations["org.opencontainers.image.title"]).toBe(`${name} for envoy`);
    expect(manifest.layers.map((layer) => layer.mediaType)).not.toContain(
      "application/vnd.module.wasm.spec.v1+yaml",
    );
  });
});

describe("where the image says that it comes from", () => {
  it.each([
    ["https://github.com/a/b.git", "https://github.com/a/b"],
    ["git+https://github.com/a/b.git", "https://github.com/a/b"],
    ["git@github.com:a/b.git", "https://github.com/a/b"],
    ["ssh://git@git.example.com:2222/a/b", "https://git.example.com/a/b"],
    ["https://user:secret@git.example.com/a/b.git", "https://git.example.com/a/b"],
    ["/home/me/a.git", undefined],
    ["file:///home/me/a.git", undefined],
    ["../a", undefined],
    [undefined, undefined],
  ])("reads %s as %s", (remote, url) => {
    expect(sourceUrl(remote)).toBe(url);
  });
});

describe.each(PLUGINS)("spec.yaml of $name", ({ name, folder }) => {
  const spec = specOf(folder);
  const manifest = parse(read(join(folder, "plugin.yaml")).toString()) as {
    spec: { phase: string; priority: number; defaultConfig: object };
  };

  it("agrees with plugin.yaml and package.json", () => {
    expect(spec.info).toMatchObject({ name, version });
    expect(spec.spec).toMatchObject({ phase: manifest.spec.phase, priority: manifest.spec.priority });
    expect(spec.spec.configSchema.openAPIV3Schema.example).toEqual(manifest.spec.defaultConfig);
  });
});

describe("Dockerfile", () => {
  it("puts the module where gateways look for it, and nothing else", () => {
    const steps = read("Dockerfile")
      .toString()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(steps).toEqual([
      "FROM scratch",
      "ARG MODULE=build/ai-token-ratelimit.wasm",
      "COPY ${MODULE} /plugin.wasm",
    ]);
  });
});

describe("make push", () => {
  const push = (
    args: string[],
    env: Record<string, string> = {},
  ): { status: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/push.mjs", ...args], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, IMAGE: "", PLUGIN: "", TARGET: "", ...env },
    });
    return { status, text: stdout + stderr };
  };

  it("asks for a registry, a name and a tag", () => {
    for (const image of ["", "name", "name:tag", "registry.example.com/name", "a b/c:d"])
      expect(push(["--", image])).toEqual({
        status: 1,
        text: expect.stringContaining("IMAGE=registry/name:tag") as string,
      });
  });

  it.each([
    [{ PLUGIN: "ai-cache" }, "PLUGIN is one of ai-token-ratelimit, ai-quota, not ai-cache"],
    [{ TARGET: "nginx" }, "TARGET is one of higress, envoy, not nginx"],
    [{}, "This would push ai-token-ratelimit as 127.0.0.1:1/ai-quota:b. Say PLUGIN=ai-quota"],
  ])("takes nothing else for what it is: %j", (env, message) => {
    const answer = push(["--", "127.0.0.1:1/ai-quota:b"], env);
    expect(answer).toEqual({ status: 1, text: expect.stringContaining(message) as string });
  });

  it.each([
    [{}, "build/image/ai-token-ratelimit"],
    [{ TARGET: "envoy" }, "build/image/ai-token-ratelimit.envoy"],
    [{ PLUGIN: "ai-quota" }, "build/image/ai-quota"],
    [{ PLUGIN: "ai-quota", TARGET: "envoy" }, "build/image/ai-quota.envoy"],
  ])("pushes with %j what is in %s", (env, layout) => {
    const empty = mkdtempSync(join(scratch, "empty-"));
    const { stderr } = spawnSync(
      process.execPath,
      [join(root, "scripts/push.mjs"), "--", "127.0.0.1:1/a:b"],
      {
        cwd: empty,
        encoding: "utf8",
        env: { ...process.env, IMAGE: "", PLUGIN: "", TARGET: "", ...env },
      },
    );
    expect(stderr).toContain(`There is no ${layout}. Run: make image`);
  });

  it("says what to do first when there is no image", () => {
    const answer = push(["--layout", join(scratch, "nothing"), "127.0.0.1:1/a:b"]);
    expect(answer).toEqual({ status: 1, text: expect.stringContaining("make image") as string });
  });

  it("says how to get a client when there is none", () => {
    const layout = layoutOf("ai-quota", "higress", first);
    const answer = push(["--layout", layout, "127.0.0.1:1/a:b"], { PATH: scratch });
    expect(answer.status).toBe(1);
    for (const client of ["oras", "skopeo", "crane", "docker build"]) expect(answer.text).toContain(client);
  });

  const find = (...names: string[]): string | undefined =>
    (process.env.PATH ?? "")
      .split(delimiter)
      .flatMap((folder) => names.map((name) => join(folder, name)))
      .find((path) => existsSync(path));
  const server = find("docker-registry", "registry");
  const skopeo = find("skopeo");
  // scripts/ensure-tools.sh says how to get them; in CI they must be there.
  const canRun = Boolean(process.env.CI) || (server !== undefined && skopeo !== undefined);

  describe.runIf(canRun)("to a registry", () => {
    let registry: ChildProcess;
    let address: string;

    beforeAll(async () => {
      const port = await freePort();
      address = `127.0.0.1:${port}`;
      const config = join(scratch, "registry.yml");
      writeFileSync(
        config,
        `version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: ${join(scratch, "registry")} } }
http: { addr: "${address}" }
`,
      );
      registry = spawn(server ?? "docker-registry", ["serve", config], { stdio: "ignore" });
      await answering(`http://${address}/v2/`);
    });
    afterAll(() => registry.kill());

    it.each(["oras", "skopeo", "crane"].filter((client) => client === "skopeo" || find(client)))(
      "delivers with %s the image that was built, and the module byte for byte",
      async (client) => {
        const layout = layoutOf("ai-token-ratelimit", "higress", first);
        const image = `${address}/plugins/ai-token-ratelimit:${version}-${client}`;
        const { status, text } = push(["--layout", layout, "--client", client, image], { PLAIN_HTTP: "1" });
        expect({ status, text }).toEqual({
          status: 0,
          text: expect.stringContaining(`oci://${image}`) as string,
        });
        expect(text).toContain(`@${manifestOf(layout).digest}`);

        const pulled = join(scratch, `pulled-${client}`);
        const copy = [
          "--insecure-policy",
          "copy",
          "--src-tls-verify=false",
          `docker://${image}`,
          `oci:${pulled}:a`,
        ];
        execFileSync("skopeo", copy, { stdio: ["ignore", "ignore", "inherit"] });
        expect(manifestOf(pulled).digest).toBe(manifestOf(layout).digest);
        const { wasm } = await loadAsGateway(pulled);
        expect(wasm.equals(read("build/ai-token-ratelimit.wasm"))).toBe(true);
      },
    );

    it("says so when the registry refuses it", () => {
      const image = `${address}/UPPER/case:1`;
      const answer = push(["--layout", layoutOf("ai-quota", "higress", first), "--client", "skopeo", image], {
        PLAIN_HTTP: "1",
      });
      expect(answer).toEqual({
        status: 1,
        text: expect.stringContaining(`skopeo could not push ${image}`) as string,
      });
    });
  });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; ++attempt) {
    const isUp = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error(`no answer from ${url}`);
}
