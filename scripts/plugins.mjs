// The plugins of this project, and the targets that each is built for.
import { join } from "node:path";

/**
 * For each plugin: its name, which its module and image share; what its entry files in assembly/entry/ are called; the folder of
 * its README.md, README_zh.md, spec.yaml, plugin.yaml and config.schema.json; and which functions its release build inlines
 * (optimize.mjs).
 */
export const PLUGINS = [
  {
    name: "ai-token-ratelimit",
    entry: "token-ratelimit",
    folder: ".",
    inlined: { everywhere: 12, once: 500 },
  },
  // Rather small than as fast as can be.
  { name: "ai-quota", entry: "quota", folder: "ai-quota", inlined: { everywhere: 2, once: 400 } },
];

/** Target -> what follows the name of a plugin in the names of its module and image. */
export const TARGETS = { higress: "", envoy: ".envoy" };

/** Every module: the entry file, and the name of what is built from it. */
export const MODULES = PLUGINS.flatMap(({ name, entry, inlined }) =>
  Object.entries(TARGETS).map(([target, suffix]) => ({
    entry: `assembly/entry/${entry}.${target}.ts`,
    name: `${name}${suffix}`,
    inlined,
  })),
);

/** Where `make image` writes the image of a plugin for a target. */
export function layoutOf(plugin, target, folder = "build/image") {
  return join(folder, `${plugin}${TARGETS[target]}`);
}
