// Writes each built module as an OCI image layout, as `make image` and `make push` need it: build/image for Higress,
// build/image.<target> for other targets. The same input and Node.js give the same digest.
//
// What is in it, and in which order, is Higress' rule for plugin images: https://higress.cn/docs/latest/user/wasm-image-spec/
// Gateways load `plugin.wasm` from the last layer; the Higress console reads the others; `oras pull` gives all of them.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { tarball, writeLayout } from "./image-layout.mjs";
import { imageAnnotations } from "./image-source.mjs";

const PLUGIN = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Media type -> file, for every image. The runbooks have no media type of Higress' own. */
const DOCUMENTS = [
  ["application/vnd.module.wasm.doc.v1+markdown", "README.md"],
  ["application/vnd.module.wasm.doc.v1.zh+markdown", "README_zh.md"],
  ["text/markdown", "docs/runbook.md"],
  ["text/markdown", "docs/runbook_zh.md"],
];

/** Where a target's module is, and what is said about it beside the documents. */
const TARGETS = {
  higress: {
    suffix: "",
    documents: [["application/vnd.module.wasm.spec.v1+yaml", "spec.yaml"], ...DOCUMENTS],
  },
  envoy: { suffix: ".envoy", documents: DOCUMENTS },
};

const { values } = parseArgs({ options: { out: { type: "string", default: "build/image" } } });
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

for (const [target, { suffix, documents }] of Object.entries(TARGETS)) {
  const module = `build/ai-token-ratelimit${suffix}.wasm`;
  if (!existsSync(module)) continue;
  const plugin = await tarball("plugin.wasm", readFileSync(module));
  const digest = writeLayout(`${values.out}${suffix}`, {
    layers: [
      ...documents.map(([mediaType, title]) => ({ mediaType, title, bytes: readFileSync(title) })),
      { mediaType: PLUGIN, title: "plugin.tar.gz", bytes: plugin },
    ],
    annotations: imageAnnotations(manifest, { title: `${manifest.name} for ${target}` }),
    reference: manifest.version,
  });
  console.log(
    `${values.out}${suffix}  ${digest}  ${manifest.version} for ${target}, ${kilobytes(plugin.length)}`,
  );
}
