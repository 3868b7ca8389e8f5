// Contract of assembly/request: parameters, cookies and addresses as the published plugin finds them in well-formed
// requests, never fooled by malformed ones, each read at most once.
// Specified in the docstrings there, WHATWG URL 5.1 (urlencoded), RFC 6265 4.2 (cookie), RFC 9112 3.2 (request target).
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  param(path: ArrayBuffer, name: string): ArrayBuffer;
  cookie(header: ArrayBuffer, name: string): ArrayBuffer;
  address(value: ArrayBuffer): ArrayBuffer;
  untrusted(value: ArrayBuffer, trusted: string[]): ArrayBuffer;
  ask(request: string[], questions: string[]): string[];
}

let request: Harness;
beforeAll(async () => {
  request = await loadHarness<Harness>("tests/unit/request/request.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const latin1 = (b: ArrayBuffer): string => Buffer.from(b).toString("latin1");
const text = (b: ArrayBuffer): string => Buffer.from(b).toString("utf8");
const ABSENT = "(absent)";

const param = (path: string, name = "k"): string => text(request.param(utf8(path), name));
const cookie = (header: string, name = "k"): string => text(request.cookie(utf8(header), name));
const address = (value: string): string => text(request.address(utf8(value)));

describe("a query parameter, as published", () => {
  it.each([
    ["/x?k=a", "a"],
    ["/x?k=a&k=b", "a"],
    ["/x?j=z&k=a", "a"],
    ["/x?k=a+b%20c", "a b c"],
    ["/x?%6b=a", "a"],
    ["/x?k=%E4%BD%A0", "你"],
    ["/x?k=你 好", "你 好"],
    ["/x?k", ""],
    ["/x?k=", ""],
    ["/x?k&k=b", ""],
    ["/x?k=a=b", "a=b"],
    ["/x?k=a?b", "a?b"],
    ["/x?&&k=a&", "a"],
    ["/x?k=a#k=b", "a"],
    ["/x?j=a#?k=b", ABSENT],
    ["/x#?k=b", ABSENT],
    ["http://host/x?k=a", "a"],
    ["//host/x?k=a", "a"],
    ["/x", ABSENT],
    ["/x?", ABSENT],
    ["", ABSENT],
    ["/x?kk=a", ABSENT],
    ["/x?K=a", ABSENT],
    ["/x?=a", ABSENT],
    ["/x/k=a", ABSENT],
  ])("%j has %j", (path, value) => expect(param(path)).toBe(value));

  it("keeps %ff as that byte", () => {
    expect(latin1(request.param(utf8("/x?k=%ff%00"), "k"))).toBe("\xff\x00");
  });

  it("has a name that is decoded too", () => {
    expect(param("/x?a+b=1", "a b")).toBe("1");
    expect(param("/x?a%20b=1", "a b")).toBe("1");
    expect(param("/x?%E4%BD%A0=1", "你")).toBe("1");
  });
});

describe("a malformed query", () => {
  it.each([
    ["/x?k=a&z=%zz", "a"],
    ["/x?z=%zz&k=a", "a"],
    ["/x?k=a&b=1;c=2", "a"],
    ["/x?;&k=a", "a"],
    ["/x%zz?k=a", "a"],
    ["/\x01?k=a", "a"],
    ["//h:xx/?k=a", "a"],
    ["/x?k=%zz", "%zz"],
    ["/x?k=100%", "100%"],
    ["/x?k=%4", "%4"],
    ["/x?k=%%41", "%A"],
    ["/x?k=1;2", "1;2"],
  ])("%j has %j", (path, value) => expect(param(path)).toBe(value));

  it("is looked at for 64 KB", () => {
    const filler = "/x?" + "a".repeat(64 * 1024 - 8) + "&k=";
    expect(filler.length).toBe(64 * 1024 - 2);
    expect(param(filler + "12")).toBe("12");
    expect(param(filler + "123")).toBe("12");
    expect(param("/x?" + "a&".repeat(40_000) + "k=1")).toBe(ABSENT);
  });

  it("reads as URLSearchParams does, whatever the bytes", () => {
    const soup = fc.string({ unit: fc.constantFrom(..."kk=&&+%%2061;?/é\u0001".split("")), maxLength: 30 });
    fc.assert(
      fc.property(soup, fc.constantFrom("k", "kk", "k k", "%", "é", "a"), (query, name) => {
        const expected = new URLSearchParams("?" + query).get(name);
        // URLSearchParams decodes to text, so compare where bytes and text are the same thing.
        const found = request.param(utf8("/p?" + query), name);
        expect(new TextDecoder().decode(found)).toBe(expected ?? ABSENT);
      }),
      { numRuns: 3000 },
    );
  });

  it("never traps", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.string({ maxLength: 3 }), (bytes, name) => {
        request.param(bytes.slice().buffer, name);
        request.cookie(bytes.slice().buffer, name);
        request.address(bytes.slice().buffer);
      }),
    );
  });
});

describe("a cookie, as published", () => {
  it.each([
    ["k=v", "v"],
    ["j=1; k=v; l=2", "v"],
    ["j=1;k=v;l=2", "v"],
    ["  k=v\t", "v"],
    ["k=v; k=w", "v"],
    ["k=v=w==", "v"],
    ["k=v =w", "v "],
    ["k= v", " v"],
    ['k="v"', '"v"'],
    ["k=", ABSENT],
    ["k=; k=v", ABSENT],
    ["k= ; k=v", ABSENT],
    ["k==v", ABSENT],
    ["k = v", ABSENT],
    ["K=v", ABSENT],
    ["kk=v", ABSENT],
    ["j=k=v", ABSENT],
    ["j; k=v", "v"],
    ["", ABSENT],
    [";;; k=v;", "v"],
  ])("%j has %j", (header, value) => expect(cookie(header)).toBe(value));

  it("is not made by a bare name", () => {
    expect(cookie("k")).toBe(ABSENT);
    expect(cookie("k; k=v")).toBe("v");
    expect(cookie("k;")).toBe(ABSENT);
  });

  it("follows one rule for all bytes", () => {
    const soup = fc.string({ unit: fc.constantFrom(...'kkj=;; \tv"'.split("")), maxLength: 24 });
    fc.assert(
      fc.property(soup, (header) => {
        const pairs = header.split(";").map((pair) => pair.trim().split("="));
        const expected = pairs.find((pair) => pair.length > 1 && pair[0] === "k")?.[1];
        expect(cookie(header)).toBe(expected || ABSENT);
      }),
      { numRuns: 3000 },
    );
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
  ])("of %j is %j", (value, expected) => {
    expect(text(request.untrusted(utf8(value), trusted))).toBe(expected);
  });

  it.each(["", ",", "203.0.113.7, garbage", "203.0.113.7,", "203.0.113.7, , 10.0.0.1", "unknown, 10.0.0.1"])(
    "does not exist in %j",
    (value) => expect(text(request.untrusted(utf8(value), trusted))).toBe(ABSENT),
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

describe("facts", () => {
  it("are read when asked for, and once", () => {
    const answers = request.ask(
      [":path", "/x?a=1&b=2", "cookie", "s=3", "x-key", "4", "x-mse-consumer", "me"],
      [
        "param a",
        "param b",
        "param a",
        "param c",
        "param c",
        "cookie s",
        "cookie t",
        "header x-key",
        "header x-key",
      ],
    );
    expect(answers).toEqual(
      ["1", "2", "1", ABSENT, ABSENT, "3", ABSENT, "4", "4"].concat([":path", "cookie", "x-key"]),
    );
    expect(request.ask(["x-mse-consumer", "me"], ["consumer", "header x-mse-consumer", "consumer"])).toEqual([
      "me",
      "me",
      "me",
      "x-mse-consumer",
    ]);
  });

  it("keep parameters, cookies and headers of one name apart", () => {
    const fields = [":path", "/?n=1", "cookie", "n=2", "n", "3"];
    expect(request.ask(fields, ["param n", "cookie n", "header n"]).slice(0, 3)).toEqual(["1", "2", "3"]);
  });

  it("tell absent from empty", () => {
    expect(request.ask(["x-empty", ""], ["header x-empty", "header x-none"]).slice(0, 2)).toEqual([
      "",
      ABSENT,
    ]);
    expect(request.ask([], ["param a", "cookie a", "consumer", "address"]).slice(0, 4)).toEqual([
      ABSENT,
      ABSENT,
      ABSENT,
      ABSENT,
    ]);
  });

  it("know the remote address and those in headers, each parsed once", () => {
    const fields = [
      "property source.address",
      "[::ffff:10.0.0.1]:5000",
      "x-real-ip",
      "1.2.3.4",
      "x-bad",
      "]",
    ];
    const questions = ["address", "address x-real-ip", "address", "address x-bad", "address x-bad"];
    expect(request.ask(fields, questions)).toEqual(
      ["10.0.0.1", "1.2.3.4", "10.0.0.1", ABSENT, ABSENT].concat([
        "property source.address",
        "x-real-ip",
        "x-bad",
      ]),
    );
  });
});
