// What the tests of building and setting up share: the repository, and a folder of their own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";

export const root = resolve(import.meta.dirname, "../..");

/** A new folder, which is removed after the tests of the file. */
export function scratchFolder(purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `ai-token-ratelimit-${purpose}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
