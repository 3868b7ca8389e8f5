import type { IncomingHttpHeaders } from "node:http";
import type { ModelOptions } from "./completion.ts";
import { InvalidRequest } from "./fields.ts";
import { LANGUAGES } from "./languages.ts";

/**
 * What can be asked of the fake beside the request itself: by option for every request, by header for one. The header
 * of `delayMs` is `x-fake-delay-ms`, and so on; flags are `1` or `0`. A header that is misspelt or out of range is
 * answered 400.
 *
 * | switch         | value             | what happens                                                              |
 * | -------------- | ----------------- | ------------------------------------------------------------------------- |
 * | `dialect`      | name of a dialect | answers in it, where several share a path (see dialects/index.ts)          |
 * | `language`     | see languages.ts  | what the model speaks; `lorem` unless told                                 |
 * | `inputTokens`  | tokens            | so many are reported as input, instead of the words of the request         |
 * | `naturalTokens`| tokens            | where the answer ends by itself, if the request's limit lets it            |
 * | `cacheRead`    | tokens            | so many of the input were read from the provider's cache                   |
 * | `cacheWrite`   | tokens            | so many of the rest were written to it                                     |
 * | `reasoning`    | tokens            | so many of the output are reasoning                                        |
 * | `noUsage`      | flag              | usage is never reported                                                    |
 * | `delayMs`      | milliseconds      | before the first byte                                                      |
 * | `eventDelayMs` | milliseconds      | after each event, or piece                                                 |
 * | `error`        | status 400-599    | an error instead of an answer, as the dialect writes it                    |
 * | `openaiErrors` | flag              | errors before the answer are OpenAI's in every dialect                     |
 * | `errorAfter`   | events            | after so many events of a stream an error event, and the stream ends       |
 * | `abortAfter`   | events            | after so many events of a stream, or half of a JSON body, the connection   |
 * |                |                   | is closed; the body lacks the rest of its length, or its last chunk        |
 * | `reset`        | flag              | the connection is reset (RST) before the first byte                        |
 * | `framing`      | `length`          | `content-length`; unless told for JSON                                     |
 * |                | `chunked`         | chunked; unless told for streams                                           |
 * | `trailers`     | flag              | the trailer `x-fake-trailer: end` after the body, which is then chunked    |
 * | `gzip`         | `accepted`        | the body is compressed if the request accepts that                         |
 * |                | `forced`          | the body is compressed; each event can be read as soon as it was sent      |
 * | `pieceBytes`   | bytes             | the body, compressed or not, is sent in pieces of so many bytes            |
 *
 * They work together: a cut counts the events before it, compression comes before pieces.
 */
export interface Switches extends ModelOptions {
  readonly dialect: string | undefined;
  readonly delayMs: number;
  readonly eventDelayMs: number;
  readonly error: number | undefined;
  readonly openaiErrors: boolean;
  readonly errorAfter: number | undefined;
  readonly abortAfter: number | undefined;
  readonly reset: boolean;
  readonly framing: "length" | "chunked" | undefined;
  readonly trailers: boolean;
  readonly gzip: "accepted" | "forced" | undefined;
  readonly pieceBytes: number | undefined;
}

/** How the text of a switch is read. */
export interface SwitchReader<T> {
  readonly expected: string;
  /** `undefined` if the text is no value of the switch. */
  readonly read: (text: string) => T | undefined;
}

const count = (min: number, max: number): SwitchReader<number> => ({
  expected: `a whole number from ${min} to ${max}`,
  read: (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  },
});
const oneOf = <T extends string>(values: readonly T[]): SwitchReader<T> => ({
  expected: `one of ${values.join(", ")}`,
  read: (text) => values.find((value) => value === text),
});
/** A switch that is on or off. */
export const FLAG: SwitchReader<boolean> = {
  expected: "1 or 0",
  read: (text) => (text === "1" ? true : text === "0" ? false : undefined),
};

const MILLISECONDS = count(0, 600_000);
const TOKENS = count(0, 10_000_000);
const EVENTS = count(0, 1_000_000);

export const SWITCH_READERS: { readonly [K in keyof Switches]-?: SwitchReader<NonNullable<Switches[K]>> } = {
  dialect: { expected: "a dialect", read: (text) => text },
  language: oneOf(LANGUAGES),
  inputTokens: TOKENS,
  naturalTokens: TOKENS,
  cacheRead: TOKENS,
  cacheWrite: TOKENS,
  reasoning: TOKENS,
  noUsage: FLAG,
  delayMs: MILLISECONDS,
  eventDelayMs: MILLISECONDS,
  error: count(400, 599),
  openaiErrors: FLAG,
  errorAfter: EVENTS,
  abortAfter: EVENTS,
  reset: FLAG,
  framing: oneOf(["length", "chunked"]),
  trailers: FLAG,
  gzip: oneOf(["accepted", "forced"]),
  pieceBytes: count(1, 100_000_000),
};

const DEFAULTS: Switches = {
  dialect: undefined,
  language: "lorem",
  inputTokens: undefined,
  naturalTokens: undefined,
  cacheRead: 0,
  cacheWrite: 0,
  reasoning: 0,
  noUsage: false,
  delayMs: 0,
  eventDelayMs: 0,
  error: undefined,
  openaiErrors: false,
  errorAfter: undefined,
  abortAfter: undefined,
  reset: false,
  framing: undefined,
  trailers: false,
  gzip: undefined,
  pieceBytes: undefined,
};

const PREFIX = "x-fake-";

/** `delayMs` as headers and command lines write it: `delay-ms`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * The switches of one request: its headers, else the server's own.
 * @throws InvalidRequest if a header is no switch, or its value none of the switch.
 */
export function readSwitches(headers: IncomingHttpHeaders, options: Partial<Switches>): Switches {
  const names = new Map(Object.keys(SWITCH_READERS).map((name) => [PREFIX + kebab(name), name]));
  const read = Object.keys(headers)
    .filter((header) => header.startsWith(PREFIX))
    .map((header) => {
      const name = names.get(header) as keyof Switches | undefined;
      if (name === undefined) throw new InvalidRequest(`there is no switch ${header}`, header);
      const text = String(headers[header]);
      const { expected, read } = SWITCH_READERS[name];
      const value = read(text);
      if (value === undefined)
        throw new InvalidRequest(`${header}: expected ${expected}, got ${text}`, header);
      return [name, value] as const;
    });
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(set), ...Object.fromEntries(read) };
}
