/** Body bytes as they came, joined only when someone looks at them as a whole. */
export class Chunks {
  private readonly list: Buffer[];
  private total: number;

  constructor(...chunks: Buffer[]) {
    this.list = chunks;
    this.total = chunks.reduce((sum, { length }) => sum + length, 0);
  }

  get size(): number {
    return this.total;
  }

  /** No chunk at all; an empty chunk counts as one. */
  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  append(other: Chunks): void {
    for (const chunk of other.list) this.list.push(chunk);
    this.total += other.total;
  }

  get bytes(): Buffer {
    const [only] = this.list;
    if (only !== undefined && this.list.length === 1) return only;
    this.bytes = Buffer.concat(this.list);
    return this.bytes;
  }

  set bytes(bytes: Buffer) {
    this.list.splice(0, Infinity, bytes);
    this.total = bytes.length;
  }
}
