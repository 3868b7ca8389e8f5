// A client of WebSockets whose messages and end can be waited for.
import { WebSocket, type ClientOptions } from "ws";

export interface Client {
  readonly socket: WebSocket;
  /** The extensions that were agreed on. */
  readonly extensions: string;
  send(event: object): void;
  /** The next event of a type; what comes before it is passed over. */
  next(type: string): Promise<Record<string, unknown>>;
  /** How the connection ends. */
  readonly end: Promise<{ code: number; reason: string }>;
}

/** Opens a connection; rejected with the status if the server does not agree. */
export async function open(url: string, options: ClientOptions = {}): Promise<Client> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), options);
  const events: Record<string, unknown>[] = [];
  let wake = (): void => undefined;
  socket.on("message", (data: Buffer) => {
    events.push(JSON.parse(data.toString()) as Record<string, unknown>);
    wake();
  });
  const end = new Promise<{ code: number; reason: string }>((ended) => {
    socket.on("close", (code, reason) => {
      ended({ code, reason: reason.toString() });
      wake();
    });
  });
  await new Promise<void>((opened, failed) => {
    socket.once("open", opened);
    socket.once("unexpected-response", (_request, response) =>
      failed(new Error(`HTTP ${response.statusCode}`)),
    );
    socket.once("error", failed);
  });
  socket.on("error", () => undefined);
  return {
    socket,
    extensions: socket.extensions,
    send: (event) => socket.send(JSON.stringify(event)),
    next: async (type) => {
      for (;;) {
        const event = events.shift();
        if (event?.type === type) return event;
        if (event !== undefined) continue;
        if (socket.readyState === WebSocket.CLOSED) throw new Error(`closed while waiting for ${type}`);
        await new Promise<void>((came) => (wake = came));
      }
    },
    end,
  };
}
