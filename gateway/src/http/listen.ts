import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { formatAddress, OptionError } from "../services.ts";

/**
 * Listens and returns the base URL. Port 0 is any free port; `host` a name or an address of this machine.
 * @throws OptionError if the port is in use or may not be opened, or if `host` is none of this machine.
 */
export function listen(server: Server, port: number, what: string, host = "127.0.0.1"): Promise<string> {
  const address = host.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new OptionError(`${what}: ${explain(error, host, port)}`));
    });
    server.listen(port, address, () => {
      resolve(`http://${formatAddress({ host: address, port: (server.address() as AddressInfo).port })}`);
    });
  });
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === "EADDRINUSE") return `port ${port} is in use`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `${host} is not an address of this machine`;
  return `port ${port} cannot be opened (${code ?? message})`;
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
