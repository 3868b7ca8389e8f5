import { readFileSync } from "node:fs";
import { KEYS } from "./plugins.ts";

/** A command of the tutorial, ready to run. */
export interface Command {
  /** The consumer whose key it sends. */
  readonly consumer: string;
  /** For a shell, of several lines. */
  readonly text: string;
}

const PUBLISHED = readFileSync(new URL("published/requests.txt", import.meta.url), "utf8");
const TITLES = ["query the quota", "refresh the quota", "change the quota by a delta", "ask the model"];

/** The `curl` commands of the tutorial as they stand there, but for the address and the keys. @param url of the gateway */
export function commandsFor(url: string): Command[] {
  const keys = [...KEYS];
  return PUBLISHED.trim()
    .split(/\n\s*\n/)
    .map((block) => {
      // Above each command stands a comment that says whose key belongs into it.
      const [comment = "", ...lines] = block.split("\n");
      const [consumer, key] = keys.find(([name]) => comment.includes(name)) ?? ["", ""];
      const text = lines.join("\n").replace("http://localhost:8080", url).replace("xxxxxxxxxxxx", key);
      return { consumer, text };
    });
}

/** All of them, each below a comment. */
export function printed(commands: readonly Command[]): string {
  return commands
    .map(({ consumer, text }, index) => `# ${TITLES[index]}, with the key of ${consumer}\n${text}`)
    .join("\n\n");
}
