// Contract of assembly/request: headers, parameters, cookies and addresses as the published plugin finds them in
// well-formed requests, never fooled by malformed ones or by other spellings of the same, each read at most once.
// Specified in the docstrings there, WHATWG URL 5.1 (urlencoded), RFC 6265 4.2 (cookie), RFC 9112 3.2 (request target).
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  param(path: ArrayBuffer, name: string): ArrayBuffer;
  cookie(lines: ArrayBuffer[], name: string): ArrayBuffer;
  header(name: string, lines: ArrayBuffer[], last: boolean): ArrayBuffer;
  client(value: ArrayBuffer, prefix: number): ArrayBuffer;
  address(value: ArrayBuffer): ArrayBuffer;
  untrusted(value: ArrayBuffer, trusted: string[]): ArrayBuffer;
  ask(request: string[], questions: string[], list: number): string[];
}

let request: Harness;
beforeAll(async () => {
  request = await loadHarness<Harness>("tests/unit/request/request.harness.ts");
});

const utf8 = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;
const latin1 = (b: ArrayBuffer): string => Buffer.from(b).toString("latin1");
const text = (b: ArrayBuffer): string => Buffer.from(b).toString("utf8");
const bytes = (latin1: string): ArrayBuffer => Uint8Array.from(Buffer.from(latin1, "latin1")).buffer;
const ABSENT = "(absent)";
const AMBIGUOUS = "(ambiguous)";
/** What a host says of its list of header lines. */
const List = { Complete: 0, Cut: 1, Unavailable: 2 };

const param = (path: string, name = "k"): string => text(request.param(utf8(path), name));
const cookie = (header: string | string[], name = "k"): string =>
  text(request.cookie([header].flat().map(utf8), name));
const header = (name: string, ...lines: string[]): string =>
  latin1(request.header(name, lines.map(bytes), false));
const address = (value: string): string => text(request.address(utf8(value)));

describe("a query parameter, as published", () => {
  it.each([
    ["/x?k=a", "a"],
    ["/x?j=z&k=a", "a"],
    ["/x?k=a+b%20c", "a b c"],
    ["/x?k=a+", "a"],
    ["/x?k=%20a%0a", "a"],
    ["/x?k=a&+k=%09a", "a"],
    ["/x?%6b=a", "a"],
    ["/x?k=%E4%BD%A0", "你"],
    ["/x?k=你 好", "你 好"],
    ["/x?k", ""],
    ["/x?k=", ""],
    ["/x?k=a=b", "a=b"],
    ["/x?k=a?b", "a?b"],
    ["/x?&&k=a&", "a"],

    ["/x?k=a&k=a", "a"],
    ["/x?k=a&%6b=%61", "a"],
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
    ["/x?j=1;k=2", "2"],
  ])("%j has %j", (path, value) => expect(param(path)).toBe(value));

  it("is looked at to its end, however long it is", () => {
    expect(param("/x?" + "a&".repeat(500_000) + "k=1")).toBe("1");
    expect(param("/x?k=" + "v".repeat(100_000)).length).toBe(100_000);
  });

  it("reads as URLSearchParams does, but for blanks at the ends, whatever the bytes", () => {
    const soup = fc.string({ unit: fc.constantFrom(..."kk=&&+%%2061?/é".split("")), maxLength: 30 });
    fc.assert(
      fc.property(soup, fc.constantFrom("k", "kk", "k k", "%", "é", "a"), (query, name) => {
        const values = new Set(
          [...new URLSearchParams("?" + query)]
            .filter(([key]) => key.trim() === name)
            .map(([, value]) => value.trim()),
        );
        const expected = values.size > 1 ? AMBIGUOUS : [...values][0];
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
        request.cookie([bytes.slice().buffer], name);
        request.header(name, [bytes.slice().buffer, bytes.slice(1).buffer], false);
        request.header("authorization", [bytes.slice().buffer], false);
        request.address(bytes.slice().buffer);
      }),
    );
  });
});

describe("a parameter that servers read in several ways", () => {
  it.each([
    // Twice: some take the first, some the last.
    ["/x?k=a&k=b", AMBIGUOUS],
    ["/x?k&k=b", AMBIGUOUS],
    ["/x?k=a&j=1&%6B=b", AMBIGUOUS],
    ["/x?k=a&k=a&k=b&k=a", AMBIGUOUS],
    // Semicolons: between pairs for some.
    ["/x?k=1;2", AMBIGUOUS],
    ["/x?k=1;k=2", AMBIGUOUS],
    ["/x?j=1;k=2&l=3", "2"],
    ["/x?k=1&j=1;k=1", "1"],
    ["/x?k=1&j=1;k=2", AMBIGUOUS],
    // Fragments: no request has one, so some do not end the query there.
    ["/x?k=a#j", AMBIGUOUS],
    ["/x?k=a#k=b", AMBIGUOUS],
    ["/x?k=a#&k=b", AMBIGUOUS],
    ["/x?k=a#&k=a", AMBIGUOUS],
    ["/x?j=a#&k=b", "b"],
    ["/x#?k=b", "b"],
    ["/x#&k=b", ABSENT],
    ["/x?j=a#;k=b", "b"],
  ])("%j has %j", (path, value) => expect(param(path)).toBe(value));
});

describe("a cookie, as published", () => {
  it.each([
    ["k=v", "v"],
    ["j=1; k=v; l=2", "v"],
    ["j=1;k=v;l=2", "v"],
    ["  k=v\t", "v"],
    ["k=v=w==", "v"],
    ["k=", ABSENT],
    ["k= ; j=v", ABSENT],
    ["k==v", ABSENT],
    ["K=v", ABSENT],
    ["kk=v", ABSENT],
    ["j=k=v", ABSENT],
    ["j; k=v", "v"],
    ["", ABSENT],
    [";;; k=v;", "v"],
    ["k=a b", "a b"],
    ["k=a:b/c+d", "a:b/c+d"],
    ["k=s%3Aabc.x%2By%2Fz%3D", "s%3Aabc.x%2By%2Fz%3D"],
    ["k=100%", "100%"],
    ["k=%zz", "%zz"],
  ])("%j has %j", (header, value) => expect(cookie(header)).toBe(value));

  it("is not made by a bare name", () => {
    expect(cookie("k")).toBe(ABSENT);
    expect(cookie("k; k=v")).toBe("v");
    expect(cookie("k;")).toBe(ABSENT);
  });

  it("follows one rule for all bytes", () => {
    const soup = fc.string({ unit: fc.constantFrom(...'kkj=;;v"'.split("")), maxLength: 24 });
    fc.assert(
      fc.property(soup, (header) => {
        const pairs = header.split(";").map((pair) => pair.split("="));
        const values = pairs.filter((pair) => pair.length > 1 && pair[0] === "k").map((pair) => pair[1]!);
        const different = new Set(values.map((value) => value.replace(/^"(.*)"$/, "$1")));
        expect(cookie(header)).toBe(different.size > 1 ? AMBIGUOUS : [...different][0] || ABSENT);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("a cookie in another spelling that servers accept", () => {
  it.each([
    ["k =v", "v"],
    ["k = v", "v"],
    ["k\t=\tv", "v"],
    ["k=v =w", "v"],
    ['k="v"', "v"],
    ['k= "v" ', "v"],
    ['k="', '"'],
    ['k="v', '"v'],
    ['$Version="1"; k="v"; $Path="/"', "v"],
    ["k=%76", "v"],
    ["k=%2576", "%2576"],
    ["k=s:a%62c", "s%3Aabc"],
    ["k=%3a", "%3A"],
    ["j=1 k=v", "v"],
    ["j=1, k=v", "v"],
    ["j=1,k = v", "v"],
    ["j=1,kk=v", ABSENT],
    ["j=1 kk=v", ABSENT],
  ])("%j has %j", (header, value) => expect(cookie(header)).toBe(value));

  it("is found in all lines", () => {
    expect(cookie(["a=b", "k=v"])).toBe("v");
    expect(cookie(["k=v", "a=b", "c=d"])).toBe("v");
    expect(cookie(["a=b", "", ";", " k=v "])).toBe("v");
    expect(cookie(Array.from({ length: 500 }, (_, i) => `c${i}=1`).concat("k=v"))).toBe("v");
  });

  it.each([
    [["k=v; k=w"]],
    [["k=v", "k=w"]],
    [["k=; k=v"]],
    [["k=v; k="]],
    [["k=v; j=1 k=w"]],
    [["k=v; j=1,k=w"]],
    [["k=v", "k=v; k=V"]],
  ])("is ambiguous in %j", (lines) => expect(cookie(lines)).toBe(AMBIGUOUS));

  it.each([[["k=v; k=v"]], [["k=v", 'k="v"', "k=%76"]]])("is the same in %j", (lines) =>
    expect(cookie(lines)).toBe("v"),
  );
});

describe("a header's value", () => {
  it.each([
    ["sk-1", "sk-1"],
    [" sk-1", "sk-1"],
    ["sk-1 \t  ", "sk-1"],
    ["\t\tsk-1\t", "sk-1"],
    ["a b", "a b"],
    ["", ""],
    ["  \t ", ""],
    // What strip and trim of application servers take for blanks, in UTF-8 and in ISO 8859-1.
    ["\xc2\xa0sk-1\xc2\x85", "sk-1"],
    ["\xa0sk-1\xa0", "sk-1"],
    ["sk-1\xe3\x80\x80", "sk-1"],
    ["\xef\xbb\xbfsk-1\xe2\x80\xa8", "sk-1"],
    ["sk-1 \xa0\t\x85 ", "sk-1"],
    // Letters whose last byte looks like one.
    ["Voil\xc3\xa0", "Voil\xc3\xa0"],
    ["\xc3\xa0", "\xc3\xa0"],
    ["\xc5\x85", "\xc5\x85"],
    ["\xe2\x80\xa0", "\xe2\x80\xa0"],
  ])("%j is %j", (value, expected) => expect(header("x-api-key", value)).toBe(expected));

  it("that is sent several times is one if all are the same, and ambiguous otherwise", () => {
    expect(header("x-api-key", "k", "k", " k\t")).toBe("k");
    expect(header("x-api-key", "junk", "k")).toBe(AMBIGUOUS);
    expect(header("x-api-key", "k", "")).toBe(AMBIGUOUS);
    expect(header("x-api-key", "", "k", "")).toBe(AMBIGUOUS);
    expect(header("X-API-Key", "k", "k", "l", "k")).toBe(AMBIGUOUS);
  });

  it("is the last one where filters add theirs to what a client sent", () => {
    const last = (...lines: string[]): string =>
      latin1(request.header("x-mse-consumer", lines.map(bytes), true));
    expect(last("me", "invented", " ann ")).toBe("ann");
    expect(last("invented", "")).toBe("");
    expect(last()).toBe(ABSENT);
  });
});

describe("credentials", () => {
  it.each([
    ["Bearer k", "Bearer k"],
    ["bearer k", "Bearer k"],
    ["BEARER k", "Bearer k"],
    ["Bearer   k", "Bearer k"],
    ["Bearer\tk", "Bearer k"],
    [" bEARER \t k  ", "Bearer k"],
    ["Bearer \xa0k", "Bearer k"],
    ["Bearer K", "Bearer K"],
    ["Bearer a  b", "Bearer a  b"],
    ["Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"],
    ["basic  dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"],
    ["Basic QQ==", "Basic QQ=="],
    ["Basic QQ", "Basic QQ=="],
    ["Basic QR==", "Basic QQ=="],
    ["Basic QUI=", "Basic QUI="],
    ["Basic QUJ", "Basic QUI="],
    ["Basic Q U\tI=junk", "Basic QUI="],
    ["Basic --__", "Basic ++//"],
    ["Basic !", "Basic !"],
    ["dpop x", "DPoP x"],
    ["token t", "Token t"],
    ["Custom k", "custom k"],
    // No scheme: nothing of this is case-insensitive.
    ["sk-KEY", "sk-KEY"],
    ["Bearer", "Bearer"],
    ["Bearer:  k", "Bearer:  k"],
    ["a".repeat(33) + " k", "a".repeat(33) + " k"],
    ["", ""],
  ])("%j are %j", (value, expected) => {
    expect(header("authorization", value)).toBe(expected);
    expect(header("Proxy-Authorization", value)).toBe(expected);
  });

  it("in two spellings are the same", () => {
    expect(header("authorization", "Bearer k", "bearer \tk")).toBe("Bearer k");
    expect(header("authorization", "Bearer k", "Bearer l")).toBe(AMBIGUOUS);
  });

  it("are not what other headers have", () => expect(header("x-api-key", "bearer  k")).toBe("bearer  k"));
});

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

describe("facts", () => {
  const ask = (fields: string[], questions: string[], list = List.Complete): string[] =>
    request.ask(fields, questions, list);

  it("are read when asked for, and once", () => {
    const answers = ask(
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
        "consumer",
        "header x-none",
      ],
    );
    expect(answers).toEqual(
      ["1", "2", "1", ABSENT, ABSENT, "3", ABSENT, "4", "4", "me", ABSENT].concat([
        ":path",
        "cookie",
        "all lines",
      ]),
    );
  });

  it("that are not there cost one question by name, but no more than two before all lines are read", () => {
    const none = [":path", "/"];
    expect(ask(none, ["header a"])).toEqual([ABSENT, "a"]);
    expect(ask(none, ["header a", "header b"])).toEqual([ABSENT, ABSENT, "a", "b"]);
    const many = Array.from({ length: 500 }, (_, i) => `header x${i}`);
    expect(ask(none, many).slice(500)).toEqual(["x0", "x1", "all lines"]);
  });

  it("keep parameters, cookies and headers of one name apart", () => {
    const fields = [":path", "/?n=1", "cookie", "n=2", "n", "3"];
    expect(ask(fields, ["param n", "cookie n", "header n"]).slice(0, 3)).toEqual(["1", "2", "3"]);
  });

  it("read one header in several ways", () => {
    const fields = ["x-forwarded-for", "1.1.1.1", "x-forwarded-for", "2.2.2.2"];
    const questions = ["address x-forwarded-for", "header x-forwarded-for"];
    expect(ask(fields, questions).slice(0, 2)).toEqual(["1.1.1.1", AMBIGUOUS]);
    expect(ask([":path", "/?a=1", "x", "y"], ["header x", "header :path", "param a"]).slice(0, 3)).toEqual([
      "y",
      "/?a=1",
      "1",
    ]);
  });

  it("tell absent from empty", () => {
    expect(ask(["x-empty", ""], ["header x-empty", "header x-none"]).slice(0, 2)).toEqual(["", ABSENT]);
    expect(ask([], ["param a", "cookie a", "consumer", "address"]).slice(0, 4)).toEqual([
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
    expect(ask(fields, questions)).toEqual(
      ["10.0.0.1", "1.2.3.4", "10.0.0.1", ABSENT, ABSENT].concat([
        "property source.address",
        "x-real-ip",
        "all lines",
      ]),
    );
  });

  it("of a header that a host does not tell wholly are ambiguous, and all others as they are", () => {
    const fields = ["x-key", "k", "cookie", "c=1", ":path", "/?p=1"];
    const questions = ["header x-key", "header x-none", "cookie c", "param p"];
    expect(ask(fields, questions, List.Cut).slice(0, 4)).toEqual([AMBIGUOUS, ABSENT, AMBIGUOUS, "1"]);
  });

  it("are those of first lines where a host cannot tell all", () => {
    const fields = ["x-key", " k ", "x-key", "l", "cookie", "c=1", ":path", "/?p=1"];
    const questions = ["header x-key", "header x-none", "cookie c", "param p"];
    expect(ask(fields, questions, List.Unavailable).slice(0, 4)).toEqual(["k", ABSENT, "1", "1"]);
  });
});
