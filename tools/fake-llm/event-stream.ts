import { crc32 } from "node:zlib";
import { textOfData, type Framing, type WireEvent } from "./framings.ts";

/** The type of a header value that is a string. */
const STRING = 7;
const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;

/** What AWS calls an event stream: a binary message for each event. An event named `…Exception` is an exception. */
export const EVENT_STREAM: Framing = {
  contentType: "application/vnd.amazon.eventstream",
  encode: (events) => events.map(encodeEvent),
};

function encodeEvent(event: WireEvent): Buffer {
  const name = event.name ?? "";
  const type = name.endsWith("Exception") ? "exception" : "event";
  const headers = [
    [`:${type}-type`, name],
    [":content-type", "application/json"],
    [":message-type", type],
  ] as const;
  return encodeMessage(Buffer.concat(headers.map(encodeHeader)), Buffer.from(textOfData(event)));
}

function encodeHeader([name, value]: readonly [string, string]): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.of(Buffer.byteLength(name)),
    Buffer.from(name),
    Buffer.of(STRING),
    length,
    Buffer.from(value),
  ]);
}

/**
 * A message (smithy.io, "Amazon Event Stream Specification"; all numbers big endian):
 *
 *     ┌───────────┬─────────────┬─────────────┬─────────┬─────────┬─────────────┐
 *     │ total u32 │ headers u32 │ prelude CRC │ headers │ payload │ message CRC │
 *     └───────────┴─────────────┴─────────────┴─────────┴─────────┴─────────────┘
 */
function encodeMessage(headers: Buffer, payload: Buffer): Buffer {
  const message = Buffer.alloc(PRELUDE_BYTES + headers.length + payload.length + CRC_BYTES);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, PRELUDE_BYTES);
  payload.copy(message, PRELUDE_BYTES + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, -CRC_BYTES)), message.length - CRC_BYTES);
  return message;
}
