// Writes each built module as an OCI image layout, as `make image` and `make push` need it: build/image/<plugin> for Higress,
// build/image/<plugin>.<target> for other targets. The same input and Node.js give the same digest.
//
// What is in it, and in which order, is Higress' rule for plugin images: https://higress.cn/docs/latest/user/wasm-image-spec/
// Gateways load `plugin.wasm` from the last layer; the Higress console reads the others; `oras pull` gives all of them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { tarball, writeLayout } from "./image-layout.mjs";
import { imageAnnotations } from "./image-source.mjs";
import { layoutOf, PLUGINS, TARGETS } from "./plugins.mjs";

const PLUGIN = "application/vnd.oci.image.layer.v1.tar+gzip";

/** What the Higress console reads, in an image for Higress. */
const SPEC = ["application/vnd.module.wasm.spec.v1+yaml", "spec.yaml"];
/** Media type -> file of the plugin's folder, for every image. */
const DOCUMENTS = [
  ["application/vnd.module.wasm.doc.v1+markdown", "README.md"],
  ["application/vnd.module.wasm.doc.v1.zh+markdown", "README_zh.md"],
];
/** What all plugins share. It has no media type of Higress' own. */
const RUNBOOKS = ["docs/runbook.md", "docs/runbook_zh.md"];

const { values } = parseArgs({ options: { out: { type: "string", default: "build/image" } } });
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** The layers of documents in an image of a plugin. */
function documentsOf(folder, target) {
  const own = target === "higress" ? [SPEC, ...DOCUMENTS] : DOCUMENTS;
  return [
    ...own.map(([mediaType, title]) => ({ mediaType, title, bytes: readFileSync(join(folder, title)) })),
    ...RUNBOOKS.map((title) => ({ mediaType: "text/markdown", title, bytes: readFileSync(title) })),
  ];
}

for (const { name, folder } of PLUGINS) {
  const { description } = parse(readFileSync(join(folder, "spec.yaml"), "utf8")).info;
  for (const [target, suffix] of Object.entries(TARGETS)) {
    const module = `build/${name}${suffix}.wasm`;
    if (!existsSync(module)) continue;
    const plugin = await tarball("plugin.wasm", readFileSync(module));
    const layout = layoutOf(name, target, values.out);
    const digest = writeLayout(layout, {
      layers: [...documentsOf(folder, target), { mediaType: PLUGIN, title: "plugin.tar.gz", bytes: plugin }],
      annotations: imageAnnotations(manifest, { title: `${name} for ${target}`, description }),
      reference: manifest.version,
    });
    console.log(`${layout}  ${digest}  ${manifest.version} for ${target}, ${kilobytes(plugin.length)}`);
  }
}
