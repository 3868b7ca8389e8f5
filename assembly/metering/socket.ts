import { borrowBuffer, MAX_PIECE, replaceBuffer } from "../abi/buffers";
import { discarded } from "../abi/collector";
import { borrowedSize, release } from "../abi/memory";
import { closeStream } from "../abi/stream-control";
import { BufferType } from "../abi/types";
import { ByteBuilder } from "../bytes/builder";
import { addressOf, Bytes } from "../bytes/bytes";
import { AnswerName } from "../ledger/answer-name";
import { countsTokens } from "../ledger/counter-kind";
import { Decision, Outcome } from "../ledger/decision";
import { Ledger } from "../ledger/ledger";
import { Spending } from "../ledger/spending";
import { DecisionListener, Ticket } from "../ledger/ticket";
import { Metric, Metrics } from "../telemetry/metrics";
import { Consumption } from "../usage/consumption";
import { Conversation } from "../usage/conversation";
import { ReaderPool } from "../usage/reader-pool";
import { Metering } from "./meter";

/** Bytes per token of what cannot be read, as with compressed responses. */
const UNREADABLE_BYTES_PER_TOKEN: i64 = 4;
/** Once this many tokens are unreported, they are charged in advance and set off against later reports. */
const ADVANCE: i64 = 1 << 15;
/** Memory that a connection takes and leaves to the garbage collector, in bytes, about. */
const SOCKET_BYTES: u32 = 1024;
const RECHECK_BYTES: u32 = 32;

/** A ping of a client without content, masked by zeros: each server answers it at once. */
const PING = new ByteBuilder(6).byte(0x89).byte(0x80).byte(0).byte(0).byte(0).byte(0).toBytes();
const CLOSE_OPCODE: u8 = 0x08;
/** What the response is known by that is charged, if it can be fetched again. */
const NAME = new AnswerName();
const CONSUMED = new Consumption();

/** How far the closing of a connection has come. */
const enum State {
  Open,
  /** The client is above its limit, and what it sends is dropped. A ping makes the server say something. */
  Refusing,
  /** The close frame has been sent to it. */
  Closed,
}

/**
 * A connection that has become a WebSocket. Each response is charged as soon as its events report it. If that takes a counter
 * above its limit, a close frame replaces the next frame of the server; if the client sends something first, a ping replaces
 * it, to make the server send one. A connection of another kind is charged by its size, and reset.
 */
@final
export class Socket {
  /** Whether the connection has been upgraded. */
  isOpen: bool = false;
  private isWebSocket: bool = false;
  private readonly talk: Conversation;
  private readonly spending: Spending = new Spending();
  private state: State = State.Open;
  private clientBytes: i64 = 0;
  private serverBytes: i64 = 0;
  /** Tokens that were charged before they were reported. */
  private paid: i64 = 0;

  /**
   * @param ticket of the request that asked for the upgrade; it must stay open until `end` has returned
   * @param closing the frame that closes it when its caller is above a limit
   */
  constructor(
    private readonly ledger: Ledger,
    private readonly ticket: Ticket,
    private readonly metering: Metering,
    private readonly metrics: Metrics,
    readers: ReaderPool,
    private readonly closing: Bytes,
  ) {
    this.talk = new Conversation(readers);
    discarded(SOCKET_BYTES);
  }

  /** Frees the memory. The object must not be used afterwards. */
  dispose(): void {
    this.talk.dispose();
  }

  /** The connection has been upgraded. */
  open(isWebSocket: bool): void {
    this.isOpen = true;
    this.isWebSocket = isWebSocket;
  }

  /** Reads a chunk from the client. @param size of the chunk in the host's buffer, in bytes */
  fromClient(size: u32): void {
    let length = 0;
    let before = -1;
    let isClose = false;
    for (let from: u32 = 0; from < size; from += MAX_PIECE) {
      const piece = borrowBuffer(BufferType.HttpRequestBody, min(size - from, MAX_PIECE), from);
      if (piece == 0) break;
      this.talk.fromClient(piece, borrowedSize());
      const frame = this.talk.clientFrame;
      if (before < 0 && frame != 0) {
        before = length + <i32>(frame - piece);
        isClose = before == 0 && isCloseFrame(piece);
      }
      length += borrowedSize();
      release(piece);
    }
    if (length == 0) return;
    this.clientBytes += length;
    if (!this.isOpen) return;
    if (this.state == State.Open && !this.spending.isOver) {
      this.payAhead();
      // A client may have opened many connections when it was below its limit.
      if (this.spending.isStale()) new Recheck(this.ledger.openLike(this.ticket), this.spending).begin();
      return;
    }
    this.refuse(length, before, isClose);
  }

  /** Reads a chunk from the server. @param size of the chunk in the host's buffer, in bytes */
  fromServer(size: u32): void {
    const talk = this.talk;
    let length = 0;
    let before = -1;
    let isClose = false;
    for (let from: u32 = 0; from < size; from += MAX_PIECE) {
      const piece = borrowBuffer(BufferType.HttpResponseBody, min(size - from, MAX_PIECE), from);
      if (piece == 0) break;
      const pieceSize = borrowedSize();
      if (this.isWebSocket) {
        talk.fromServer(piece, pieceSize);
        while (talk.nextReport()) this.chargeReport();
        if (before < 0 && talk.serverFrame != 0) {
          before = length + <i32>(talk.serverFrame - piece);
          isClose = before == 0 && isCloseFrame(piece);
        }
      }
      length += pieceSize;
      release(piece);
    }
    if (length == 0) return;
    if (before < 0 && this.isWebSocket && talk.isBetweenServerFrames) before = length;
    this.serverBytes += length;
    this.payAhead();
    if (this.state == State.Open && !this.spending.isOver) return;
    this.close(length, before, isClose);
  }

  /** The connection has ended: charges what was not reported. Call it once, before `dispose`. */
  end(): void {
    if (this.isWebSocket) this.talk.finish();
    this.chargeEstimate(1);
  }

  private chargeReport(): void {
    const usage = this.talk.usage;
    if (usage.clamped) this.metrics.add(Metric.ClampedUsages);
    CONSUMED.set(usage.input, usage.cachedInput, usage.cacheWrite, usage.output, usage.reasoning);
    this.metrics.consumed(CONSUMED);
    const tokens = this.metering.weights.charge(CONSUMED);
    const id = this.talk.id;
    NAME.set(id.ptr, id.length, usage.input, usage.output, this.ticket.demand);
    const due = max<i64>(tokens - this.paid, 0);
    this.paid = max<i64>(this.paid - tokens, 0);
    this.charge(due);
    NAME.clear();
  }

  private charge(tokens: i64): void {
    if (tokens <= 0) return;
    const part = this.ledger.openLike(this.ticket);
    part.spending = this.spending;
    part.settle(tokens, NAME, true);
  }

  private payAhead(): void {
    this.chargeEstimate(ADVANCE);
  }

  /** Charges what has been neither reported nor charged, if that is at least `least` tokens. */
  private chargeEstimate(least: i64): void {
    if (!this.metering.estimates) return;
    let input = this.clientBytes / UNREADABLE_BYTES_PER_TOKEN;
    let output = this.serverBytes / UNREADABLE_BYTES_PER_TOKEN;
    if (this.isWebSocket) {
      input = this.talk.input;
      output = this.talk.output;
    }
    CONSUMED.set(input, 0, 0, output, 0);
    const due = this.metering.weights.charge(CONSUMED) - this.paid;
    if (due < least) return;
    this.paid += due;
    this.metrics.add(Metric.EstimatedTokens, due);
    this.charge(due);
  }

  /**
   * The client has sent `size` bytes, and is above its limit.
   * @param before how many of them belong to the frame before; -1 if all do
   */
  private refuse(size: i32, before: i32, isClose: bool): void {
    if (!this.isWebSocket) return this.cutOff();
    // It closes by itself, or answers the close frame: so will the server.
    if (isClose) return;
    if (this.state != State.Open) {
      replaceBuffer(BufferType.HttpRequestBody, size, 0, 0);
      this.talk.forgetInput();
    } else if (before >= 0) {
      this.state = State.Refusing;
      putFrame(BufferType.HttpRequestBody, size, before, PING);
      if (before == 0) this.talk.forgetInput();
    }
  }

  /** The server has sent `size` bytes, and the client is above its limit. @param before as there */
  private close(size: i32, before: i32, isClose: bool): void {
    // It closes too, and ends the connection.
    if (isClose && this.state == State.Closed) {
      replaceBuffer(BufferType.HttpResponseBody, size, 0, 0);
      return;
    }
    if (this.state == State.Closed || !this.isWebSocket) return this.cutOff();
    if (before < 0) return;
    this.state = State.Closed;
    this.metrics.add(Metric.ClosedConnections);
    putFrame(BufferType.HttpResponseBody, size, before, this.closing);
  }

  /** Ends the connection without a word. */
  private cutOff(): void {
    if (this.state != State.Closed) this.metrics.add(Metric.ClosedConnections);
    this.state = State.Closed;
    closeStream();
  }
}

/**
 * Asks what the counters hold, while the connection goes on. Where calls are counted, the connection is one of them already: so it
 * reserves nothing, and only tokens decide.
 */
@final
class Recheck implements DecisionListener {
  constructor(
    private readonly ticket: Ticket,
    private readonly spending: Spending,
  ) {
    discarded(RECHECK_BYTES);
  }

  begin(): void {
    this.ticket.read(this, false);
  }

  onDecided(decision: Decision): void {
    const demand = this.ticket.demand;
    if (decision.outcome == Outcome.Deny) this.spending.overFor(decision.retryAfterSeconds);
    for (let i = 0; i < demand.length && !demand.isPlain; ++i) {
      if (!countsTokens(demand.kind(i)) || !demand.isEnforced(i)) continue;
      if (demand.used(i) <= demand.capacity(i)) continue;
      this.spending.overFor(max((demand.resetMs(i) + 999) / 1000, 1));
    }
    this.ticket.close();
  }
}

/** Whether the frame at `ptr` closes the connection. */
function isCloseFrame(ptr: usize): bool {
  return (load<u8>(ptr) & 0x0f) == CLOSE_OPCODE;
}

/** Has a frame follow the first `before` of the `size` bytes in a buffer, instead of what follows them there. */
function putFrame(buffer: BufferType, size: i32, before: i32, frame: Bytes): void {
  const length = before + frame.byteLength;
  const bytes = heap.alloc(length);
  const old = before > 0 ? borrowBuffer(buffer, before) : 0;
  const kept = old != 0 ? min(borrowedSize(), before) : 0;
  memory.copy(bytes, old, kept);
  release(old);
  memory.copy(bytes + kept, addressOf(frame), frame.byteLength);
  replaceBuffer(buffer, size, bytes, kept + frame.byteLength);
  heap.free(bytes);
}

/** The frame with which a server closes because a policy is violated (1008; RFC 6455, section 7.4.1). @param reason in ASCII */
export function closeFrame(reason: string): Bytes {
  const frame = new ByteBuilder(64);
  return frame
    .byte(0x88)
    .byte(<u8>(2 + reason.length))
    .byte(0x03)
    .byte(0xf0)
    .text(reason)
    .toBytes();
}
