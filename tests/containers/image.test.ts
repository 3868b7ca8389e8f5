// Contract: `docker build .` gives an image whose only file is plugin.wasm, the module as it was built, for each target.
// Specified by https://higress.cn/docs/latest/user/wasm-image-spec/ and by the Dockerfile's comment.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { extract } from "tar-stream";
import { Readable } from "node:stream";
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { isAvailable, root, run } from "./support.ts";

/** The files of an image, without those that Docker adds to every container. */
async function filesOf(image: string): Promise<Map<string, Buffer>> {
  const container = run("docker", ["create", image, "none"]).trim();
  const { stdout } = spawnSync("docker", ["export", container], { maxBuffer: 1 << 28 });
  run("docker", ["rm", container]);
  const files = new Map<string, Buffer>();
  for await (const entry of Readable.from([stdout]).pipe(extract())) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, type } = entry.header;
    if (type === "file" && !/^(\.dockerenv|dev\/|etc\/)/.test(name)) files.set(name, Buffer.concat(chunks));
  }
  return files;
}

describe.skipIf(!isAvailable)("docker build .", () => {
  it.each([
    ["Higress, by default", "build/ai-token-ratelimit.wasm", []],
    [
      "stock Envoy and Istio",
      "build/ai-token-ratelimit.envoy.wasm",
      ["--build-arg", "MODULE=build/ai-token-ratelimit.envoy.wasm"],
    ],
    ["ai-quota", "build/ai-quota.wasm", ["--build-arg", "MODULE=build/ai-quota.wasm"]],
  ])("holds the module for %s", async (_, module, args) => {
    // Under a name of its own: removing it leaves the image to whoever has built the same.
    const image = `ai-token-ratelimit-test/plugin:${process.pid}`;
    run("docker", ["build", "--tag", image, ...args, "."]);
    try {
      const files = await filesOf(image);
      expect([...files.keys()]).toEqual(["plugin.wasm"]);
      expect(files.get("plugin.wasm")!.equals(readFileSync(join(root, module)))).toBe(true);
    } finally {
      run("docker", ["image", "rm", image]);
    }
  });
});
