// A stream as the strict host keeps it.

export type Line = string | Uint8Array;
/** A header that comes in several lines has a list of them, in their order. */
export type Headers = Record<string, Line | readonly Line[]>;

export interface LocalResponse {
  code: number;
  details: string;
  body: string;
  headers: [string, string][];
  grpcStatus: number;
}

export interface Stream {
  id: number;
  root: number;
  request: Headers | null;
  /** The headers of the request as they were when the filter let them go on. */
  forwarded: Headers | null;
  response: Headers | null;
  /** The headers of the response while they can be read: in their own callback and, as in Envoy, in none but the last. */
  readable: Headers | null;
  /** What the buffer of the request's body shows now, and what is held of it. */
  requestBody: Uint8Array;
  heldBody: Uint8Array;
  body: Uint8Array;
  /** What the chunks that were shown last have become: what goes on to the server, and to the client. */
  toServer: Uint8Array;
  toClient: Uint8Array;
  localResponse: LocalResponse | null;
  continued: number;
  /** Whether the filter has ended both connections. */
  closed: boolean;
}

/** A stream of which nothing has arrived yet. */
export const newStream = (id: number, root: number): Stream => ({
  id,
  root,
  request: null,
  forwarded: null,
  response: null,
  readable: null,
  requestBody: new Uint8Array(),
  heldBody: new Uint8Array(),
  body: new Uint8Array(),
  toServer: new Uint8Array(),
  toClient: new Uint8Array(),
  localResponse: null,
  continued: 0,
  closed: false,
});

/** What knows the stream that host calls are about. */
export interface Streaming {
  readonly stream: Stream | undefined;
}
