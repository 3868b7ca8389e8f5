import { IdTable } from "./id-table";

/** Receives the answer to a call that the host makes for the filter. */
export abstract class CalloutHandler {
  /**
   * Called once, on the root context.
   * @param status the result, as described at the function that makes the call
   * @param size the size of the answer in bytes
   */
  abstract onReply(status: u32, size: u32): void;
}

/**
 * The calls in flight, by the token that the host gave them. A handler is removed before it is called, so that no answer is
 * delivered twice. Hosts may answer before the call has returned, when its token is not known yet: during a call, an unknown
 * token belongs to that call.
 */
@final
export class CalloutTable {
  private waiting: IdTable<CalloutHandler> = new IdTable<CalloutHandler>();
  private beingMade: CalloutHandler | null = null;

  /** Call this before the host call, and pass the result to `end`. */
  begin(handler: CalloutHandler): CalloutHandler | null {
    const outer = this.beingMade;
    this.beingMade = handler;
    return outer;
  }

  /** Call this after the host call. @param ok whether the host has accepted it, under `token` */
  end(handler: CalloutHandler, outer: CalloutHandler | null, ok: bool, token: u32): void {
    const answered = this.beingMade !== handler;
    this.beingMade = outer;
    if (ok && !answered) this.waiting.set(token, handler);
  }

  /** The handler of an answer that has arrived; null if nobody waits for it. */
  take(token: u32): CalloutHandler | null {
    const known = this.waiting.take(token);
    if (known !== null) return known;
    const handler = this.beingMade;
    this.beingMade = null;
    return handler;
  }
}
