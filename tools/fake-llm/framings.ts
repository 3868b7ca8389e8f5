/** An event of a stream, before it is written in the framing of its API. */
export interface WireEvent {
  /** What kind of event it is, where the framing says so beside the data. */
  readonly name?: string;
  /** Members that are undefined are left out; a text is written as it is. */
  readonly data: object | string;
}

/** How the events of a stream are written. */
export interface Framing {
  readonly contentType: string;
  /** The bytes of each event, of a stream of these events and no other. */
  encode(events: readonly WireEvent[]): Buffer[];
}

/** A framing that writes each event on its own. */
function each(contentType: string, write: (event: WireEvent, index: number) => string): Framing {
  return { contentType, encode: (events) => events.map((event, i) => Buffer.from(write(event, i))) };
}

/** The data of an event as text. */
export function textOfData({ data }: WireEvent): string {
  return typeof data === "string" ? data : JSON.stringify(data);
}

/** Server-sent events (html.spec.whatwg.org, 9.2), with an `event:` line if the event has a name. */
export const SSE = each("text/event-stream", (event) => {
  const name = event.name === undefined ? "" : `event: ${event.name}\n`;
  return `${name}data: ${textOfData(event)}\n\n`;
});

/** Server-sent events of Gemini: CRLF. */
export const SSE_CRLF = each("text/event-stream", (event) => `data: ${textOfData(event)}\r\n\r\n`);

/** Server-sent events of DashScope: a number, a name, a comment with a status, and no space before the data. */
export const SSE_DASHSCOPE = each("text/event-stream;charset=UTF-8", (event, index) => {
  const name = event.name ?? "result";
  const status = name === "error" ? 500 : 200;
  return `id:${index + 1}\nevent:${name}\n:HTTP_STATUS/${status}\ndata:${textOfData(event)}\n\n`;
});

/** A JSON text a line. */
export const NDJSON = each("application/x-ndjson", (event) => `${textOfData(event)}\n`);

/** A JSON array that is sent element by element, as Gemini's is without `alt=sse`. */
export const JSON_ARRAY: Framing = {
  contentType: "application/json; charset=UTF-8",
  encode: (events) =>
    events.map(({ data }, i) => {
      const before = i === 0 ? "[" : ",\r\n";
      const after = i === events.length - 1 ? "]" : "";
      return Buffer.from(`${before}${JSON.stringify(data, null, 2)}\n${after}`);
    }),
};
