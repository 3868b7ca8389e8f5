import { readFileSync } from "node:fs";

const POLL_MS = 200;

/** Whether npm (or npx) started this process, with a shell in between. */
export const isUnderNpm = process.env.npm_command !== undefined;

/**
 * Calls `onGone` once when npm, or the shell in between, has gone. npm sends a signal that it gets to that shell, which ends
 * without passing it on; a killed npm passes nothing on at all.
 */
export function watchNpm(onGone: () => void): void {
  const shell = process.ppid;
  const npm = parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && (npm === undefined || parentOf(shell) === npm)) return;
    clearInterval(timer);
    onGone();
  }, POLL_MS).unref();
}

/** The parent of another process, where the system has /proc. */
function parentOf(pid: number): number | undefined {
  try {
    // "pid (name) state ppid …"; the name may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
