import { Status, StreamType } from "../types.ts";
import type { Vm } from "../vm.ts";
import { validPairs } from "./headers.ts";
import type { ImportGroup } from "./index.ts";

/** What ends or continues a stream. All of it takes effect when the callback has returned. */
export function streamImports(vm: Vm): ImportGroup {
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
      vm.context()?.sendLocalResponse({
        status,
        // Envoy keeps white space out of the access log's field.
        details: vm.memory.text(details, detailsSize).replace(/\s/g, "_"),
        body: vm.memory.copy(body, bodySize),
        headers: validPairs(vm.memory.copy(headers, headersSize)),
      });
      return Status.Ok;
    },
    proxy_continue_stream(type: StreamType) {
      if (type > StreamType.Upstream) return Status.BadArgument;
      return vm.context()?.continueStream(type) ?? Status.BadArgument;
    },
    proxy_close_stream(type: StreamType) {
      if (type > StreamType.Upstream) return Status.BadArgument;
      return vm.context()?.closeStream(type) ?? Status.BadArgument;
    },
  };
}
