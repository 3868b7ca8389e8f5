import type { ServerResponse } from "node:http";
import { setImmediate as tick, setTimeout as sleep } from "node:timers/promises";
import { constants, createGzip } from "node:zlib";
import type { Switches } from "./switches.ts";

/** A response as it would be sent, if nothing went wrong. */
export interface Message {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body: an event each, or all of it. */
  readonly parts: readonly Buffer[];
  readonly isStream: boolean;
}

/** Sends a response in the way that the switches ask for, which may be to break it off. */
export async function deliver(
  response: ServerResponse,
  message: Message,
  acceptEncoding: string,
  switches: Switches,
): Promise<void> {
  const compress = switches.gzip === "forced" || (switches.gzip === "accepted" && accepts(acceptEncoding));
  const parts = compress ? await gzip(message.parts) : message.parts;
  const framing = switches.framing ?? (message.isStream ? "chunked" : "length");
  response.writeHead(message.status, {
    ...message.headers,
    ...(compress ? { "content-encoding": "gzip" } : {}),
    // Trailers need a chunked body (RFC 9112, 7.1.2).
    ...(framing === "length" && !switches.trailers ? { "content-length": byteLength(parts) } : {}),
    ...(switches.trailers ? { trailer: "x-fake-trailer" } : {}),
  });
  response.flushHeaders();
  for (const part of cut(parts, message.isStream, switches)) {
    await write(response, part);
    // At least so long that a client in the same process can read this part before the next.
    await (switches.eventDelayMs > 0 ? sleep(switches.eventDelayMs) : tick());
  }
  if (switches.abortAfter !== undefined) {
    response.destroy();
    return;
  }
  if (switches.trailers) response.addTrailers({ "x-fake-trailer": "end" });
  response.end();
}

/** Whether gzip is in an Accept-Encoding, and not with weight 0 (RFC 9110, 12.5.3). */
function accepts(acceptEncoding: string): boolean {
  return acceptEncoding
    .split(",")
    .some((coding) => /^\s*(gzip|\*)\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/i.test(coding));
}

/** One gzip stream, flushed at the end of each part; the last part holds its end as well. */
async function gzip(parts: readonly Buffer[]): Promise<Buffer[]> {
  const stream = createGzip();
  let pending: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => pending.push(bytes));
  const compressed: Buffer[] = [];
  for (const [i, part] of parts.entries()) {
    stream.write(part);
    await new Promise<void>((resolve) => {
      if (i < parts.length - 1) stream.flush(constants.Z_SYNC_FLUSH, resolve);
      else stream.on("end", resolve).end();
    });
    compressed.push(Buffer.concat(pending));
    pending = [];
  }
  return compressed;
}

/** What is sent of a body, in the pieces in which it is sent. */
function cut(parts: readonly Buffer[], isStream: boolean, switches: Switches): readonly Buffer[] {
  const { abortAfter, pieceBytes } = switches;
  const kept =
    abortAfter === undefined
      ? parts
      : isStream
        ? parts.slice(0, abortAfter)
        : parts.map((part) => part.subarray(0, part.length / 2));
  if (pieceBytes === undefined) return kept;
  const bytes = Buffer.concat(kept);
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
    bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  );
}

function byteLength(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
