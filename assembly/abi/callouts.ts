import { IdTable } from "./id-table";

/** Who gets the answer to a call that the host makes for us. */
export abstract class CalloutHandler {
  /**
   * Called once, on the root context.
   * @param status how it went, as the function that makes the call says
   * @param size of the answer in bytes
   */
  abstract onReply(status: u32, size: u32): void;
}

/**
 * The calls in flight, by the token the host gave them. A handler is removed before it is called, so that no answer
 * is delivered twice. Hosts may answer before the call has returned, that is before its token is known: an unknown
 * token while a call is being made belongs to that call.
 */
@final
export class CalloutTable {
  private waiting: IdTable<CalloutHandler> = new IdTable<CalloutHandler>();
  private beingMade: CalloutHandler | null = null;

  /** Before the host call; the result is for `end`. */
  begin(handler: CalloutHandler): CalloutHandler | null {
    const outer = this.beingMade;
    this.beingMade = handler;
    return outer;
  }

  /** After the host call: `ok` if it was accepted, under `token`. */
  end(handler: CalloutHandler, outer: CalloutHandler | null, ok: bool, token: u32): void {
    const answered = this.beingMade !== handler;
    this.beingMade = outer;
    if (ok && !answered) this.waiting.set(token, handler);
  }

  /** The handler of an answer that has arrived, or null when nobody waits for it. */
  take(token: u32): CalloutHandler | null {
    const known = this.waiting.take(token);
    if (known !== null) return known;
    const handler = this.beingMade;
    this.beingMade = null;
    return handler;
  }
}
