// A model that keeps what it is sent to the byte, and clients that send bodies in every way: with a length, chunked, over
// HTTP/2, in pieces, slowly, with trailers.
import { createServer, request as request1, type IncomingHttpHeaders } from "node:http";
import { connect, type ClientHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";

/** A request that has reached the model whole. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RecordingModel {
  readonly port: number;
  /** What has arrived whole, by the value of `x-call`. */
  readonly received: Map<string, Received>;
  /** The calls whose headers have arrived, whether or not their bodies have. */
  readonly begun: Set<string>;
  close(): void;
}

/** The tokens of the prompt, and of an answer whose request has no cap. */
export const INPUT = 5;
export const OUTPUT = 30;

/** The cap that a body has for the model: the last one; `undefined` if there is none, or no JSON. */
export function capOf(body: Buffer): number | undefined {
  try {
    const { max_tokens, max_completion_tokens } = JSON.parse(body.toString("utf8")) as Record<string, number>;
    return max_completion_tokens ?? max_tokens;
  } catch {
    return undefined;
  }
}

/** Starts a model that answers every call with as many tokens as its cap allows, and 401 at once to what has `x-refuse`. */
export async function startRecordingModel(): Promise<RecordingModel> {
  const received = new Map<string, Received>();
  const begun = new Set<string>();
  const server = createServer((request, response) => {
    const call = String(request.headers["x-call"]);
    begun.add(call);
    if (request.headers["x-refuse"] !== undefined) {
      response.writeHead(401).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      received.set(call, { headers: request.headers, body });
      const output = capOf(body) ?? OUTPUT;
      const usage = { prompt_tokens: INPUT, completion_tokens: output, total_tokens: INPUT + output };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ usage }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    begun,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** How a body travels. */
export type Way = "length" | "chunked" | "HTTP/2" | "HTTP/2 with length";
export const WAYS: readonly Way[] = ["length", "chunked", "HTTP/2"];
/** Those in which the length of the body is announced. */
export const ANNOUNCED: readonly Way[] = ["length", "HTTP/2 with length"];

export interface Sending {
  readonly way: Way;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  /** In how many pieces the body is sent, one if not said, and how long the sender waits after each. */
  readonly pieces?: number;
  readonly pauseMs?: number;
  /** Whether the body ends with trailers; only if it has no length. */
  readonly trailers?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What is being sent, and how to break that off. */
export interface Sent {
  readonly answer: Promise<Answer>;
  /** Goes away. The answer will never come. */
  leave(): void;
}

interface Writable {
  write(piece: Buffer): unknown;
  end(): unknown;
  readonly destroyed: boolean;
}

async function write(sending: Sending, to: Writable): Promise<void> {
  const { body, pieces = 1, pauseMs = 0 } = sending;
  const size = Math.ceil(body.length / pieces);
  for (let from = 0; from < body.length && !to.destroyed; from += size) {
    to.write(body.subarray(from, from + size));
    if (from + size < body.length) await new Promise((wake) => setTimeout(wake, pauseMs));
  }
  if (!to.destroyed) to.end();
}

const PATH = "/v1/chat/completions";
const TRAILERS = { "x-checksum": "1" };

/** Sends a call to `url`. */
export function send(url: string, sending: Sending): Sent {
  return sending.way.startsWith("HTTP/2") ? send2(url, sending) : send1(url, sending);
}

function send1(url: string, sending: Sending): Sent {
  const isChunked = sending.way === "chunked";
  const framing = isChunked
    ? { "transfer-encoding": "chunked", ...(sending.trailers ? { trailer: "x-checksum" } : {}) }
    : { "content-length": String(sending.body.length) };
  const headers = { "content-type": "application/json", ...framing, ...sending.headers };
  const sent = request1(url + PATH, { method: "POST", headers, agent: false });
  if (sending.trailers) sent.addTrailers(TRAILERS);
  const answer = new Promise<Answer>((resolve, reject) => {
    sent.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      response.on("error", reject);
    });
    sent.on("error", reject);
  });
  answer.catch(() => undefined);
  if (sending.headers["expect"] === undefined) void write(sending, sent);
  else sent.on("continue", () => void write(sending, sent));
  sent.flushHeaders();
  return { answer, leave: () => sent.destroy() };
}

function send2(url: string, sending: Sending): Sent {
  const session: ClientHttp2Session = connect(url);
  session.on("error", () => undefined);
  const fields = { ":method": "POST", ":path": PATH, "content-type": "application/json" };
  const length = ANNOUNCED.includes(sending.way) ? { "content-length": String(sending.body.length) } : {};
  const sent = session.request(
    { ...fields, ...length, ...sending.headers },
    { endStream: false, waitForTrailers: sending.trailers === true },
  );
  if (sending.trailers) sent.on("wantTrailers", () => sent.sendTrailers(TRAILERS));
  const answer = new Promise<Answer>((resolve, reject) => {
    sent.on("response", (headers) => {
      let body = "";
      sent.setEncoding("utf8").on("data", (text: string) => (body += text));
      sent.on("end", () => {
        session.close();
        resolve({ status: Number(headers[":status"]), headers: headers, body });
      });
    });
    sent.on("error", reject);
  });
  answer.catch(() => undefined);
  void write(sending, sent);
  return { answer, leave: () => session.destroy() };
}
