import type { LocalReply } from "../wasm/context.ts";
import type { FlowControl } from "../wasm/direction.ts";
import type { FlowGate } from "./flow.ts";
import type { UpstreamFailure } from "./upstream-failure.ts";

const EMPTY = Buffer.alloc(0);

/** The filter's hold on one direction: it pauses the source behind `gate`, and `answer` is called when it holds too much. */
export function flowControl(
  gate: FlowGate,
  status: number,
  details: string,
  answer: (reply: LocalReply) => void,
): FlowControl {
  return {
    pause: () => gate.block("filter"),
    resume: () => gate.unblock("filter"),
    overflow: () => answer({ status, details, body: EMPTY, headers: [] }),
  };
}

/** What the client gets when the upstream is lost, in Envoy's words. @param hasStarted whether its response had begun */
export function lostUpstreamReply(failure: UpstreamFailure, hasStarted: boolean): LocalReply {
  return {
    status: 503,
    details: hasStarted
      ? "upstream_reset_after_response_started"
      : `upstream_reset_before_response_started{${failure.resetReason}|${failure.kind}}`,
    body: Buffer.from(`upstream connect error or disconnect/reset before headers: ${failure.reason}`),
    headers: [],
  };
}
