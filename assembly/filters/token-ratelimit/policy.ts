import { discarded } from "../../abi/collector";
import { QUESTION, SLASH } from "../../bytes/ascii";
import { ByteBuilder } from "../../bytes/builder";
import { Bytes, copyOf, EMPTY, indexOf } from "../../bytes/bytes";
import { callerText } from "../../ledger/caller-text";
import { Demand } from "../../ledger/demand";
import { RowFlag } from "../../ledger/row";
import { appendGlobalCounterKey, appendRuleCounterKey } from "../../ledger/keys";
import { Ledger } from "../../ledger/ledger";
import { Limit } from "../../ledger/limit";
import { Reservation, ReservationMode } from "../../ledger/reservation";
import { Ticket } from "../../ledger/ticket";
import { Host } from "../../plugin/host";
import { Policy } from "../../plugin/policy";
import { Metering } from "../../metering/meter";
import { closeFrame } from "../../metering/socket";
import { HttpFacts } from "../../request/http-facts";
import { Ambiguity, Facts } from "../../rules/facts";
import { looksAtHeader, nameOf } from "../../rules/limit-by";
import { Match } from "../../rules/match";
import { allMatches, firstMatch } from "../../rules/matcher";
import { RuleMode } from "../../rules/rule-mode";
import { Metrics } from "../../telemetry/metrics";
import { Suspicions } from "../../telemetry/suspicions";
import { Unmatched } from "../../telemetry/unmatched";
import { RateLimitConfig } from "./config";

/** What a rule item that applies leaves to the garbage collector, beside the value that it looks at. */
const MATCH_BYTES = 192;
const NONE: Match[] = [];
/** The longest body, in bytes, that is held to read its model if nothing is reserved: in stock Envoy, and in Higress. */
const MODEL_BODY: i64 = 512 << 10;
const RAISED_MODEL_BODY: i64 = 8 << 20;
const CLOSE = closeFrame("token rate limit exceeded");

/**
 * One rate limit configuration at work: it knows which limits apply to a request, and the ledger that counts them. It lives as
 * long as its root's `Policies`, and as long as streams that began with it.
 */
@final
export class RateLimitPolicy extends Policy {
  /** The last value that was put into a counter's name, and its text there: several items may look at the same value. */
  private value: Bytes = EMPTY;
  private text: Bytes = EMPTY;
  /** Counts requests that no rule limits, and warns about them. */
  readonly unmatched: Unmatched;
  private readonly suspicions: Suspicions;
  /** How a body is held to read which model it is for: as long as for the strictest reservation that its call may need. */
  readonly holding: Reservation;

  constructor(
    readonly config: RateLimitConfig,
    ledger: Ledger,
    host: Host,
    metrics: Metrics,
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
    const most = host.raisesBufferLimit ? RAISED_MODEL_BODY : MODEL_BODY;
    let holding = config.reservation;
    for (let i = 0; i < config.items.length; ++i) holding = holding.orStricter(config.itemReservations[i]);
    this.holding = holding.isOn ? holding : new Reservation(ReservationMode.Off, 0, false, 0, 0, most);
    this.unmatched = new Unmatched(config.itemsPath, metrics);
    this.suspicions = new Suspicions(metrics);
  }

  /**
   * Finds the limits that apply to a request.
   * @param facts about the request; `begin` has been called with the questions of this configuration
   * @returns a ticket with the demand of the request, to be settled or closed exactly once; null if no rule matches, or if a
   * rule looks at something ambiguous, or the request needs more counters than a demand holds (`facts.ambiguity`)
   */
  match(facts: Facts): Ticket | null {
    const config = this.config;
    const global = config.globalLimit;
    const isAll = config.mode == RuleMode.AllMatch;
    const all = isAll ? allMatches(config.items, facts) : NONE;
    let first: Match | null = null;
    if (!isAll) first = firstMatch(config.items, facts);
    if (facts.ambiguity != Ambiguity.None) return null;
    if (global === null && first === null && all.length == 0) return null;
    discarded(MATCH_BYTES * (all.length + 1));

    const ticket = this.ledger.open();
    const demand = ticket.demand;
    demand.clear();
    demand.rule = config.ruleName;
    if (global !== null) this.addGlobal(demand, global);
    for (let i = 0; i < all.length && !demand.overflowed; ++i) this.addMatch(ticket, all[i]);
    if (first !== null) this.addMatch(ticket, first);
    if (global !== null) ticket.reservation = ticket.reservation.orStricter(config.reservation);
    demand.keep();
    ticket.wantsReadings = config.tellsReadings || demand.hasFlag(RowFlag.Shadow);
    this.value = this.text = EMPTY;
    if (!demand.overflowed) return ticket;
    facts.ambiguity = Ambiguity.TooManyValues;
    ticket.close();
    return null;
  }

  /** Looks for what is probably not meant. @param demand of the current call @param path of its request */
  inspect(demand: Demand, path: Bytes | null): void {
    const suspicions = this.suspicions;
    if (!suspicions.isDue) return;
    suspicions.look();
    const config = this.config;
    const redis = config.redis;
    const key = copyOf(demand.key(0), demand.keySize(0));
    const counter = new ByteBuilder(96).bytes(redis.cluster).byte(SLASH).decimal(redis.database).byte(SLASH);
    suspicions.counts(counter.bytes(callerText(key, this.voices.hash)).toBytes());
    // A parameter may hold a key.
    if (path === null || indexOf(path, QUESTION) >= 0) return;
    for (let i = 0; i < demand.length; ++i) {
      const item = demand.item(i);
      if (item < 0) continue;
      const subject = config.items[item].subject;
      if (looksAtHeader(subject.by)) return suspicions.header(subject.name, config.itemsPath.item(item));
    }
  }

  /** How a request is metered: for its model, if that is known without its body. */
  meteringOf(facts: HttpFacts): Metering {
    const metering = this.metering;
    if (metering.models === null) return metering;
    const model = facts.knownModel;
    return facts.awaitsBody && facts.modelInQuery === null ? metering : metering.of(model);
  }

  private addGlobal(demand: Demand, limit: Limit): void {
    const tagged = this.tagged(limit);
    for (let i = 0; i < limit.windows.length; ++i) {
      const window = limit.windows[i];
      appendGlobalCounterKey(demand.nextKey, this.config.ruleName, tagged, window);
      const flags = this.config.flags;
      demand.add(window.seconds, window.capacity, -1, -1, window.kind, window.detail, flags);
    }
  }

  private addMatch(ticket: Ticket, match: Match): void {
    const demand = ticket.demand;
    const reservation = this.config.itemReservations[match.subject.position];
    ticket.reservation = ticket.reservation.orStricter(reservation);
    const flags = this.config.itemFlags[match.subject.position];
    const ruleName = this.config.ruleName;
    const subject = match.subject;
    const limit = this.config.limits.get(match.limit);
    const tagged = this.tagged(limit);
    const windows = limit.windows;
    const by = nameOf(subject.by);
    const caller = this.callerOf(match);
    for (let i = 0; i < windows.length; ++i) {
      const window = windows[i];
      appendRuleCounterKey(demand.nextKey, ruleName, tagged, by, window, subject.name, caller);
      const detail = window.detail;
      demand.add(window.seconds, window.capacity, subject.position, match.key, window.kind, detail, flags);
    }
  }

  private callerOf(match: Match): Bytes {
    if (this.value !== match.value) {
      this.value = match.value;
      this.text = callerText(match.value, this.config.keyHash);
    }
    return this.text;
  }

  /** Whether the names of a limit's counters need the hash tag, because one script may touch several counters. */
  private tagged(limit: Limit): bool {
    return this.config.mode == RuleMode.AllMatch || limit.windows.length > 1;
  }
}
