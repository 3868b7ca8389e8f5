import { BufferType, Status } from "../types.ts";
import type { Guest, ImportGroup } from "./guest.ts";

const MAX_U32 = 0xffff_ffff;

/** Bodies, configurations, replies to callouts. */
export function bufferImports(guest: Guest): ImportGroup {
  const bufferOf = (type: BufferType): Buffer | undefined => {
    if (type === BufferType.RedisResponse) return guest.callout.redisReply;
    if (type === BufferType.HttpCallBody) return guest.callout.http?.body;
    return guest.context()?.buffer(type);
  };
  return {
    proxy_get_buffer_bytes(type: BufferType, start: number, max: number, ptrSlot: number, sizeSlot: number) {
      const bytes = bufferOf(type);
      if (bytes === undefined) return Status.NotFound;
      const from = start >>> 0;
      const to = from + (max >>> 0);
      if (to > MAX_U32) return Status.BadArgument;
      // Past the end there is nothing, which is not an error.
      guest.memory.give(bytes.subarray(from, to), ptrSlot, sizeSlot);
      return Status.Ok;
    },
    proxy_get_buffer_status(type: BufferType, lengthSlot: number, flagsSlot: number) {
      const bytes = bufferOf(type);
      if (bytes === undefined) return Status.NotFound;
      guest.memory.writeU32(lengthSlot, bytes.length);
      guest.memory.writeU32(flagsSlot, 0);
      return Status.Ok;
    },
    proxy_set_buffer_bytes(type: BufferType, start: number, length: number, ptr: number, size: number) {
      const context = guest.context();
      const bytes = context?.buffer(type);
      if (!context || bytes === undefined) return Status.BadArgument;
      const edited = splice(bytes, start >>> 0, length >>> 0, guest.memory.copy(ptr, size));
      return edited === null ? Status.BadArgument : context.setBuffer(type, edited);
    },
  };
}

/** Envoy's two edits: replace the first bytes (start 0), which may be none or all, and append (start at or past the end). */
function splice(bytes: Buffer, start: number, length: number, data: Buffer): Buffer | null {
  if (start === 0) return Buffer.concat([data, bytes.subarray(length)]);
  if (start >= bytes.length) return Buffer.concat([bytes, data]);
  return null;
}
