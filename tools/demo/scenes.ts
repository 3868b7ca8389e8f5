import { limit } from "./limit/scene.ts";
import type { Scene } from "./scene.ts";
import { tutorial } from "./tutorial/scene.ts";

/** Every scene by its name. */
export const SCENES: Readonly<Record<string, Scene>> = { limit, tutorial };
export const DEFAULT_SCENE = "limit";

/** The list of the scenes, a line each. */
export function listOfScenes(): string {
  const width = Math.max(...Object.keys(SCENES).map((name) => name.length));
  return Object.entries(SCENES)
    .map(([name, { summary }]) => `  make run SCENE=${name.padEnd(width)}  ${summary}`)
    .join("\n");
}
