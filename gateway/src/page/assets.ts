import { readFile } from "node:fs/promises";
import { extname } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Where files are: the page's own, and what `make build` bundles of its libraries. */
const FOLDERS: readonly [prefix: string, folder: URL][] = [
  ["/vendor/", new URL("../../../build/page/", import.meta.url)],
  ["/", new URL("../../page/", import.meta.url)],
];

/** A file of the page; `null` if there is none of that name. Names are plain: nothing leads out of the folders. */
export async function findAsset(path: string): Promise<{ type: string; body: Buffer } | null> {
  const name = path === "/" ? "/index.html" : path;
  if (!/^(?:\/[a-z0-9][a-z0-9-]*)+(?:\.[a-z]+)$/.test(name)) return null;
  const type = TYPES[extname(name)];
  const [prefix, folder] = FOLDERS.find(([start]) => name.startsWith(start)) ?? [];
  if (type === undefined || prefix === undefined || folder === undefined) return null;
  try {
    return { type, body: await readFile(new URL(name.slice(prefix.length), folder)) };
  } catch {
    return null;
  }
}
