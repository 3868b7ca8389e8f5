import type { SourceControl } from "../chain/chain.ts";
import type { LocalReply } from "../chain/local-reply.ts";
import type { FlowGate } from "./flow.ts";
import type { UpstreamFailure } from "./upstream-failure.ts";

const EMPTY = Buffer.alloc(0);

/** The filters' hold on one direction: they pause the source behind `gate`, and `answer` is called when they hold too much. */
export function sourceControl(
  gate: FlowGate,
  status: number,
  details: string,
  answer: (reply: LocalReply) => void,
): SourceControl {
  return {
    pause: (position) => gate.block(`filter ${position}`),
    resume: (position) => gate.unblock(`filter ${position}`),
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
