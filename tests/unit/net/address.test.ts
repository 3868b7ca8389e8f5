// Contract of assembly/rules address, cidr and cidr-table: strict parsing, canonical text, first configured block wins.
// Specified in RFC 4291 2.2 (text forms), RFC 5952 (canonical text), RFC 4632 (CIDR), and the docstrings there.
import fc from "fast-check";
import { BlockList, isIP } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  canonical(b: ArrayBuffer, leadingZeros: boolean): string;
  block(b: ArrayBuffer): string;
  build(texts: string[]): boolean[];
  find(texts: string[]): number[];
}

let rules: Harness;
beforeAll(async () => {
  rules = await loadHarness<Harness>("tests/unit/net/address.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const canonical = (text: string): string => rules.canonical(utf8(text), false);

/** What a browser writes for an address, which is RFC 5952, with IPv4-mapped addresses dotted. */
const reference = (address: string): string => {
  if (isIP(address) === 4) return address;
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (!mapped) return text;
  const bits = parseInt(mapped[1]!, 16) * 65536 + parseInt(mapped[2]!, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
};

const v4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((octets) => octets.join("."));
/** IPv6 in all its spellings: zero runs, upper case, leading zeros, a dotted tail, IPv4-mapped. */
const v6 = fc.oneof(
  fc.ipV6(),
  fc
    .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.map((group) => group.toString(16).padStart(group % 5, "0")).join(":")),
  v4.map((tail) => `::ffff:${tail}`),
  v4.map((tail) => `2001:DB8::${tail}`),
);

describe("an address", () => {
  it("is written canonically, whatever its spelling", () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (address) => {
        expect(canonical(address)).toBe(reference(address));
      }),
    );
  });

  it.each([
    ["1.2.3.4", "1.2.3.4"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:102:304", "1.2.3.4"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::1.2.3.4", "::102:304"],
  ])("%s is %s", (address, text) => expect(canonical(address)).toBe(text));

  it.each(
    (
      ". .. : ::: 1 1.2.3 1.2.3. .1.2.3 1..2.3 1.2.3.4. 1.2.3.4.5 1.2.3.256 1.2.3.-4 1.2.3.4a 01.2.3.4 00.1.2.3 " +
      "1:2 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: ::1:2:3:4:5:6:7:8 1:2:3:4::5:6:7:8 1::2::3 :1::2 1::2: " +
      "12345:: g:: 1:2:3:4:5:6:7:1.2.3.4 1.2.3.4::1 ::1.2.3 ::1.2.3.04 ::ffff:1.2.3.4:5 fe80::1%eth0 [::1] " +
      "1.2.3.4:80 ١.2.3.4"
    )
      .split(" ")
      .concat("", " ", " 1.2.3.4", "1.2.3.4 ", ":: ", "1.2.3.4\0"),
  )("%j is none", (text) => expect(canonical(text)).toBe("invalid"));

  it("is accepted exactly where Node accepts one without zone", () => {
    const soup = fc.string({
      unit: fc.constantFrom(..."0129afF:.:.::".split(""), "::", "255", "00"),
      maxLength: 16,
    });
    fc.assert(
      fc.property(soup, (text) => {
        expect(canonical(text)).toBe(isIP(text) ? reference(text) : "invalid");
      }),
      { numRuns: 2000 },
    );
  });

  it("never traps on bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        rules.canonical(bytes.slice().buffer, true);
        rules.block(bytes.slice().buffer);
      }),
    );
  });
});

describe("a block", () => {
  it.each([
    ["1.2.3.4", "1.2.3.4-1.2.3.4/128"],
    ["1.2.3.4/32", "1.2.3.4-1.2.3.4/128"],
    ["192.168.1.77/24", "192.168.1.0-192.168.1.255/120"],
    ["010.000.0.1/8", "10.0.0.0-10.255.255.255/104"],
    ["1.2.3.4/1", "0.0.0.0-127.255.255.255/97"],
    ["2001:db8::1", "2001:db8::1-2001:db8::1/128"],
    ["2001:db8:ffff::/32", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/32"],
    ["2001:db8::/65", "2001:db8::-2001:db8::7fff:ffff:ffff:ffff/65"],
    ["2001:db8::/64", "2001:db8::-2001:db8::ffff:ffff:ffff:ffff/64"],
    ["::ffff:10.1.2.3/104", "10.0.0.0-10.255.255.255/104"],
    ["::ffff:0:0/96", "0.0.0.0-255.255.255.255/96"],
    ["0.0.0.0/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0"],
    ["::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0"],
  ])("%s is %s", (text, range) => expect(rules.block(utf8(text))).toBe(range));

  it.each([
    ..."1.2.3.4/33 1.2.3.4/ 1.2.3.4/-1 1.2.3.4/+8 1.2.3.4/8a 1.2.3.4/0000 1.2.3.4/24/24 / /24 1.2.3/24".split(
      " ",
    ),
    ..."::/129 ::/ ::1/x 2001:db8::/4294967328 1..2.3 1.2.3.4:80 example.com * 1.2.3.*".split(" "),
    "1.2.3.4 /24",
    "",
  ])("%j is none", (text) => expect(rules.block(utf8(text))).toBe("invalid"));
});

describe("a table of blocks", () => {
  const lookup = (blocks: string[], addresses: string[]): number[] => {
    rules.build(blocks);
    return rules.find(addresses);
  };

  it("answers with the first configured block, not the narrowest", () => {
    expect(lookup(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"], ["10.1.2.3", "11.0.0.1"])).toEqual([0, 2]);
    expect(lookup(["10.1.0.0/16", "10.0.0.0/8"], ["10.1.2.3", "10.2.0.0", "11.0.0.1"])).toEqual([0, 1, -1]);
    expect(lookup(["1.1.1.1", "1.1.1.1", "1.1.1.0/24"], ["1.1.1.1", "1.1.1.2"])).toEqual([0, 2]);
  });

  it("keeps the families apart, except for everyone", () => {
    const both = ["32.1.13.184", "2001:db8::1"];
    expect(lookup(["32.0.0.0/6"], both)).toEqual([0, -1]);
    expect(lookup(["2001:db8::/32"], both)).toEqual([-1, 0]);
    expect(lookup(["0.0.0.0/1", "::/1"], both)).toEqual([0, 1]);
    expect(lookup(["::ffff:0:0/96"], both)).toEqual([0, -1]);
    expect(lookup(["0.0.0.0/0"], both)).toEqual([0, 0]);
    expect(lookup(["::/0"], both)).toEqual([0, 0]);
  });

  it("finds nothing when it is empty", () => expect(lookup([], ["1.2.3.4", "::"])).toEqual([-1, -1]));

  it("knows which blocks earlier ones cover", () => {
    expect(rules.build(["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8", "9.0.0.0/7"])).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(rules.build(["0.0.0.0/0", "::1", "1.2.3.4"])).toEqual([true, false, false]);
    expect(rules.build(["1.2.3.0/25", "1.2.3.128/25", "1.2.3.0/24"])).toEqual([true, true, false]);
  });

  it.each<[string, (i: number) => string]>([
    ["apart", (i) => `10.${i >> 8}.${i & 255}.7`],
    ["adjacent", (i) => `0.0.${i >> 8}.${i & 255}`],
    ["with equal high halves", (i) => `2001:db8::${(3 * i + 1).toString(16)}`],
    ["with equal low halves", (i) => `2001:db8:${i.toString(16)}::1`],
  ])("finds each of many addresses %s", (_, address) => {
    const blocks = Array.from({ length: 5_000 }, (_, i) => address(i));
    expect(lookup(blocks, blocks)).toEqual(blocks.map((_, i) => i));
    const even = blocks.filter((_, i) => i % 2 === 0);
    expect(lookup(even, blocks)).toEqual(blocks.map((_, i) => (i % 2 === 0 ? i / 2 : -1)));
  });

  it("agrees with a scan of the list by Node's BlockList", () => {
    // Few distinct bits, so that blocks nest, touch and repeat.
    const near4 = fc.tuple(
      fc.constantFrom(0, 10, 255),
      fc.constantFrom(0, 1, 128, 255),
      fc.nat(3),
      fc.nat(255),
    );
    // IPv4-mapped addresses are IPv4 to the table, which BlockList does not know.
    const near6 = fc
      .array(fc.constantFrom("0", "1", "8000", "ffff"), { minLength: 8, maxLength: 8 })
      .filter((groups) => groups.slice(0, 6).join() !== "0,0,0,0,0,ffff");
    const block4 = fc
      .tuple(near4, fc.integer({ min: 1, max: 32 }))
      .map(([a, bits]) => `${a.join(".")}/${bits}`);
    const block6 = fc
      .tuple(near6, fc.integer({ min: 1, max: 128 }))
      .map(([a, bits]) => `${a.join(":")}/${bits}`);
    const address = fc.oneof(
      near4.map((octets) => octets.join(".")),
      near6.map((groups) => groups.join(":")),
    );
    fc.assert(
      fc.property(
        // A node of the tree has eight numbers: these fill one to three levels.
        fc.oneof(
          { weight: 5, arbitrary: fc.array(fc.oneof(block4, block6), { maxLength: 20 }) },
          fc.array(fc.oneof(block4, block6), { minLength: 60, maxLength: 150, size: "max" }),
        ),
        fc.array(address, { maxLength: 20 }),
        (blocks, addresses) => {
          const lists = blocks.map((block) => {
            const [net, bits] = block.split("/") as [string, string];
            const list = new BlockList();
            list.addSubnet(net, Number(bits), net.includes(":") ? "ipv6" : "ipv4");
            return { list, family: isIP(net) };
          });
          const expected = addresses.map((one) =>
            lists.findIndex(
              ({ list, family }) => family === isIP(one) && list.check(one, family === 6 ? "ipv6" : "ipv4"),
            ),
          );
          expect(lookup(blocks, addresses)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
