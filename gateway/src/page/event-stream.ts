import type { ServerResponse } from "node:http";

const MAX_CLIENTS = 16;
/** Bytes that may wait for a client; one that does not read is dropped, and comes back by itself if it is there. */
const MAX_WAITING = 4 * 1024 * 1024;

/** Those who listen to server-sent events. */
export class EventStream {
  private readonly clients = new Set<ServerResponse>();

  get size(): number {
    return this.clients.size;
  }

  /** Begins a stream with one event. False if too many listen already. */
  add(response: ServerResponse, event: string, data: object): boolean {
    if (this.clients.size >= MAX_CLIENTS) return false;
    response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
    response.on("close", () => this.clients.delete(response));
    this.clients.add(response);
    response.write(encode(event, data));
    return true;
  }

  send(event: string, data: object): void {
    if (this.clients.size === 0) return;
    const text = encode(event, data);
    for (const client of this.clients) {
      client.write(text);
      if (client.writableLength > MAX_WAITING) client.destroy();
    }
  }

  close(): void {
    for (const client of this.clients) client.end();
    this.clients.clear();
  }
}

/** JSON has no line break outside of texts, and escapes those inside. */
function encode(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
