import {
  COLON,
  CR,
  EQUALS,
  isDigit,
  isLetter,
  LEFT_BRACE,
  LF,
  PLUS,
  QUOTE,
  RIGHT_BRACE,
  SLASH,
  SPACE,
  TAB,
} from "../bytes/ascii";
import { EventHead } from "./event-head";
import { FrameReader, Part } from "./frames";
import { isJsonLike } from "./json-like";
import { ReaderPool } from "./reader-pool";
import { RequestMeter } from "./request-meter";

/** How the current message is read. */
const enum Reading {
  /** Its beginning is being collected. */
  Head,
  /** As JSON, by a meter. */
  Json,
  /** Audio in base64, in its JSON. */
  Audio,
  /** What stands behind that. */
  AudioEnd,
  /** Audio or another file, as it is. */
  Media,
}

/** How a meter is told that audio stood before what it is given. */
const AUDIO_MEMBER: usize = memory.data<u8>([LEFT_BRACE, QUOTE, QUOTE, COLON, QUOTE, QUOTE]);
const AUDIO_MEMBER_SIZE: i32 = 6;

/**
 * What a client sends over a WebSocket: how many tokens its messages are, estimated as the bodies of requests are. Only
 * whole messages count, since a model sees no others. Type and id of a message are no input, and audio in base64 is
 * billed by its length in time: both are told apart at a glance, as it comes in fifty small messages a second.
 *
 * Memory: about 400 bytes, and a meter while a message goes on.
 */
@final
export class ClientMessages {
  /** Tokens of text, and bytes of media, in the messages since the last `forget()`. */
  text: i64 = 0;
  media: i64 = 0;
  /** Bytes that could not be read. */
  unreadable: i64 = 0;

  private frames: FrameReader = new FrameReader(true);
  private head: EventHead = new EventHead();
  private reading: Reading = Reading.Head;
  private isText: bool = false;
  private meter: RequestMeter | null = null;
  /** Media in the message that goes on. */
  private mediaOfMessage: i64 = 0;

  constructor(private pool: ReaderPool) {}

  dispose(): void {
    this.returnMeter();
    this.frames.dispose();
    this.head.dispose();
  }

  /** Reads the next `len` bytes at `ptr`, and unmasks them in place. */
  feed(ptr: usize, len: i32): void {
    const frames = this.frames;
    frames.feed(ptr, len);
    while (true) {
      switch (frames.next()) {
        case Part.More:
          return;
        case Part.End:
          this.endMessage();
          break;
        case Part.Unreadable:
          this.unreadable += frames.length;
          break;
        case Part.Text:
          this.isText = true;
          this.piece(frames.ptr, frames.length);
          break;
        default:
          this.isText = false;
          this.piece(frames.ptr, frames.length);
      }
    }
  }

  /** Where in the bytes fed last a frame begins, for the first time; 0 if none does. */
  get firstFrame(): usize {
    return this.frames.firstFrame;
  }

  /** The messages so far have been charged, or are none of ours. */
  forget(): void {
    this.text = 0;
    this.media = 0;
    this.unreadable = 0;
  }

  private piece(ptr: usize, len: i32): void {
    let at = ptr;
    const end = ptr + len;
    if (this.reading == Reading.Head) {
      at += this.head.take(at, len);
      if (!this.head.isFull) return;
      this.endHead();
    }
    this.read(at, <i32>(end - at));
  }

  /** The beginning is known: how is the rest to be read? */
  private endHead(): void {
    const head = this.head;
    if (!this.isText && !isJsonLike(head.ptr, head.length)) {
      this.reading = Reading.Media;
      return this.read(head.ptr, head.length);
    }
    head.read();
    if (head.audio > 0) {
      this.reading = Reading.Audio;
      return this.read(head.ptr + head.audio, head.length - head.audio);
    }
    // The brace, and what comes behind type and id.
    if (head.rest > 0) this.readJson(AUDIO_MEMBER, 1);
    this.readJson(head.ptr + head.rest, head.length - head.rest);
  }

  private read(ptr: usize, len: i32): void {
    if (len <= 0) return;
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
        // It was none, or not only.
        this.readJson(AUDIO_MEMBER, AUDIO_MEMBER_SIZE - 1);
      }
    }
    if (this.reading == Reading.AudioEnd) {
      while (at < end && (load<u8>(at) == RIGHT_BRACE || isBlank(load<u8>(at)))) ++at;
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

  private endMessage(): void {
    if (this.reading == Reading.Head && this.head.length > 0) this.endHead();
    const meter = this.meter;
    if (meter !== null) this.text += meter.tokens;
    this.media += this.mediaOfMessage;
    this.mediaOfMessage = 0;
    this.returnMeter();
    this.head.begin();
    this.reading = Reading.Head;
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

function isBlank(c: u8): bool {
  return c == SPACE || c == LF || c == CR || c == TAB;
}
