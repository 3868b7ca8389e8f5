import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** The files below a folder whose names match, as paths from `root` with `/`, in the order of their names. */
export function filesBelow(root: string, folder: string, name: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !path.includes("node_modules/"))
    .sort();
}
