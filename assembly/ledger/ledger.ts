import { discarded } from "../abi/collector";
import { Pool } from "../abi/pool";
import { Link } from "../redis/link";
import { Outbox } from "./outbox";
import { Ticket } from "./ticket";

/** Idle tickets kept for reuse; more may be in use. */
const MAX_IDLE: i32 = 64;
/** What a ticket takes, with a demand that is not large. */
const TICKET_BYTES: u32 = 1536;

/**
 * What is counted in one Redis, for one configuration. It hands out tickets, which have the verbs: `peek` decides about a
 * demand, `settle` charges it, `close` gives it up.
 */
@final
export class Ledger {
  /** Tickets that can be used again. They belong to the ledger, so that they are forgotten with its configuration. */
  private readonly idle: Pool<Ticket> = new Pool<Ticket>(MAX_IDLE);

  constructor(
    private readonly link: Link,
    private readonly outbox: Outbox,
  ) {}

  /** A ticket whose demand is to be written, to be closed or settled. */
  open(): Ticket {
    const known = this.idle.take();
    const ticket = known !== null ? known : this.make();
    ticket.open();
    return ticket;
  }

  /** A ticket with the same demand as another, to be closed or settled. */
  openLike(other: Ticket): Ticket {
    const ticket = this.open();
    ticket.demand.copyFrom(other.demand);
    return ticket;
  }

  private make(): Ticket {
    // Some day it will be garbage.
    discarded(TICKET_BYTES);
    return new Ticket(this.link, this.outbox, this.idle);
  }
}
