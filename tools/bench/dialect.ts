// What Redis answers a filter. Ours and the published plugins send different commands, whose replies differ. Those to ours
// end with the number that the command ends with; the host fills it in.

export interface Dialect {
  name: "ours" | "ours without deadlines" | "published" | "published ai-quota";
  /** To the script that runs before the request: the counter holds so many tokens. */
  check(tokens: number): Uint8Array;
  /** To the script that runs after the response. */
  charge: Uint8Array;
  /** To a query of a balance. */
  balance(tokens: number): Uint8Array;
}

/** The remaining time of counters, and what they hold when a response was charged. */
const SECONDS = 30;
const CHARGED = 61;
/** What is left until the deadline of a charge that is made at once. */
const LEFT_MS = 141_000;
/** When a reservation lapses, by the clock of the bench's host. */
const LAPSES_AT_MS = 1_729_382_925_000;

/** The last element of a reply to ours, without the digits; the same bytes end our commands. */
const NUMBER = `$19\r\n${"0".repeat(19)}\r\n`;
/** So many bytes before the end of a command or reply its number begins, and so many digits has it. */
const FROM_END = 21;
const DIGITS = 19;

/** Writes the number that ends the command at `end` in `memory` to the end of a reply that has a place for it. */
export function number(reply: Uint8Array, memory: Uint8Array, end: number): void {
  const to = reply.length - FROM_END;
  // "$19": no reply to the published scripts has a string there.
  if (reply[to - 5] !== 0x24 || reply[to - 4] !== 0x31 || reply[to - 3] !== 0x39) return;
  const from = end - FROM_END;
  for (let i = 0; i < DIGITS; ++i) reply[to + i] = memory[from + i]!;
}

const bulk = (tokens: number): string => `$${String(tokens).length}\r\n${tokens}\r\n`;

function remembered(encode: (tokens: number) => string): (tokens: number) => Uint8Array {
  const encoded = new Map<number, Uint8Array>();
  return (tokens) => {
    let reply = encoded.get(tokens);
    if (reply === undefined) encoded.set(tokens, (reply = Buffer.from(encode(tokens))));
    return reply;
  };
}

/** A bulk string, the remaining milliseconds, and the number; then the time that is left, an integer, and the number. */
const OURS: Dialect = {
  name: "ours",
  check: remembered((tokens) => `*3\r\n${bulk(tokens)}:${SECONDS * 1000}\r\n${NUMBER}`),
  charge: Buffer.from(`*3\r\n:${LEFT_MS}\r\n:${CHARGED}\r\n${NUMBER}`),
  balance: remembered((tokens) => `*2\r\n${bulk(tokens)}${NUMBER}`),
};

/** Ours, before charges had deadlines: the same, but for the time that is left. */
const WITHOUT_DEADLINES: Dialect = {
  ...OURS,
  name: "ours without deadlines",
  charge: Buffer.from(`*2\r\n:${CHARGED}\r\n${NUMBER}`),
};
/** A time in milliseconds, as an argument of a command. */
const DEADLINE = /\r\n\$13\r\n\d{13}\r\n/;

/** What Redis replies to a reservation that is made: the output it grants, when it lapses, no correction, and the number. */
export function grantReply(tokens: number): Uint8Array {
  return Buffer.from(`*5\r\n:${tokens}\r\n:${LAPSES_AT_MS}\r\n:0\r\n$4\r\nheld\r\n${NUMBER}`);
}

/** What Redis replies to one that is not made: the counter, its remaining milliseconds, what is held on it, and the number. */
export function denialReply(tokens: number): Uint8Array {
  return Buffer.from(`*4\r\n${bulk(tokens)}:${SECONDS * 1000}\r\n:0\r\n${NUMBER}`);
}

/** Both times the threshold, the counter and the remaining seconds. */
function published(threshold: number): Dialect {
  const reply = (tokens: number): string => `*3\r\n:${threshold}\r\n:${tokens}\r\n:${SECONDS}\r\n`;
  return {
    name: "published",
    check: remembered(reply),
    charge: Buffer.from(reply(CHARGED)),
    balance: remembered(bulk),
  };
}

/** The balance, as a string for GET, as an integer for DECRBY. */
const PUBLISHED_QUOTA: Dialect = {
  name: "published ai-quota",
  check: remembered(bulk),
  charge: Buffer.from(`:${CHARGED}\r\n`),
  balance: remembered(bulk),
};

/**
 * The dialect of a filter, told by the commands of an allowed call: ours call their scripts by their SHA-1, the published
 * rate limiter sends their text, and the published ai-quota has none.
 */
export function dialectOf([check, charge]: Buffer[], threshold: number): Dialect {
  const [name] = /(?<=^\*\d+\r\n\$\d+\r\n)\w+/.exec(check?.toString("latin1") ?? "") ?? [];
  if (name?.toLowerCase() === "eval") return published(threshold);
  if (name?.toLowerCase() === "get") return PUBLISHED_QUOTA;
  return charge && !DEADLINE.test(charge.toString("latin1")) ? WITHOUT_DEADLINES : OURS;
}
