// What Redis answers a filter. Ours and the published plugin send different scripts, whose replies differ.

export interface Dialect {
  name: "ours" | "published";
  /** To the script that runs before the request: the counter holds so many tokens. */
  check(tokens: number): Uint8Array;
  /** To the script that runs after the response. */
  charge: Uint8Array;
}

/** The remaining time of counters, and what they hold when a response was charged. */
const SECONDS = 30;
const CHARGED = 61;

function remembered(encode: (tokens: number) => string): (tokens: number) => Uint8Array {
  const encoded = new Map<number, Uint8Array>();
  return (tokens) => {
    let reply = encoded.get(tokens);
    if (reply === undefined) encoded.set(tokens, (reply = Buffer.from(encode(tokens))));
    return reply;
  };
}

/** A bulk string and the remaining milliseconds; then an integer. */
const OURS: Dialect = {
  name: "ours",
  check: remembered((tokens) => `*2\r\n$${String(tokens).length}\r\n${tokens}\r\n:${SECONDS * 1000}\r\n`),
  charge: Buffer.from(`*1\r\n:${CHARGED}\r\n`),
};

/** Both times the threshold, the counter and the remaining seconds. */
function published(threshold: number): Dialect {
  const reply = (tokens: number): string => `*3\r\n:${threshold}\r\n:${tokens}\r\n:${SECONDS}\r\n`;
  return { name: "published", check: remembered(reply), charge: Buffer.from(reply(CHARGED)) };
}

/**
 * The dialect of a filter, told by the first command that it sent: ours calls its scripts by their SHA-1, the published
 * plugin sends their text.
 */
export function dialectOf(command: Buffer | undefined, threshold: number): Dialect {
  const sendsText = command !== undefined && /^\*\d+\r\n\$4\r\neval\r\n/i.test(command.toString("latin1"));
  return sendsText ? published(threshold) : OURS;
}
