import { discarded } from "../abi/collector";
import { Pool } from "../abi/pool";
import { Link } from "../redis/link";
import { Bytes } from "../bytes/bytes";
import { Algorithm } from "./algorithm";
import { BalanceChange, BalanceListener, BalanceVerb } from "./balance-change";
import { Outbox } from "./outbox";
import { Ticket } from "./ticket";

/** How many idle tickets are kept for reuse. There is no bound on those in use: each belongs to a stream or a charge. */
const MAX_IDLE: i32 = 64;
/** Memory that a ticket takes, in bytes, about, with a demand that is not large. */
const TICKET_BYTES: u32 = 1536;

/**
 * Counts tokens in one Redis, for one configuration. It hands out tickets, which have the verbs:
 *
 *     open, write ticket.demand
 *       peek     decide; left out for a request that cannot consume tokens
 *         settle   admitted: charge what the call has consumed
 *         close    denied, or given up
 *
 * It lives as long as its configuration, and longer if streams or charges still hold tickets.
 */
@final
export class Ledger {
  /** Tickets to reuse. They belong to the ledger, so they go when its configuration goes. */
  private readonly idle: Pool<Ticket> = new Pool<Ticket>(MAX_IDLE);

  constructor(
    private readonly link: Link,
    private readonly algorithm: Algorithm,
    private readonly outbox: Outbox,
  ) {}

  /** A ticket for a new request. The caller holds it, writes its demand, and must `settle` or `close` it exactly once. */
  open(): Ticket {
    const known = this.idle.take();
    const ticket = known !== null ? known : this.make();
    ticket.open();
    return ticket;
  }

  /** A ticket with a copy of another's demand, which must be open still. Settle or close it exactly once. */
  openLike(other: Ticket): Ticket {
    const ticket = this.open();
    ticket.demand.copyFrom(other.demand);
    ticket.reservation = other.reservation;
    return ticket;
  }

  /** Reads or changes a balance, for a ledger of balances. @param listener receives the outcome */
  changeBalance(listener: BalanceListener, verb: BalanceVerb, key: Bytes, amount: i64): void {
    new BalanceChange(this.link, listener).begin(verb, key, amount);
  }

  private make(): Ticket {
    // The pool keeps a bounded number, so this ticket becomes garbage sooner or later.
    discarded(TICKET_BYTES);
    return new Ticket(this.link, this.algorithm, this.outbox, this.idle);
  }
}
