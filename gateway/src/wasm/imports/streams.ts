import { Status, StreamType } from "../types.ts";
import { validPairs } from "./headers.ts";
import type { Guest, ImportGroup } from "./guest.ts";

/** What ends or continues a stream. All of it takes effect when the callback has returned. */
export function streamImports(guest: Guest): ImportGroup {
  return {
    proxy_send_local_response(
      status: number,
      details: number,
      detailsSize: number,
      body: number,
      bodySize: number,
      headers: number,
      headersSize: number,
      _grpcStatus: number,
    ) {
      guest.context()?.sendLocalResponse({
        status,
        // Envoy keeps white space out of the access log's field.
        details: guest.memory.text(details, detailsSize).replace(/\s/g, "_"),
        body: guest.memory.copy(body, bodySize),
        headers: validPairs(guest.memory.copy(headers, headersSize)),
      });
      return Status.Ok;
    },
    proxy_continue_stream(type: StreamType) {
      if (type > StreamType.Upstream) return Status.BadArgument;
      return guest.context()?.continueStream(type) ?? Status.BadArgument;
    },
    proxy_close_stream(type: StreamType) {
      if (type > StreamType.Upstream) return Status.BadArgument;
      return guest.context()?.closeStream(type) ?? Status.BadArgument;
    },
  };
}
