import { spawnSync } from "node:child_process";
import { chromium, type Browser } from "playwright-core";

/** A Chromium without a window: that of $CHROMIUM, or the one on the PATH; `null` if there is none. */
export async function launchBrowser(): Promise<Browser | null> {
  const executablePath = process.env.CHROMIUM ?? onPath("chromium");
  if (executablePath === "") return null;
  // Root has no sandbox there; the pages are our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}

function onPath(program: string): string {
  return spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
}
