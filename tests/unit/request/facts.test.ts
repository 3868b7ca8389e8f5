// Contract of assembly/request/http-facts: each fact of a request is read when it is asked for, and at most once.
// Specified in the docstrings there.
import { describe, expect, it } from "vitest";
import { ABSENT, AMBIGUOUS, request } from "./support.ts";

/** What a host says of its list of header lines. */
const List = { Complete: 0, Cut: 1, Unavailable: 2 };

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
