// Contract of assembly/bytes/sha256.ts: SHA-256 as in FIPS 180-4 and HMAC-SHA-256 as in RFC 2104. The vectors are those of
// NIST (FIPS 180-2, appendix B; SHA256ShortMsg and SHA256LongMsg of the CAVP) and of RFC 4231.
import fc from "fast-check";
import { createHash, createHmac } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  digest(message: ArrayBuffer): ArrayBuffer;
  digestInPieces(message: ArrayBuffer, sizes: number[]): ArrayBuffer;
  hmac(key: ArrayBuffer, message: ArrayBuffer): ArrayBuffer;
}

let sha: Harness;
beforeAll(async () => {
  sha = await loadHarness<Harness>("tests/unit/bytes/sha256.harness.ts");
});

const bytes = (data: string | Uint8Array): ArrayBuffer => Uint8Array.from(Buffer.from(data)).buffer;
const hex = (data: ArrayBuffer): string => Buffer.from(data).toString("hex");

describe("SHA-256", () => {
  it.each([
    ["nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["24 bits", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "448 bits",
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    [
      "896 bits",
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ],
    [
      "a million letters",
      "a".repeat(1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ],
  ])("of NIST's example of %s is NIST's", (_, message, expected) =>
    expect(hex(sha.digest(bytes(message)))).toBe(expected),
  );

  it.each([
    ["d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"],
    ["5738c929c4f4ccb6", "963bb88f27f512777aab6c8b1a02c70ec0ad651d428f870036e1917120fb48bf"],
    ["0a27847cdc98bd6f62220b046edd762b", "80c25ec1600587e7f28b18b1b18e3cdc89928e39cab3bc25e4d4a4c139bcedc4"],
  ])("of the bytes %s is NIST's", (message, expected) =>
    expect(hex(sha.digest(bytes(Buffer.from(message, "hex"))))).toBe(expected),
  );

  it("of any length is Node's, in one piece or in many", () => {
    for (let length = 0; length < 300; ++length) {
      const message = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 255));
      expect(hex(sha.digest(bytes(message)))).toBe(createHash("sha256").update(message).digest("hex"));
    }
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), sizes, (message, pieces) => {
        expect(hex(sha.digestInPieces(bytes(message), pieces))).toBe(
          createHash("sha256").update(message).digest("hex"),
        );
      }),
    );
  });
});

describe("HMAC-SHA-256", () => {
  it.each([
    ["1", "0b".repeat(20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [
      "2",
      Buffer.from("Jefe").toString("hex"),
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "6",
      "aa".repeat(131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ])("of test case %s of RFC 4231 is that of the RFC", (_, key, message, expected) =>
    expect(hex(sha.hmac(bytes(Buffer.from(key, "hex")), bytes(message)))).toBe(expected),
  );

  it("is Node's, for keys and messages of any length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), fc.uint8Array({ maxLength: 300 }), (key, message) => {
        expect(hex(sha.hmac(bytes(key), bytes(message)))).toBe(
          createHmac("sha256", key).update(message).digest("hex"),
        );
      }),
    );
  });
});
