// Contract of assembly/request/client-address: a client has one address and one counter, however it is written and
// whatever proxies stand in between. Specified in the docstrings there.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ABSENT, address, request, text, utf8 } from "./support.ts";

describe("the counter of a client's address", () => {
  it.each([
    ["2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"],
    ["2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff::", 64, "2001:db8:1:2::/64"],
    ["2001:db8:1:2ff:3::", 56, "2001:db8:1:200::/56"],
    ["2001:db8:1:2:3:4:5:6", 96, "2001:db8:1:2:3:4::/96"],
    ["2001:db8:1:2:3:4:5:7", 127, "2001:db8:1:2:3:4:5:6/127"],
    ["ffff::", 1, "8000::/1"],
    ["1.2.3.4", 64, "1.2.3.4"],
    ["::ffff:1.2.3.4", 64, "1.2.3.4"],
    // Those of IPv4 clients behind a translator and in 6to4.
    ["64:ff9b::102:304", 64, "1.2.3.4"],
    ["64:ff9b::102:304", 128, "64:ff9b::102:304"],
    ["64:ff9b::1:102:304", 64, "64:ff9b::/64"],
    ["2002:102:304:5::1", 64, "1.2.3.4"],
    ["2002:102:304:5::1", 128, "2002:102:304:5::1"],
  ])("of %j with an ipv6_prefix of %d is %j", (value, prefix, expected) => {
    expect(text(request.client(utf8(value), prefix))).toBe(expected);
  });
});

describe("the last address that no trusted proxy has", () => {
  const trusted = ["10.0.0.0/8", "2001:db8::/32"];
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["1.1.1.1, 203.0.113.7", "203.0.113.7"],
    ["1.1.1.1, 203.0.113.7, 10.0.0.1", "203.0.113.7"],
    ["1.1.1.1 ,203.0.113.7:80 , 10.0.0.1:443,[2001:db8::1]:9", "203.0.113.7"],
    ["garbage, 203.0.113.7, 10.0.0.1", "203.0.113.7"],
    ["10.0.0.2, 10.0.0.1", "10.0.0.2"],
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.9, 10.0.0.1", "10.0.0.9"],
    ["unknown, 10.0.0.1", "10.0.0.1"],
    ["203.0.113.7, , 10.0.0.1", "10.0.0.1"],
    ['"_secret", 10.0.0.2, 10.0.0.1', "10.0.0.2"],
  ])("of %j is %j", (value, expected) => {
    expect(text(request.untrusted(utf8(value), trusted))).toBe(expected);
  });

  it.each(["", ",", "203.0.113.7, garbage", "203.0.113.7,"])("does not exist in %j", (value) =>
    expect(text(request.untrusted(utf8(value), trusted))).toBe(ABSENT),
  );

  it("is the last of all when nobody is trusted, and the first when all are", () => {
    expect(text(request.untrusted(utf8("1.1.1.1, 2.2.2.2"), []))).toBe("2.2.2.2");
    expect(text(request.untrusted(utf8("1.1.1.1, 2.2.2.2"), ["0.0.0.0/0"]))).toBe("1.1.1.1");
  });
});

describe("a client's address", () => {
  it.each([
    ["1.2.3.4", "1.2.3.4"],
    ["1.2.3.4:80", "1.2.3.4"],
    ["1.2.3.4, 10.0.0.1", "1.2.3.4"],
    ["1.2.3.4:80,10.0.0.1:81", "1.2.3.4"],
    ["  1.2.3.4  ", "1.2.3.4"],
    ["2001:DB8::1", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["::ffff:102:304", "1.2.3.4"],
    // Where the published plugin is fooled:
    ["1.2.3.4 , 10.0.0.1", "1.2.3.4"],
    ["\t1.2.3.4\t,", "1.2.3.4"],
    ["[::ffff:1.2.3.4]:80", "1.2.3.4"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25eth0]:80", "fe80::1"],
    ["::ffff:1.2.3.4%x", "1.2.3.4"],
  ])("%j is %j", (value, canonical) => expect(address(value)).toBe(canonical));

  it.each(
    (
      "] [ [] []:80 [1.2.3.4] [1.2.3.4]:80 [::1 ::1] [::1]80 [::1]x: unknown _hidden 1.2.3 01.2.3.4 1.2.3.4%x " +
      ", ,1.2.3.4 1.2.3.4/24 % %eth0 [%eth0] : :80 1:80"
    )
      .split(" ")
      .concat("", " "),
  )("%j has none", (value) => expect(address(value)).toBe(ABSENT));

  it("is found with any port, brackets, padding and followers", () => {
    const decorated = fc.oneof(
      fc.tuple(fc.ipV4(), fc.constantFrom("1.2.3.4", "1.2.3.4:80", "1.2.3.4:")),
      fc.tuple(
        fc.ipV6(),
        fc.constantFrom("1.2.3.4", "[1.2.3.4]", "[1.2.3.4]:443", "1.2.3.4%en0", "[1.2.3.4%25en0]:1"),
      ),
    );
    const pad = fc.constantFrom("", " ", "  ", "\t");
    const rest = fc.constantFrom("", ",", ", 10.0.0.1", ",]");
    fc.assert(
      fc.property(decorated, pad, pad, rest, ([ip, form], before, after, more) => {
        expect(address(ip)).not.toBe(ABSENT);
        expect(address(before + form.replace("1.2.3.4", ip) + after + more)).toBe(address(ip));
      }),
    );
  });
});
