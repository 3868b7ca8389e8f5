import { connect } from "node:net";
import type { Address } from "./connection.ts";

/** Whether something accepts connections there, within `timeoutMs`; the reason if not. */
export function probe({ host, port }: Address, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (problem: string | null): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.on("connect", () => finish(null));
    socket.on("timeout", () => finish(`no answer within ${timeoutMs} ms`));
    socket.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  });
}
