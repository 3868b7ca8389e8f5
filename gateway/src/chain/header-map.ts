/** One header; the name is lower case, both are latin1 strings (one char per byte). */
export type HeaderPair = readonly [name: string, value: string];

/**
 * Headers as Envoy keeps them: ordered, lower-case names, a name may occur several times, and a lookup
 * returns the first occurrence.
 */
export class HeaderMap {
  private pairs: HeaderPair[] = [];

  constructor(pairs: Iterable<HeaderPair> = []) {
    for (const [name, value] of pairs) this.add(name, value);
  }

  get size(): number {
    return this.pairs.length;
  }

  [Symbol.iterator](): Iterator<HeaderPair> {
    return this.pairs[Symbol.iterator]();
  }

  /** The first value, `undefined` when absent (an empty value is not absent). */
  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    return this.pairs.find(([key]) => key === lower)?.[1];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(name: string, value: string): void {
    this.pairs.push([name.toLowerCase(), value]);
  }

  /** Sets the value in place of the first occurrence and drops the others; adds it if there is none. */
  replace(name: string, value: string): void {
    const lower = name.toLowerCase();
    const first = this.pairs.findIndex(([key]) => key === lower);
    if (first < 0) {
      this.add(lower, value);
      return;
    }
    this.pairs[first] = [lower, value];
    this.pairs = this.pairs.filter(([key], index) => key !== lower || index === first);
  }

  remove(name: string): void {
    const lower = name.toLowerCase();
    this.pairs = this.pairs.filter(([key]) => key !== lower);
  }

  setAll(pairs: Iterable<HeaderPair>): void {
    this.pairs = [];
    for (const [name, value] of pairs) this.add(name, value);
  }
}

const NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a header from the guest can be put on the wire (RFC 9110, 5.1 and 5.5; a pseudo header too). */
export function isValidHeader(name: string, value: string): boolean {
  return NAME.test(name) && VALUE.test(value);
}
