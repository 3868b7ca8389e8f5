// Contract: the frames of a WebSocket are read the same wherever the network cuts them, and no bytes make the reader trap
// or find a message that is not there.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";
import { fuzz } from "../../support/fuzz.ts";
import { fragments, frame, masked, Opcode } from "../../support/websocket.ts";

interface Harness {
  read(bytes: ArrayBuffer, cuts: number[], isMasked: boolean): string;
  firstFrame(before: ArrayBuffer, bytes: ArrayBuffer): number;
}

let harness: Harness;
beforeAll(async () => {
  harness = await loadHarness<Harness>("tests/unit/usage/frames.harness.ts");
});

const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;
const read = (bytes: Uint8Array, cuts: number[] = [], isMasked = false): string =>
  harness.read(bufferOf(bytes), cuts, isMasked);

/** Reads it in one piece, and sees that every way of cutting it in two, and every byte alone, gives the same. */
function readHowever(bytes: Uint8Array, isMasked = false): string {
  const whole = read(bytes, [], isMasked);
  for (let cut = 0; cut <= bytes.length; ++cut)
    expect(read(bytes, [cut], isMasked), `cut at ${cut}`).toBe(whole);
  const every = Array.from({ length: bytes.length }, (_, i) => i);
  expect(read(bytes, every, isMasked)).toBe(whole);
  return whole;
}

describe("the frames of a WebSocket", () => {
  it("are read wherever they are cut: texts, binaries, empty ones, one after the other", () => {
    const frames = [
      frame("hello"),
      frame(""),
      frame(Buffer.from("bin"), { opcode: Opcode.Binary }),
      frame("x".repeat(125)),
      frame("y".repeat(126)),
    ];
    expect(readHowever(Buffer.concat(frames))).toBe(
      `T:hello||B:bin|T:${"x".repeat(125)}|T:${"y".repeat(126)}|`,
    );
  });

  it("may have lengths of 16 and 64 bits, also where they need not", () => {
    for (const lengthBytes of [0, 2, 8] as const) {
      expect(readHowever(frame("hello", { lengthBytes }))).toBe("T:hello|");
    }
    expect(read(frame("z".repeat(70_000))).length).toBe(70_003);
  });

  it("make one message of several, with control frames between them", () => {
    const [first, ...rest] = fragments("one message in pieces", 4);
    const ping = frame("p", { opcode: Opcode.Ping });
    const pong = frame("", { opcode: Opcode.Pong });
    const frames = [ping, first!, ping, ...rest.flatMap((piece) => [pong, piece]), frame("next")];
    expect(readHowever(Buffer.concat(frames))).toBe("T:one message in pieces|T:next|");
  });

  it("are unmasked where a client sends them", () => {
    const frames = [
      masked("hello, masked and long enough for eight bytes at a time"),
      ...fragments("in pieces too", 5, { key: Buffer.from([1, 2, 3, 4]) }),
      masked("p", { opcode: Opcode.Ping }),
      masked("end"),
    ];
    expect(readHowever(Buffer.concat(frames), true)).toBe(
      "T:hello, masked and long enough for eight bytes at a time|T:in pieces too|T:end|",
    );
  });

  it("are passed over, and counted, where a message is deflated; the next is read again", () => {
    const frames = [frame("deflated", { reserved: 0x40 }), frame("plain")];
    expect(read(Buffer.concat(frames))).toBe("U:8|T:plain|");
    const pieces = [
      frame("defl", { reserved: 0x40, fin: false }),
      frame("ated", { opcode: Opcode.Continuation }),
    ];
    expect(read(Buffer.concat(pieces))).toBe("U:8|");
  });

  it.each([
    ["a mask from the server", masked("hello"), false],
    ["no mask from the client", frame("hello"), true],
    ["a reserved bit", frame("hello", { reserved: 0x20 }), false],
    ["another reserved bit", frame("hello", { reserved: 0x10 }), false],
    ["a reserved opcode", frame("hello", { opcode: 3 }), false],
    ["a reserved opcode of control", frame("hello", { opcode: 11 }), false],
    ["a control frame in pieces", frame("hello", { opcode: Opcode.Ping, fin: false }), false],
    ["a long control frame", frame("h".repeat(126), { opcode: Opcode.Ping }), false],
    ["a deflated control frame", frame("hello", { opcode: Opcode.Ping, reserved: 0x40 }), false],
    ["the rest of no message", frame("hello", { opcode: Opcode.Continuation }), false],
    [
      "a message inside another",
      Buffer.concat([frame("hel", { fin: false }), frame("lo", { fin: false })]),
      false,
    ],
    ["a length above 2^63", Buffer.from([0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 5, 0x61, 0x62, 0x63]), false],
  ])("end with a mistake in the protocol: %s; the rest is unreadable, for good", (_, wrong, isMasked) => {
    const good = isMasked ? masked("after") : frame("after");
    const found = read(Buffer.concat([wrong, good]), [], isMasked);
    expect(found).toMatch(/^(T:hel)?U:\d+…$/);
    // All but the header of the frame with the mistake is counted.
    const counted = Number(/U:(\d+)/.exec(found)![1]);
    expect(counted).toBeGreaterThanOrEqual(good.length + 2);
    expect(read(Buffer.concat([good, wrong, good]), [], isMasked)).toMatch(/^T:after\|(T:hel)?U:\d+…$/);
  });

  it("may be of 2^63 - 1 bytes, which never end", () => {
    const endless = Buffer.from([0x81, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0x61, 0x62]);
    expect(read(endless)).toBe("T:ab…");
  });

  it("tell where the next of them begins, so that one can be put before it", () => {
    const both = Buffer.concat([frame("first"), frame("second")]);
    const at = (cut: number): number =>
      harness.firstFrame(bufferOf(both.subarray(0, cut)), bufferOf(both.subarray(cut)));
    expect(at(0)).toBe(0);
    expect(at(1)).toBe(6);
    expect(at(6)).toBe(1);
    expect(at(7)).toBe(0);
    expect(at(8)).toBe(-1);
  });

  it("trap for no bytes, and are the same however these are cut", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 40 }),
            fc
              .record({
                opcode: fc.constantFrom(0, 1, 2, 8, 9, 10, 3, 15),
                fin: fc.boolean(),
                reserved: fc.constantFrom(0, 0, 0, 0x40, 0x20),
                size: fc.integer({ min: 0, max: 300 }),
                isMasked: fc.boolean(),
              })
              .map(({ size, isMasked, ...rest }) => (isMasked ? masked : frame)("é".repeat(size / 2), rest)),
          ),
          { maxLength: 12 },
        ),
        fc.boolean(),
        fc.array(fc.nat(2000), { maxLength: 8 }),
        (parts, isMasked, places) => {
          const bytes = Buffer.concat(parts);
          const cuts = places.filter((at) => at <= bytes.length).sort((a, b) => a - b);
          expect(read(bytes, cuts, isMasked)).toBe(read(bytes, [], isMasked));
        },
      ),
      fuzz(),
    );
  });
});
