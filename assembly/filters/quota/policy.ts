import { ByteBuilder } from "../../bytes/builder";
import { Bytes, bytesOf } from "../../bytes/bytes";
import { BalanceVerb } from "../../ledger/balance-change";
import { callerText } from "../../ledger/caller-text";
import { Ledger } from "../../ledger/ledger";
import { Ticket } from "../../ledger/ticket";
import { closeFrame } from "../../metering/socket";
import { Host } from "../../plugin/host";
import { Policy } from "../../plugin/policy";
import { endsIn, forgetPath, mayEndAnywhere, readPath } from "../../request/path-ending";
import { QuotaConfig } from "./config";

/** The administrator's paths begin after this ending, as published. */
const CHAT = bytesOf("/v1/chat/completions");
const REFRESH = bytesOf("/refresh");
const DELTA = bytesOf("/delta");

const CLOSE = closeFrame("token quota exceeded");

/** What the path of a request is for. */
export const enum Purpose {
  /** A call that is checked and charged if it consumes tokens. */
  Call,
  /** Nothing that this plugin looks at. */
  Other,
  /** To read, set or change a balance. */
  Get,
  Set,
  Add,
}

/** One quota configuration at work. It lives as long as its root's `Policies`, and as long as streams that began with it. */
@final
export class QuotaPolicy extends Policy {
  private readonly queryPath: Bytes;
  private readonly refreshPath: Bytes;
  private readonly deltaPath: Bytes;
  private readonly key: ByteBuilder = new ByteBuilder(64);

  constructor(
    readonly config: QuotaConfig,
    ledger: Ledger,
    host: Host,
  ) {
    super(
      ledger,
      config.metering,
      config.stripsAcceptEncoding,
      CLOSE,
      host.holdsHeaders || config.holdsHeaders,
      host.raisesBufferLimit,
      config.voices,
    );
    const query = new ByteBuilder().bytes(CHAT).bytes(config.adminPath).toBytes();
    this.queryPath = query;
    this.refreshPath = new ByteBuilder().bytes(query).bytes(REFRESH).toBytes();
    this.deltaPath = new ByteBuilder().bytes(query).bytes(DELTA).toBytes();
  }

  /** What a request is for, by its path. */
  purposeOf(path: Bytes): Purpose {
    readPath(path);
    const purpose = this.purposeByEnding();
    forgetPath();
    return purpose;
  }

  private purposeByEnding(): Purpose {
    if (endsIn(this.refreshPath)) return Purpose.Set;
    if (endsIn(this.deltaPath)) return Purpose.Add;
    if (endsIn(this.queryPath)) return Purpose.Get;
    const endings = this.config.endings;
    if (endings.length == 0 || mayEndAnywhere()) return Purpose.Call;
    for (let i = 0; i < endings.length; ++i) {
      if (endsIn(endings[i])) return Purpose.Call;
    }
    return Purpose.Other;
  }

  /** A ticket for a call of `consumer`, to be settled or closed exactly once. */
  ticketFor(consumer: Bytes): Ticket {
    const ticket = this.ledger.open();
    ticket.reservation = this.config.reservation;
    const demand = ticket.demand;
    demand.clear();
    this.appendKey(demand.nextKey, consumer);
    demand.add(0, this.config.initialBalance);
    demand.keep();
    return ticket;
  }

  /** The key of a consumer's balance. */
  keyOf(consumer: Bytes): Bytes {
    this.key.clear();
    this.appendKey(this.key, consumer);
    return this.key.toBytes();
  }

  private appendKey(out: ByteBuilder, consumer: Bytes): void {
    out.bytes(this.config.prefix).bytes(callerText(consumer, null));
  }
}

/** What an administrator does on a path for Get, Set or Add. */
export function verbOf(purpose: Purpose): BalanceVerb {
  if (purpose == Purpose.Set) return BalanceVerb.Set;
  return purpose == Purpose.Add ? BalanceVerb.Add : BalanceVerb.Get;
}
