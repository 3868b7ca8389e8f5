import type { IncomingHttpHeaders } from "node:http";

/** How a request is to go wrong, or slowly. */
export interface Switches {
  /** Milliseconds before the response and after each event (`x-fake-delay-ms`). */
  readonly delayMs: number;
  /** The status of an error to answer with (`x-fake-error`). */
  readonly error: number | undefined;
  /** Events to send before the connection is cut (`x-fake-abort-after`); half the body if not streamed. */
  readonly abortAfter: number | undefined;
  /** Never report usage (`x-fake-no-usage: 1`). */
  readonly noUsage: boolean;
}

/** The switches of one request: its headers, else the server's own. */
export function readSwitches(headers: IncomingHttpHeaders, defaults: Partial<Switches>): Switches {
  const number = (name: string): number | undefined => {
    const text = headers[name];
    return typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  };
  const noUsage = headers["x-fake-no-usage"];
  return {
    delayMs: number("x-fake-delay-ms") ?? defaults.delayMs ?? 0,
    error: number("x-fake-error") ?? defaults.error,
    abortAfter: number("x-fake-abort-after") ?? defaults.abortAfter,
    noUsage: noUsage === undefined ? (defaults.noUsage ?? false) : noUsage === "1",
  };
}
