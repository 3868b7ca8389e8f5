// The host calls that let a stream go on, answer it or end it: one of them, and once.
import { parsePairs } from "../wire.ts";
import { Status, type Calls, type GuestMemory } from "./memory.ts";
import type { Streaming } from "./stream.ts";

const REQUEST = 0;
const RESPONSE = 1;

export function outcomeCalls(
  memory: GuestMemory,
  host: Streaming,
): Calls<"proxy_continue_stream" | "proxy_close_stream" | "proxy_send_local_response"> {
  return {
    proxy_continue_stream: (type: number) => {
      const stream = host.stream;
      if (!stream) return Status.BadArgument;
      if (type !== REQUEST) throw new Error(`continue_stream(${type})`);
      if (stream.localResponse) throw new Error("continue_stream after a local response");
      stream.continued++;
      if (stream.heldBody.length > 0) {
        stream.toServer = stream.requestBody.length > 0 ? stream.requestBody : stream.heldBody;
        stream.heldBody = new Uint8Array();
        stream.requestBody = new Uint8Array();
      }
      stream.forwarded = stream.request;
      stream.request = null;
      return Status.Ok;
    },
    proxy_close_stream: (type: number) => {
      const stream = host.stream;
      if (!stream || type !== RESPONSE) throw new Error(`close_stream(${type})`);
      stream.closed = true;
      return Status.Ok;
    },
    proxy_send_local_response: (
      code: number,
      details: number,
      detailsSize: number,
      body: number,
      bodySize: number,
      pairs: number,
      pairsSize: number,
      grpcStatus: number,
    ) => {
      const stream = host.stream;
      if (!stream) throw new Error("a local response outside of a stream");
      if (stream.localResponse) throw new Error("a second local response");
      if (stream.continued > 0) throw new Error("a local response after continue_stream");
      stream.localResponse = {
        code,
        details: memory.text(details, detailsSize),
        body: memory.text(body, bodySize),
        headers: parsePairs(memory.bytes(pairs, pairsSize)),
        grpcStatus,
      };
      return Status.Ok;
    },
  };
}
