import { borrowBuffer } from "../../abi/buffers";
import { borrowHeader, getHeader } from "../../abi/headers";
import { borrowedSize, release } from "../../abi/memory";
import { BufferType, HeaderMapType } from "../../abi/types";
import { addressOf, bytesOf, equals } from "../../bytes/bytes";
import { HEADERS } from "../../usage/formats";
import { RequestMeter } from "../../usage/request-meter";
import { UsageScanner } from "../../usage/scanner";
import { Limiter } from "./limiter";

const STATUS = bytesOf(":status");
const CONTENT_TYPE = bytesOf("content-type");
const CONTENT_ENCODING = bytesOf("content-encoding");
const IDENTITY = bytesOf("identity");

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
  private scanner: UsageScanner | null = null;
  private isCompressed: bool = false;
  private compressedBytes: i64 = 0;

  constructor(private readonly limiter: Limiter) {}

  /** Begins with another call. */
  begin(): void {
    this.isCompressed = false;
    this.compressedBytes = 0;
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
    if (this.scanner !== null) return;
    const encoding = getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_ENCODING);
    this.isCompressed = encoding !== null && encoding.byteLength > 0 && !equals(encoding, IDENTITY);
    if (this.isCompressed) return;
    const type = borrowHeader(HeaderMapType.HttpResponseHeaders, CONTENT_TYPE);
    this.scanner = this.limiter.readers.borrowScanner(type, type != 0 ? borrowedSize() : 0);
    release(type);
  }

  /** The next `size` bytes of the response's body are in the host's buffer. */
  responseBody(size: u32): void {
    if (this.isCompressed) this.compressedBytes += size;
    const scanner = this.scanner;
    if (scanner === null) return;
    const chunk = borrowBuffer(BufferType.HttpResponseBody, size);
    if (chunk != 0) scanner.feed(chunk, borrowedSize());
    release(chunk);
  }

  /**
   * The tokens to charge for the call, weighted. To be called once.
   * @param isComplete whether the response has come to its end
   */
  total(isComplete: bool): i64 {
    const scanner = this.scanner;
    let tokens: i64 = 0;
    if (scanner !== null) tokens = this.ofResponse(scanner, isComplete);
    else if (this.isCompressed) tokens = this.ofCompressed();
    this.giveBack();
    return tokens;
  }

  private ofResponse(scanner: UsageScanner, isComplete: bool): i64 {
    const usage = scanner.usage;
    if (!usage.reported) this.offerHeaders(scanner);
    scanner.finish();
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
    return this.estimate(this.compressedBytes / COMPRESSED_BYTES_PER_TOKEN);
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
    const scanner = this.scanner;
    if (scanner !== null) this.limiter.readers.returnScanner(scanner);
    this.scanner = null;
  }

  /** Some APIs of Bedrock report their usage in headers only. */
  private offerHeaders(scanner: UsageScanner): void {
    for (let i = 0; i < HEADERS.length; ++i) {
      const value = getHeader(HeaderMapType.HttpResponseHeaders, bytesOf(HEADERS[i].name));
      if (value !== null) scanner.header(i, value);
    }
  }
}

/** Whether the response has a status of 2xx. */
function isSuccess(): bool {
  const status = getHeader(HeaderMapType.HttpResponseHeaders, STATUS);
  return status !== null && status.byteLength == 3 && load<u8>(addressOf(status)) == 0x32;
}
