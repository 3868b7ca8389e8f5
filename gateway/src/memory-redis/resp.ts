import { ErrorReply, StatusReply, type CommandReply } from "./commands.ts";

/** The words of a command, an array of bulk strings, with one char per byte; `null` for anything else. */
export function decodeCommand(bytes: Buffer): string[] | null {
  const text = bytes.toString("latin1");
  const words: string[] = [];
  let at = text.indexOf("\r\n") + 2;
  const count = Number(/^\*(\d+)\r\n/.exec(text)?.[1] ?? NaN);
  for (let i = 0; i < count; i++) {
    const end = text.indexOf("\r\n", at);
    const length = end < 0 || text[at] !== "$" ? NaN : Number(text.slice(at + 1, end));
    if (!Number.isInteger(length) || end + 2 + length > text.length) return null;
    words.push(text.slice(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
  return words.length === count ? words : null;
}

/** The keys that a script is given by a command; none if it is another command. */
export function keysOfScript(query: Buffer): string[] {
  const words = decodeCommand(query) ?? [];
  return /^EVAL(SHA)?$/i.test(words[0] ?? "") ? words.slice(3, 3 + Number(words[2])) : [];
}

/** A reply as RESP2. */
export function encodeReply(reply: CommandReply): Buffer {
  return Buffer.from(encode(reply), "latin1");
}

/** An error as RESP2. */
export function encodeError(message: string): Buffer {
  return Buffer.from(encode(new ErrorReply(message)), "latin1");
}

function encode(reply: CommandReply): string {
  if (reply === null) return "$-1\r\n";
  if (reply instanceof StatusReply) return `+${reply.text}\r\n`;
  if (reply instanceof ErrorReply) return `-${reply.text.replace(/[\r\n]+/g, " ")}\r\n`;
  if (typeof reply === "number") return `:${Math.trunc(reply)}\r\n`;
  if (typeof reply === "string") return `$${reply.length}\r\n${reply}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join("")}`;
}
