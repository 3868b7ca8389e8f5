// Frames of WebSockets (RFC 6455, section 5.2), right and wrong, for tests of what reads them.

export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

export interface FrameOptions {
  readonly opcode?: number;
  /** Whether it is the last frame of its message; true by default. */
  readonly fin?: boolean;
  /** RSV1, RSV2 and RSV3 as they stand in the first byte. */
  readonly reserved?: number;
  /** The masking key of a client's frame. */
  readonly key?: Uint8Array;
  /** In how many bytes the length stands, where it need not be so many. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** One frame. */
export function frame(payload: string | Uint8Array, options: FrameOptions = {}): Buffer {
  const { opcode = Opcode.Text, fin = true, reserved = 0, key } = options;
  const data = Buffer.from(payload);
  const lengthBytes = options.lengthBytes ?? (data.length < 126 ? 0 : data.length < 1 << 16 ? 2 : 8);
  const length = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) length.writeUInt16BE(data.length);
  if (lengthBytes === 8) length.writeBigUInt64BE(BigInt(data.length));
  const short = lengthBytes === 0 ? data.length : lengthBytes === 2 ? 126 : 127;
  const head = Buffer.from([(fin ? 0x80 : 0) | reserved | opcode, (key ? 0x80 : 0) | short]);
  if (key) data.forEach((byte, i) => (data[i] = byte ^ key[i % 4]!));
  return Buffer.concat([head, length, key ?? Buffer.alloc(0), data]);
}

/** A client's frame. */
export const masked = (payload: string | Uint8Array, options: FrameOptions = {}): Buffer =>
  frame(payload, { key: Buffer.from([0x37, 0xfa, 0x21, 0x3d]), ...options });

/** One message in frames of `size` bytes. */
export function fragments(payload: string | Uint8Array, size: number, options: FrameOptions = {}): Buffer[] {
  const data = Buffer.from(payload);
  const frames: Buffer[] = [];
  for (let from = 0; from === 0 || from < data.length; from += size) {
    const opcode = from === 0 ? (options.opcode ?? Opcode.Text) : Opcode.Continuation;
    frames.push(
      frame(data.subarray(from, from + size), { ...options, opcode, fin: from + size >= data.length }),
    );
  }
  return frames;
}

/** The usage that OpenAI's Realtime API reports of a response. */
export const responseDone = (input: number, output: number): string =>
  JSON.stringify({
    type: "response.done",
    event_id: "event_1",
    response: {
      object: "realtime.response",
      id: "resp_1",
      status: "completed",
      output: [
        { type: "message", role: "assistant", content: [{ type: "output_text", text: '{"usage":{"x":1}}' }] },
      ],
      usage: {
        total_tokens: input + output,
        input_tokens: input,
        output_tokens: output,
        input_token_details: { text_tokens: input, audio_tokens: 0, cached_tokens: 0 },
        output_token_details: { text_tokens: output, audio_tokens: 0 },
      },
    },
  });
