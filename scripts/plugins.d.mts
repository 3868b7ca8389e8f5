import type { Inlined } from "./optimize.mjs";

export const PLUGINS: readonly {
  readonly name: string;
  readonly entry: string;
  readonly folder: string;
  readonly inlined: Inlined;
}[];
export const TARGETS: Readonly<Record<"higress" | "envoy", string>>;
export const MODULES: readonly { readonly entry: string; readonly name: string }[];
/** Where `make image` writes the image of a plugin for a target. */
export function layoutOf(plugin: string, target: "higress" | "envoy", folder?: string): string;
