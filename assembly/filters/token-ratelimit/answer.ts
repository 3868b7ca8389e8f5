import { borrowBuffer } from "../../abi/buffers";
import { borrowHeader, getHeader } from "../../abi/headers";
import { borrowedSize, release } from "../../abi/memory";
import { BufferType, HeaderMapType } from "../../abi/types";
import { bytesOf, equals } from "../../bytes/bytes";
import { HEADERS } from "../../usage/formats";
import { UsageScanner } from "../../usage/scanner";
import { Readers } from "./readers";

const CONTENT_TYPE = bytesOf("content-type");
const CONTENT_ENCODING = bytesOf("content-encoding");
const IDENTITY = bytesOf("identity");

/**
 * The response of one call, while it passes: read by a scanner, which is borrowed for it, or measured where it is
 * compressed. Used for one call after the other.
 */
@final
export class Answer {
  /** What reads the body; null before its headers, and if it cannot be read. */
  scanner: UsageScanner | null = null;
  /** Whether the body is compressed, and how many bytes of it have passed. */
  isCompressed: bool = false;
  compressedBytes: i64 = 0;

  constructor(private readonly readers: Readers) {}

  /** Begins with another call. */
  begin(): void {
    this.isCompressed = false;
    this.compressedBytes = 0;
  }

  /** The headers have arrived. */
  headers(): void {
    if (this.scanner !== null) return;
    const encoding = getHeader(HeaderMapType.HttpResponseHeaders, CONTENT_ENCODING);
    this.isCompressed = encoding !== null && encoding.byteLength > 0 && !equals(encoding, IDENTITY);
    if (this.isCompressed) return;
    const type = borrowHeader(HeaderMapType.HttpResponseHeaders, CONTENT_TYPE);
    this.scanner = this.readers.borrowScanner(type, type != 0 ? borrowedSize() : 0);
    release(type);
  }

  /** The next `size` bytes of the body are in the host's buffer. */
  body(size: u32): void {
    if (this.isCompressed) this.compressedBytes += size;
    const scanner = this.scanner;
    if (scanner === null) return;
    const chunk = borrowBuffer(BufferType.HttpResponseBody, size);
    if (chunk != 0) scanner.feed(chunk, borrowedSize());
    release(chunk);
  }

  /** No more will come: what the body and, failing that, the headers report is known. */
  finish(scanner: UsageScanner): void {
    if (!scanner.usage.reported) offerHeaders(scanner);
    scanner.finish();
  }

  /** Gives back what was borrowed. */
  giveBack(): void {
    const scanner = this.scanner;
    if (scanner !== null) this.readers.returnScanner(scanner);
    this.scanner = null;
  }
}

/** Some APIs of Bedrock report their usage in headers only. */
function offerHeaders(scanner: UsageScanner): void {
  for (let i = 0; i < HEADERS.length; ++i) {
    const value = getHeader(HeaderMapType.HttpResponseHeaders, bytesOf(HEADERS[i].name));
    if (value !== null) scanner.header(i, value);
  }
}
