import { borrowBuffer, MAX_PIECE } from "../../abi/buffers";
import { borrowedSize, release } from "../../abi/memory";
import { setEffectiveContext } from "../../abi/stream-control";
import { BufferType, Status } from "../../abi/types";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { ByteBuilder } from "../../bytes/builder";
import { NOT_A_NUMBER, parseInteger } from "../../bytes/decimal";
import { isDigit, PLUS, QUESTION } from "../../bytes/ascii";
import { BalanceChange, BalanceListener, BalanceVerb } from "../../ledger/balance-change";
import { readQuery } from "../../request/query";
import { AMBIGUOUS, Answers } from "../../request/answers";
import { Questions } from "../../rules/questions";
import { answerBadRequest, answerBalance, answerError } from "./answers";
import { QuotaPolicy } from "./policy";

/** Longer bodies are not read; the fields of an administrator take a fraction of it. */
const MAX_BODY: i32 = 8 << 10;

const FORM = new Questions();
const CONSUMER = FORM.param(bytesOf("consumer"));
const QUOTA = FORM.param(bytesOf("quota"));
const VALUE = FORM.param(bytesOf("value"));
const FIELDS = new Answers<Bytes>();

/** One request of an administrator, or of a consumer for its own balance; it belongs to the stream that has asked. */
@final
export class Administration implements BalanceListener {
  /** The body so far, after a question mark, because a form is written like a query. */
  private readonly form: ByteBuilder = new ByteBuilder(128, MAX_BODY);
  private consumer: Bytes = new ArrayBuffer(0);
  /** Whether the stream is there to be answered. */
  private isOpen: bool = true;
  private isAsked: bool = false;

  /**
   * @param stream the id of the stream to answer
   * @param isAdmin whether the administrator asks; only then does the answer include the error from Redis
   */
  constructor(
    private readonly stream: u32,
    private readonly policy: QuotaPolicy,
    private readonly verb: BalanceVerb,
    private readonly isAdmin: bool,
  ) {
    this.form.byte(QUESTION);
  }

  /** Reads the balance of a consumer. */
  read(consumer: Bytes): void {
    this.ask(consumer, 0);
  }

  /**
   * Reads a chunk of the request's body. A body that is too long is answered at once.
   * @param size the size of the chunk in the host's buffer, in bytes
   */
  body(size: u32): void {
    for (let from: u32 = 0; from < size && !this.form.overflowed; from += MAX_PIECE) {
      const piece = borrowBuffer(BufferType.HttpRequestBody, min(size - from, MAX_PIECE), from);
      if (piece != 0) this.form.at(piece, borrowedSize());
      release(piece);
    }
    // A host buffers only part of a held body, so its last chunk may never arrive.
    if (this.form.overflowed) this.end();
  }

  /** The request is complete: makes the change that its form asks for. Only the first call does so. */
  end(): void {
    if (this.isAsked || !this.isOpen) return;
    FIELDS.begin(FORM.paramCount);
    if (!this.form.overflowed) readQuery(this.form.toBytes(), FORM, FIELDS);
    const consumer = FIELDS.get(CONSUMER);
    const amount = amountOf(FIELDS.get(this.verb == BalanceVerb.Set ? QUOTA : VALUE));
    FIELDS.end();
    const isComplete = consumer !== null && consumer !== AMBIGUOUS && consumer.byteLength > 0;
    if (!isComplete || consumer === null || amount == NOT_A_NUMBER) {
      this.isOpen = false;
      answerBadRequest(this.verb);
      return;
    }
    this.ask(consumer, amount);
  }

  /** The stream has ended, and is not answered any more. */
  close(): void {
    this.isOpen = false;
  }

  onChanged(change: BalanceChange): void {
    if (!this.isOpen || setEffectiveContext(this.stream) != Status.Ok) return;
    this.isOpen = false;
    const problem = change.problem;
    if (problem !== null) answerError(this.isAdmin ? problem : null);
    else answerBalance(this.verb, this.consumer, change.balance);
  }

  private ask(consumer: Bytes, amount: i64): void {
    this.isAsked = true;
    this.consumer = consumer;
    this.policy.ledger.changeBalance(this, this.verb, this.policy.keyOf(consumer), amount);
  }
}

/** A signed decimal of 64 bits, with a plus or without; NOT_A_NUMBER for all else. */
function amountOf(text: Bytes | null): i64 {
  if (text === null || text === AMBIGUOUS || text.byteLength == 0) return NOT_A_NUMBER;
  const skip = load<u8>(addressOf(text)) == PLUS ? 1 : 0;
  // A digit must follow the plus.
  if (skip == 1 && (text.byteLength == 1 || !isDigit(load<u8>(addressOf(text), 1)))) return NOT_A_NUMBER;
  return parseInteger(addressOf(text) + skip, text.byteLength - skip);
}
