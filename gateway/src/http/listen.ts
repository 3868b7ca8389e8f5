import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { OptionError } from "../services.ts";

/**
 * Listens on localhost and returns the base URL. Port 0 is any free port.
 * @throws OptionError if the port is in use or may not be opened.
 */
export function listen(server: Server, port: number, what: string, host = "127.0.0.1"): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code ?? error.message})`;
      reject(new OptionError(`${what}: port ${port} ${reason}`));
    });
    server.listen(port, host, () => {
      resolve(`http://${host}:${(server.address() as AddressInfo).port}`);
    });
  });
}

const SWEEP_INTERVAL_MS = 20;

/**
 * Stops accepting, lets requests under way end, and closes the connections of those that take longer than `graceMs`,
 * after a call of `onDeadline`.
 */
export async function closeServer(
  server: Server,
  graceMs: number,
  onDeadline: () => void = () => {},
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection becomes idle again, and is kept alive, when its last response ends.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  const deadline = setTimeout(() => {
    onDeadline();
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
