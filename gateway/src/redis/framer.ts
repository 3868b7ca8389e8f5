/** The bytes cannot be RESP, or exceed a bound; the connection is unusable from here on. */
export class RespError extends Error {}

const CR = 0x0d;
const LF = 0x0a;
const MAX_DEPTH = 32;
/** Longest line (a simple string, an error, a length) and longest single reply, in bytes. */
const MAX_LINE = 64 * 1024;
const MAX_REPLY = 64 * 1024 * 1024;

/** Types whose whole value is the rest of the line. */
const LINES = "+-:_#,(";
/** Types followed by a length and that many bytes and CRLF. */
const BULKS = "$=!";
/** Types followed by a count of values; a map's and an attribute's entries are two values each. */
const AGGREGATES: Readonly<Record<string, number>> = { "*": 1, "~": 1, ">": 1, "%": 2, "|": 2 };

/**
 * Cuts a byte stream into complete replies of RESP2 or RESP3, whatever the chunks. It only finds where a
 * reply ends; what it says is for the filter. An attribute (`|`) belongs to the reply that follows it.
 */
export class RespFramer {
  private buffered: Buffer = Buffer.alloc(0);
  /** First byte not yet examined. Everything before it belongs to the reply under way. */
  private position = 0;
  /** Values still missing, per open aggregate; the outermost entry is the reply itself. */
  private missing: number[] = [1];

  /**
   * Takes a chunk and returns the replies it completes, in order.
   * @throws RespError on bytes that are not RESP, nesting beyond 32, lines beyond 64 KiB, replies beyond 64 MiB.
   */
  push(chunk: Buffer): Buffer[] {
    this.buffered = this.buffered.length > 0 ? Buffer.concat([this.buffered, chunk]) : chunk;
    const replies: Buffer[] = [];
    while (this.readValue()) {
      if (this.missing.length > 0) continue;
      replies.push(Buffer.from(this.buffered.subarray(0, this.position)));
      this.buffered = this.buffered.subarray(this.position);
      this.position = 0;
      this.missing = [1];
    }
    if (this.buffered.length > MAX_REPLY) throw new RespError(`a reply exceeds ${MAX_REPLY} bytes`);
    return replies;
  }

  /** Reads one scalar or one aggregate's head; false if its bytes are not all there yet. */
  private readValue(): boolean {
    const lineEnd = this.findLineEnd();
    if (lineEnd < 0) return false;
    const type = String.fromCharCode(this.buffered[this.position] ?? 0);
    const after = lineEnd + 2;

    if (LINES.includes(type)) {
      this.complete(after);
    } else if (BULKS.includes(type)) {
      const length = this.readLength(lineEnd);
      const end = length < 0 ? after : after + length + 2;
      if (end > this.buffered.length) return this.waitFor(end);
      if (length >= 0 && (this.buffered[end - 2] !== CR || this.buffered[end - 1] !== LF))
        throw new RespError("a bulk string does not end where its length says");
      this.complete(end);
    } else {
      const width = AGGREGATES[type];
      if (width === undefined) throw new RespError(`unknown reply type ${JSON.stringify(type)}`);
      this.open(this.readLength(lineEnd) * width, type === "|");
      this.position = after;
      this.closeFull();
    }
    return true;
  }

  private findLineEnd(): number {
    const lf = this.buffered.indexOf(LF, this.position);
    const length = (lf < 0 ? this.buffered.length : lf) - this.position;
    if (length > MAX_LINE) throw new RespError(`a line exceeds ${MAX_LINE} bytes`);
    if (lf < 0) return -1;
    if (lf === this.position || this.buffered[lf - 1] !== CR)
      throw new RespError("a line does not end in CRLF");
    return lf - 1;
  }

  private readLength(lineEnd: number): number {
    const text = this.buffered.toString("latin1", this.position + 1, lineEnd);
    const length = /^(-1|\d{1,10})$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(length) || length > MAX_REPLY)
      throw new RespError(`not a length: ${JSON.stringify(text)}`);
    return length;
  }

  private waitFor(end: number): false {
    if (end > MAX_REPLY) throw new RespError(`a reply exceeds ${MAX_REPLY} bytes`);
    return false;
  }

  private complete(end: number): void {
    this.position = end;
    this.count();
    this.closeFull();
  }

  /** A null aggregate (-1) has no values, like an empty one. An attribute is no value of what it stands in. */
  private open(values: number, isAttribute: boolean): void {
    if (!isAttribute) this.count();
    this.missing.push(Math.max(values, 0));
    if (this.missing.length > MAX_DEPTH) throw new RespError(`nested deeper than ${MAX_DEPTH}`);
  }

  private count(): void {
    const top = this.missing.length - 1;
    this.missing[top] = (this.missing[top] ?? 0) - 1;
  }

  private closeFull(): void {
    while (this.missing.length > 0 && this.missing[this.missing.length - 1] === 0) this.missing.pop();
  }
}
