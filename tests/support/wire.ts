// Wire formats between a proxy-wasm module and its host, read strictly: header pairs, and Redis commands and replies.
const decoder = new TextDecoder();

/** A RESP2 array with one more element behind the others; all else as it is. */
export function withNumber(reply: string, number: string): string {
  const [head, count] = /^\*(\d+)\r\n/.exec(reply) ?? [];
  if (head === undefined) return reply;
  return `*${Number(count) + 1}\r\n${reply.slice(head.length)}$${number.length}\r\n${number}\r\n`;
}

/** u32le count, then per pair u32le sizes, then per pair key NUL value NUL; the size must match exactly. */
export function parsePairs(bytes: Uint8Array): [string, string][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  const pairs: [string, string][] = [];
  let at = 4 + 8 * count;
  const read = (size: number): string => {
    const text = decoder.decode(bytes.subarray(at, at + size));
    if (bytes[at + size] !== 0) throw new Error("header pairs: a NUL is missing");
    at += size + 1;
    return text;
  };
  for (let i = 0; i < count; ++i) {
    const name = read(view.getUint32(4 + 8 * i, true));
    pairs.push([name, read(view.getUint32(8 + 8 * i, true))]);
  }
  if (at !== bytes.length) throw new Error("header pairs: wrong size");
  return pairs;
}

/** The same encoding; no pairs at all are no bytes. */
export function encodePairs(pairs: readonly [string, Uint8Array][]): Uint8Array {
  if (pairs.length === 0) return new Uint8Array();
  const numbers = new Uint32Array([
    pairs.length,
    ...pairs.flatMap(([name, value]) => [Buffer.byteLength(name), value.length]),
  ]);
  const texts = pairs.flatMap(([name, value]) => [Buffer.from(`${name}\0`), value, Buffer.from([0])]);
  return Buffer.concat([Buffer.from(numbers.buffer), ...texts]);
}

/** The arguments of exactly one RESP2 command. */
export function parseCommand(bytes: Uint8Array): Buffer[] {
  const buffer = Buffer.from(bytes);
  let at = 0;
  const line = (type: string): number => {
    const end = buffer.indexOf("\r\n", at);
    const text = buffer.toString("latin1", at, end);
    if (end < 0 || !new RegExp(`^\\${type}\\d+$`).test(text))
      throw new Error(`not a command: ${buffer.toString()}`);
    at = end + 2;
    return Number(text.slice(1));
  };
  const args: Buffer[] = [];
  for (let left = line("*"); left > 0; --left) {
    const size = line("$");
    args.push(buffer.subarray(at, at + size));
    if (buffer.toString("latin1", at + size, at + size + 2) !== "\r\n")
      throw new Error("a bulk string has no end");
    at += size + 2;
  }
  if (at !== buffer.length) throw new Error("bytes behind the command");
  return args;
}
