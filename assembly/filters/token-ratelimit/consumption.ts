import { borrowBuffer } from "../../abi/buffers";
import { getHeader } from "../../abi/headers";
import { borrowedSize, release } from "../../abi/memory";
import { BufferType, HeaderMapType } from "../../abi/types";
import { addressOf, bytesOf } from "../../bytes/bytes";
import { RequestMeter } from "../../usage/request-meter";
import { UsageScanner } from "../../usage/scanner";
import { Answer } from "./answer";
import { Limiter } from "./limiter";

const STATUS = bytesOf(":status");

/**
 * Bytes of a compressed response per token, for want of anything better. An answer in one piece has about 2, a stream,
 * whose envelopes compress well, about 8.
 */
const COMPRESSED_BYTES_PER_TOKEN: i64 = 4;

/**
 * What one admitted call consumes: read out of its response, or estimated where that does not tell. Used for one call
 * after the other.
 */
@final
export class Consumption {
  private meter: RequestMeter | null = null;
  private readonly answer: Answer;

  constructor(private readonly limiter: Limiter) {
    this.answer = new Answer(limiter.readers);
  }

  /** Begins with another call. */
  begin(): void {
    this.answer.begin();
  }

  /** The next `size` bytes of the request's body are in the host's buffer. */
  requestBody(size: u32): void {
    if (!this.limiter.config.estimates) return;
    let meter = this.meter;
    if (meter === null) {
      meter = this.limiter.readers.borrowMeter();
      this.meter = meter;
    }
    const chunk = borrowBuffer(BufferType.HttpRequestBody, size);
    if (chunk != 0) meter.feed(chunk, borrowedSize());
    release(chunk);
  }

  /** The headers of the response have arrived. */
  responseHeaders(): void {
    this.answer.headers();
  }

  /** The next `size` bytes of the response's body are in the host's buffer. */
  responseBody(size: u32): void {
    this.answer.body(size);
  }

  /**
   * The tokens to charge for the call, weighted. To be called once.
   * @param isComplete whether the response has come to its end
   */
  total(isComplete: bool): i64 {
    const answer = this.answer;
    const scanner = answer.scanner;
    let tokens: i64 = 0;
    if (scanner !== null) tokens = this.ofResponse(scanner, isComplete);
    else if (answer.isCompressed) tokens = this.ofCompressed();
    this.giveBack();
    return tokens;
  }

  private ofResponse(scanner: UsageScanner, isComplete: bool): i64 {
    this.answer.finish(scanner);
    const usage = scanner.usage;
    const config = this.limiter.config;
    if (usage.clamped) this.limiter.counts.clampedUsage();
    if (!usage.reported) {
      return scanner.generated.any ? this.estimate(scanner.generated.tokens) : 0;
    }
    // A response that was cut off may have reported its beginning only: Anthropic's does.
    let output = usage.output;
    if (!isComplete && config.estimates) output = max(output, scanner.generated.tokens);
    return config.weights.charge(usage.input, usage.cachedInput, usage.cacheWrite, output, usage.reasoning);
  }

  private ofCompressed(): i64 {
    this.limiter.counts.compressedResponse();
    return this.estimate(this.answer.compressedBytes / COMPRESSED_BYTES_PER_TOKEN);
  }

  /** What a successful call is charged that reported no usage. */
  private estimate(output: i64): i64 {
    if (!this.limiter.config.estimates || !isSuccess()) return 0;
    const meter = this.meter;
    const input = meter !== null ? meter.tokens : 0;
    const tokens = this.limiter.config.weights.charge(input, 0, 0, output, 0);
    this.limiter.counts.estimated(tokens);
    return tokens;
  }

  private giveBack(): void {
    const meter = this.meter;
    if (meter !== null) this.limiter.readers.returnMeter(meter);
    this.meter = null;
    this.answer.giveBack();
  }
}

/** Whether the response has a status of 2xx. */
function isSuccess(): bool {
  const status = getHeader(HeaderMapType.HttpResponseHeaders, STATUS);
  return status !== null && status.byteLength == 3 && load<u8>(addressOf(status)) == 0x32;
}
