// A server that speaks as much of OpenAI's Realtime API, and of Responses over WebSocket, as tests need. What a response
// costs is what the request for it says: `{type: "response.create", input_tokens, output_tokens, words}`.
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { responseDone } from "./websocket.ts";

export interface RealtimeServer {
  readonly port: number;
  /** What the handshakes asked for as extensions. */
  readonly extensions: (string | undefined)[];
  /** The types of the events that have arrived. */
  readonly received: string[];
  /** The codes with which connections were closed. */
  readonly closed: number[];
  close(): Promise<void>;
}

interface Asked {
  type: string;
  input_tokens?: number;
  output_tokens?: number;
  /** How many events of one word come before the report. */
  words?: number;
  /** Into how many frames the report is cut, with pings between them. */
  frames?: number;
  /** Of each event, so that its frames are long. */
  padding?: number;
  /** The report never comes. */
  endless?: boolean;
}

/** Starts it on loopback. */
export async function startRealtimeServer(): Promise<RealtimeServer> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: { threshold: 0 } });
  const extensions: (string | undefined)[] = [];
  const received: string[] = [];
  const closed: number[] = [];
  server.on("connection", (socket, request) => {
    extensions.push(request.headers["sec-websocket-extensions"]);
    socket.on("close", (code) => closed.push(code));
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      const asked = JSON.parse(data.toString()) as Asked;
      received.push(asked.type);
      if (asked.type === "response.create") void answer(socket, asked);
    });
    send(socket, { type: "session.created", event_id: "e0", session: { id: "s" } });
  });
  await new Promise<void>((listening) => server.once("listening", listening));
  return {
    port: (server.address() as AddressInfo).port,
    extensions,
    received,
    closed,
    close: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function answer(socket: WebSocket, asked: Asked): Promise<void> {
  send(socket, { type: "response.created", event_id: "e1", response: { id: "r", usage: null } });
  const padding = "x".repeat(asked.padding ?? 0);
  for (let i = 0; i < (asked.words ?? 0) || asked.endless; ++i) {
    if (socket.readyState !== socket.OPEN) return;
    send(socket, {
      type: "response.output_text.delta",
      event_id: "e2",
      obfuscation: padding,
      delta: " lorem",
    });
    if (asked.endless) await new Promise((next) => setTimeout(next, 1));
  }
  const report = responseDone(asked.input_tokens ?? 0, asked.output_tokens ?? 0);
  const size = Math.ceil(report.length / (asked.frames ?? 1));
  for (let from = 0; from < report.length; from += size) {
    socket.send(report.slice(from, from + size), { fin: from + size >= report.length });
    if (asked.frames !== undefined) socket.ping("still here");
  }
}

const send = (socket: WebSocket, event: object): void => socket.send(JSON.stringify(event));
