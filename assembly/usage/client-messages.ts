import {
  COLON,
  EQUALS,
  isDigit,
  isLetter,
  isSpace,
  LEFT_BRACE,
  PLUS,
  QUOTE,
  RIGHT_BRACE,
  SLASH,
} from "../bytes/ascii";
import { Messages } from "./messages";
import { ReaderPool } from "./reader-pool";
import { RequestMeter } from "../estimate/request-meter";

const enum Reading {
  /** JSON, read by a meter. */
  Json,
  /** Audio in base64, inside JSON. */
  Audio,
  /** What follows the audio. */
  AudioEnd,
  /** Audio or another file in binary form. */
  Media,
}

/** Stands in for the audio that the meter does not see, so that its JSON stays valid. */
const AUDIO_MEMBER: usize = memory.data<u8>([LEFT_BRACE, QUOTE, QUOTE, COLON, QUOTE, QUOTE]);
const AUDIO_MEMBER_SIZE: i32 = 6;

/**
 * Counts the tokens that a client sends over a WebSocket. They are estimated like those of request bodies. Only complete
 * messages count, because a model sees no others. The type and id of a message are not input, and base64 audio is billed
 * by its duration. Both are recognized without a full parse, because audio arrives in fifty small messages a second.
 *
 * Memory: a meter while a message is being read.
 */
@final
export class ClientMessages extends Messages {
  private reading: Reading = Reading.Json;
  private meter: RequestMeter | null = null;
  /** Bytes of media in the current message. */
  private mediaOfMessage: i64 = 0;

  constructor(private pool: ReaderPool) {
    super(true);
  }

  dispose(): void {
    this.returnMeter();
    super.dispose();
  }

  protected beginMessage(isText: bool): void {
    const head = this.head;
    if (!isText) {
      this.reading = Reading.Media;
      return this.read(head.ptr, head.length);
    }
    head.read();
    // In other events, a server may read `audio` as text.
    if (head.audio > 0 && head.startsWith("input_audio")) {
      this.reading = Reading.Audio;
      return this.read(head.ptr + head.audio, head.length - head.audio);
    }
    // The opening brace, then the members after type and id.
    if (head.rest > 0) this.readJson(AUDIO_MEMBER, 1);
    this.readJson(head.ptr + head.rest, head.length - head.rest);
  }

  protected read(ptr: usize, len: i32): void {
    if (this.reading == Reading.Media) {
      this.mediaOfMessage += len;
      return;
    }
    let at = ptr;
    const end = ptr + len;
    if (this.reading == Reading.Audio) {
      while (at < end && isBase64(load<u8>(at))) ++at;
      this.mediaOfMessage += at - ptr;
      if (at == end) return;
      if (load<u8>(at) == QUOTE) {
        this.reading = Reading.AudioEnd;
        ++at;
      } else {
        // It was not audio, or not only audio.
        this.readJson(AUDIO_MEMBER, AUDIO_MEMBER_SIZE - 1);
      }
    }
    if (this.reading == Reading.AudioEnd) {
      while (at < end && (load<u8>(at) == RIGHT_BRACE || isSpace(load<u8>(at)))) ++at;
      if (at == end) return;
      this.readJson(AUDIO_MEMBER, AUDIO_MEMBER_SIZE);
    }
    this.readJson(at, <i32>(end - at));
  }

  private readJson(ptr: usize, len: i32): void {
    let meter = this.meter;
    if (meter === null) {
      meter = this.pool.borrowMeter();
      this.meter = meter;
    }
    this.reading = Reading.Json;
    if (len > 0) meter.feed(ptr, len);
  }

  protected finishMessage(): bool {
    const meter = this.meter;
    if (meter !== null) this.text += meter.tokens;
    this.media += this.mediaOfMessage;
    this.mediaOfMessage = 0;
    this.returnMeter();
    return false;
  }

  private returnMeter(): void {
    const meter = this.meter;
    if (meter !== null) this.pool.returnMeter(meter);
    this.meter = null;
  }
}

function isBase64(c: u8): bool {
  return isLetter(c) || isDigit(c) || c == PLUS || c == SLASH || c == EQUALS;
}
