import type { IncomingHttpHeaders } from "node:http";
import type { Completion, ModelRequest } from "../completion.ts";
import type { Json } from "../fields.ts";
import type { Framing, WireEvent } from "../framings.ts";

/** An API that the fake speaks. */
export interface Dialect {
  /** What `x-fake-dialect` calls it. */
  readonly name: string;
  /** The path without its query; what its named groups match is handed to `read`. */
  readonly path: RegExp;
  /** @throws InvalidRequest */
  read(request: DialectRequest): Call;
  /** `param` is the field at fault, if there is one. */
  readonly error: (status: number, message: string, param: string | null) => JsonReply;
}

export interface DialectRequest {
  readonly groups: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly json: Json;
}

/** A request as understood: what the model is asked, and how its answer is written. */
export interface Call extends ModelRequest {
  reply(completion: Completion): Reply;
}

/** A body, or events. Members that are undefined are not written, so `usage: undefined` leaves the usage out. */
export type Reply = JsonReply | StreamReply;

export interface JsonReply {
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** If it is not the one that was asked for. */
  readonly status?: number;
}

export interface StreamReply {
  readonly events: readonly WireEvent[];
  readonly framing: Framing;
  /** The event that tells of an error in the middle of the stream. */
  readonly failure: WireEvent;
}

/** What every error event says. */
export const FAILURE = "the fake model was told to fail here";

/** A constant, so that the same request always gets the same bytes. */
export const CREATED = 1_700_000_000;

/** The same as ISO 8601. */
export const CREATED_AT = new Date(CREATED * 1000).toISOString();
