// The host calls about buffers: the chunk of a body, which may be replaced as a whole, of a request also at its beginning, and what is only handed over.
import { Status, type Calls, type GuestMemory } from "./memory.ts";
import type { Streaming } from "./stream.ts";

const Buffers = { RequestBody: 0, ResponseBody: 1, PluginConfiguration: 7, RedisReply: 9 } as const;

/** What the host hands over in a callback, each null outside of its own. */
export interface HandedOver {
  pluginConfiguration: Uint8Array | null;
  redisReply: Uint8Array | null;
}

export function bufferCalls(
  memory: GuestMemory,
  host: Streaming,
  handedOver: HandedOver,
): Calls<"proxy_get_buffer_bytes" | "proxy_set_buffer_bytes"> {
  const bufferOf = (type: number): Uint8Array | null | undefined => {
    if (type === Buffers.RequestBody) return host.stream?.requestBody;
    if (type === Buffers.ResponseBody) return host.stream?.body;
    if (type === Buffers.PluginConfiguration) return handedOver.pluginConfiguration;
    return type === Buffers.RedisReply ? handedOver.redisReply : null;
  };
  return {
    proxy_get_buffer_bytes: (type: number, start: number, max: number, ptrSlot: number, sizeSlot: number) => {
      const buffer = bufferOf(type);
      if (!buffer) return Status.NotFound;
      return memory.give(buffer.slice(start, start + (max >>> 0)), ptrSlot, sizeSlot);
    },
    proxy_set_buffer_bytes: (type: number, start: number, size: number, data: number, length: number) => {
      const stream = host.stream;
      const name = type === Buffers.RequestBody ? "requestBody" : "body";
      if (!stream || type > Buffers.ResponseBody || stream[name].length === 0) return Status.BadArgument;
      const isPrefix = type === Buffers.RequestBody && size <= stream[name].length;
      if (start !== 0 || !(isPrefix || size === stream[name].length))
        throw new Error(`set_buffer(${start}, ${size})`);
      stream[name] = Buffer.concat([memory.bytes(data, length), stream[name].subarray(size)]);
      return Status.Ok;
    },
  };
}
