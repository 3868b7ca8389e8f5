import { borrowBuffer, MAX_PIECE, replaceBuffer } from "../abi/buffers";
import { removeHeader, replaceHeaderByNumber } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { setProperty } from "../abi/properties";
import { BufferType, HeaderMapType, Status } from "../abi/types";
import { Bytes, bytesOf } from "../bytes/bytes";
import { Ask, NO_RESERVATION, Reservation } from "../ledger/reservation";
import { Meter } from "../metering/meter";
import { Api } from "../request/api";
import { BODY } from "../request/body-headers";
import { BodyModel } from "../request/body-model";
import { copyWithCap, MAX_GROWTH, replacedFor } from "../request/cap-writer";
import { isDisguised } from "../request/free-endpoints";
import { HostRequest } from "../request/host-request";
import { OutputCaps } from "../request/output-caps";
import { TokenWeights, WEIGHT_SCALE } from "../usage/weights";

const CONTENT_LENGTH = bytesOf("content-length");

/** The property that sets how many bytes of a body Higress holds for a request. By default, its connections hold 32 KiB. */
const BUFFER_LIMIT = bytesOf("set_decoder_buffer_limit");
/** The value that Higress' own plugins set, so that none of them gets less than it has asked for. */
const RAISED = bytesOf("104857600");
/** A body up to this size, in bytes, is held even if the limit is not raised. */
const NEVER_TOO_LONG: i64 = 16 << 10;

/** Assumed bytes per token of a body that is not read, the same as for compressed responses. */
const UNREAD_BYTES_PER_TOKEN: i64 = 4;
/** The largest amount: above it, Redis' scripts lose digits. */
const MOST: i64 = 1 << 53;
const REQUEST = new HostRequest();

/**
 * The request of a call for which tokens are reserved, while its body is held. It reads from the body what the call may cost, and
 * writes into it what was granted. Call `begin` in the request headers callback.
 */
@final
export class HeldRequest {
  /** After `granted`: the cap that the body has now, in tokens, if it was lowered or added; else -1. */
  cap: i64 = -1;
  private readonly caps: OutputCaps = new OutputCaps();
  /** How the call reserves; as it may do at most, as long as that depends on the body. */
  reservation: Reservation = NO_RESERVATION;
  /** Made when a body is first read for the model that it is for. */
  private modelReader: BodyModel | null = null;
  private readsModel: bool = false;
  private api: Api = Api.Unknown;
  /** The bytes that have passed, and the length that the request announced; negative if that is unknown. */
  private bytes: i64 = 0;
  private announced: i64 = -1;
  /** Whether the request says that its body is encoded: such a body may be JSON although its bytes are not. */
  private isEncoded: bool = false;
  /** Whether the body may be changed. */
  private mayChange: bool = false;
  /** Whether the whole body has been read. */
  isWhole: bool = false;
  /** How much the tokens of the call count. */
  private weights: TokenWeights = TokenWeights.all();
  /** Whether the granted cap is to be written into the body; and the cap that was asked for, in tokens. */
  private clamps: bool = false;
  private wanted: i64 = 0;

  /**
   * @param holdsHeaders whether the headers are held too, until the body may go on
   * @param readsModel whether to read which model the body is for
   */
  begin(reservation: Reservation, api: Api, holdsHeaders: bool, readsModel: bool): void {
    this.reservation = reservation;
    this.readsModel = readsModel;
    if (readsModel) {
      const known = this.modelReader;
      const reader = known !== null ? known : new BodyModel();
      this.modelReader = reader;
      reader.begin();
    }
    this.clamps = false;
    // If a header may lead to another API, the answer may have output after all.
    this.api = api == Api.NoOutput && isDisguised(REQUEST) ? Api.Unknown : api;
    this.caps.begin(this.api);
    this.cap = -1;
    this.bytes = 0;
    this.isWhole = false;
    this.announced = BODY.length;
    this.isEncoded = BODY.isEncoded;
    this.mayChange = reservation.clamps && !BODY.isSigned;
    if (holdsHeaders || !this.mayChange || this.isJudgedBySize || this.api == Api.NoOutput) return;
    // The headers go ahead, and a cap may still make the body longer.
    removeHeader(HeaderMapType.HttpRequestHeaders, CONTENT_LENGTH);
  }

  dispose(): void {
    this.caps.dispose();
    const reader = this.modelReader;
    if (reader !== null) reader.dispose();
  }

  /** The model that the body is for; `AMBIGUOUS`, or null if that is not known. Ask once, after `finish` if the body has ended. */
  get model(): Bytes | null {
    const reader = this.modelReader;
    return reader !== null && this.readsModel && this.isWhole && !this.isEncoded ? reader.finish() : null;
  }

  /** Whether the call is judged by the size of its body, because that is too long to be held. */
  get isJudgedBySize(): bool {
    return this.announced > this.reservation.maxBodyBytes;
  }

  /**
   * Makes Higress hold enough of the body for this filter to decide. Otherwise Higress stops reading when the buffer of the
   * connection is full, and the request waits forever.
   */
  raiseBufferLimit(): void {
    if (this.announced < 0 || this.announced > NEVER_TOO_LONG) setProperty(BUFFER_LIMIT, RAISED);
  }

  /** Whether more of the body has passed than is held. */
  get isTooLong(): bool {
    return this.bytes > this.reservation.maxBodyBytes;
  }

  /** Reads a chunk of the body. @param size of the chunk in the host's buffer, in bytes */
  read(size: u32, meter: Meter): void {
    this.bytes += size;
    for (let from: u32 = 0; from < size; from += MAX_PIECE) {
      const piece = borrowBuffer(BufferType.HttpRequestBody, min(size - from, MAX_PIECE), from);
      if (piece != 0) {
        const length = borrowedSize();
        meter.requestPiece(piece, length);
        this.caps.feed(piece, length);
        const reader = this.modelReader;
        if (reader !== null && this.readsModel) reader.feed(piece, length);
      }
      release(piece);
    }
  }

  /** The body has ended. @param canBeWritten whether the host's buffer will have all of it when Redis replies */
  finish(canBeWritten: bool): void {
    this.isWhole = true;
    if (!canBeWritten) this.mayChange = false;
    this.caps.finish();
  }

  /** Writes what the call asks for. @param input the estimate of what was read, in tokens */
  ask(ask: Ask, input: i64, weights: TokenWeights): void {
    this.weights = weights;
    const caps = this.caps;
    const reservation = this.reservation;
    const size = max(this.announced, this.bytes);
    const tokens = this.isWhole ? input : max(input, size / UNREAD_BYTES_PER_TOKEN);
    const stated = this.stated;
    this.wanted = stated >= 0 ? stated : reservation.defaultOutputTokens;
    this.clamps =
      this.mayChange &&
      reservation.clamps &&
      this.isWhole &&
      caps.canWrite &&
      this.api > Api.Ambiguous &&
      !this.escapesCaps;
    if (this.clamps && caps.wantedCap >= 0) this.wanted = caps.wantedCap;
    ask.input = weighed(tokens, max(weights.input, weights.cacheWrite));
    ask.output = ask.least = this.api == Api.NoOutput ? 0 : this.weigh(this.wanted, weights);
    ask.isAssumed = false;
    ask.model = this.isWhole && caps.isJson ? caps.model : -1;
    // A ceiling is only as hard as the estimates are high, and who teaches them is the caller.
    ask.mayShrink = !reservation.clamps;
    if (this.clamps) {
      const least = max(reservation.minOutputTokens, caps.leastCap);
      ask.least = this.weigh(min(this.wanted, least), weights);
    } else if (stated < 0 && this.api != Api.NoOutput) {
      const isUnlimited = this.isUnlimited;
      ask.isAssumed = !isUnlimited;
      if (isUnlimited) ask.output = this.weigh(i64.MAX_VALUE, weights);
      ask.least = isUnlimited && this.evades ? ask.output : 0;
    }
  }

  /**
   * Writes the output that was granted into the body, in every place that has a cap.
   * @param granted weighted tokens
   * @param isShown whether the host's buffer holds the whole body
   * @returns false if that was needed, but cannot be done: the call must not pass
   */
  granted(granted: i64, isShown: bool): bool {
    const cap = this.capFor(granted, this.weights);
    const replaced = this.clamps ? replacedFor(this.caps, cap) : 0;
    if (replaced == 0) return true;
    if (!isShown || !this.write(cap, replaced)) return false;
    this.cap = cap;
    return true;
  }

  /** Writes a cap into the first `replaced` bytes of the body. @returns false if the host does not show all of it */
  private write(cap: i64, replaced: i32): bool {
    const size = <i32>this.bytes;
    const body = borrowBuffer(BufferType.HttpRequestBody, size);
    if (body == 0) return false;
    let status = Status.NotFound;
    if (borrowedSize() == size) {
      // A buffer this large must be freed at once, not at the next garbage collection.
      const written = heap.alloc(replaced + MAX_GROWTH);
      const length = copyWithCap(this.caps, body, cap, written);
      status = replaceBuffer(BufferType.HttpRequestBody, replaced, written, length);
      heap.free(written);
      if (length > replaced) this.correctLength(size + length - replaced);
    }
    release(body);
    return status == Status.Ok;
  }

  /** Whether the server may answer with a call that the caps in the body, and what is written into them, do not limit. */
  private get escapesCaps(): bool {
    return this.reservation.clamps && this.caps.hasFallbacks;
  }

  /** The output for which room is needed because the caller states it, in tokens; -1 if none is. */
  private get stated(): i64 {
    const caps = this.caps;
    if (!this.isWhole || this.api == Api.Ambiguous || this.escapesCaps) return -1;
    // A cap that the server may ignore counts too, if it is no less than the output that would be assumed without it.
    return max(caps.statedCap, caps.wantedCap >= this.reservation.defaultOutputTokens ? caps.wantedCap : -1);
  }

  /**
   * Whether the output should be limited, and cannot be. If the body is too long, encoded, signed, lists fallbacks, or cannot be
   * written, the call reserves all that is left, so that no other call passes at the same time.
   */
  private get isUnlimited(): bool {
    const isLimited = this.caps.rule !== null || this.api == Api.Ambiguous;
    return this.reservation.clamps && isLimited && !(this.isWhole && this.bytes == 0);
  }

  /**
   * Whether the output cannot be limited for a reason that no honest client has: a path that may lead anywhere, more caps than
   * can be kept, a list in place of a cap, or something that only a lenient server accepts as JSON. Such a call may cost any
   * amount, so there is no room for it.
   */
  private get evades(): bool {
    return this.api == Api.Ambiguous || (this.isWhole && !this.isEncoded && !this.caps.canWrite);
  }

  /** The cap in tokens for each output that an amount of weighted tokens pays for. */
  private capFor(granted: i64, weights: TokenWeights): i64 {
    const weight = weights.dearestOutput;
    let cap = this.wanted;
    if (weight > 0) {
      const tokens = (min(granted, i64.MAX_VALUE / WEIGHT_SCALE) * WEIGHT_SCALE) / weight;
      cap = min(cap, tokens / this.caps.multiplier);
    }
    return cap;
  }

  /** Corrects `content-length` when the body has become longer, unless there was none. */
  private correctLength(size: i32): void {
    if (this.announced < 0) return;
    replaceHeaderByNumber(HeaderMapType.HttpRequestHeaders, CONTENT_LENGTH, size);
  }

  /** What a number of tokens for each output costs at most, weighted. */
  private weigh(tokens: i64, weights: TokenWeights): i64 {
    const weight = weights.dearestOutput;
    const outputs = this.isWhole ? max(this.caps.multiplier, 1) : 1;
    if (tokens > MOST / outputs) return weight > 0 ? MOST : 0;
    return weighed(tokens * outputs, weight);
  }
}

/** Tokens times a weight in ten-thousandths, rounded up; at most `MOST`. */
function weighed(tokens: i64, weight: i64): i64 {
  if (weight == 0) return 0;
  if (tokens > MOST / weight) return min(MOST, (tokens / WEIGHT_SCALE) * weight);
  return min(MOST, (tokens * weight + WEIGHT_SCALE - 1) / WEIGHT_SCALE);
}
