// Contract of assembly/regex: which patterns compile, what they find, and with what words and offset others are refused.
// Specified in https://github.com/google/re2/wiki/Syntax, as accepted by Go's regexp/syntax.
import { beforeAll, describe, expect, it } from "vitest";
import { loadHarness } from "../../support/as.ts";

interface Harness {
  compile(pattern: ArrayBuffer): string;
  search(text: ArrayBuffer): boolean;
}

let regex: Harness;
beforeAll(async () => {
  regex = await loadHarness<Harness>("tests/unit/regex/regex.harness.ts");
});

const bytes = (text: string | number[]): ArrayBuffer =>
  (typeof text === "string" ? new TextEncoder().encode(text) : new Uint8Array(text)).buffer as ArrayBuffer;

describe("finds", () => {
  const cases: [pattern: string, found: string[], missed: string[]][] = [
    // literals and single characters
    ["", ["", "anything"], []],
    ["abc", ["abc", "xabcx", "ababc"], ["", "ab", "acb", "ABC"]],
    ["北京", ["在北京"], ["北", "京北"]],
    [".", ["a", "é", "🙂"], ["", "\n"]],
    ["^.$", ["a", "é", "🙂"], ["ab", "\n"]],
    ["(?s)^.$", ["\n"], ["ab"]],
    // classes
    ["^[a-c]$", ["a", "b", "c"], ["d", "", "A"]],
    ["^[^a-c]$", ["d", "\n", "é"], ["a", "c", ""]],
    ["^[]a]$", ["]", "a"], ["b"]],
    ["^[^]a]$", ["b"], ["]", "a"]],
    ["^[a\\]b-]$", ["a", "]", "b", "-"], ["c", "\\"]],
    ["^[--/]$", ["-", ".", "/"], ["0"]],
    ["^[\\d-z]$", ["5", "-", "z"], ["a"]],
    ["^\\d$", ["0", "9"], ["a", "٣"]],
    ["^\\D$", ["a", "٣"], ["0"]],
    ["^\\s$", [" ", "\t", "\n", "\f", "\r"], ["\v", "\u00a0", "a"]],
    ["^\\S$", ["\v", "a"], [" "]],
    ["^\\w$", ["a", "Z", "0", "_"], ["-", "é"]],
    ["^\\W$", ["-", "é"], ["a", "_"]],
    ["^[\\D\\d]$", ["x", "1"], [""]],
    ["^[^\\x00-\\x{10FFFF}]", [], ["", "a", "é"]],
    ["^[[:alpha:]]$", ["a", "Z"], ["1", "é"]],
    ["^[[:^alpha:]1]$", ["1", "-"], ["a"]],
    ["^[^[:^alpha:]]$", ["a"], ["1"]],
    ["^[[:space:]]$", ["\v", " "], ["a"]],
    ["^[[:punct:][:digit:]]$", ["!", "~", "_", "5"], ["a", " "]],
    ["^[[:word:]]$", ["_"], ["-"]],
    ["^[[:alpha]$", ["[", ":", "a", "p"], ["b"]],
    // composites
    ["^(?:ab|cd|)$", ["ab", "cd", ""], ["a", "abcd"]],
    ["a|b|cd", ["xa", "b", "cd"], ["c", "dc", ""]],
    ["^(a|b)(c|d)$", ["ac", "bd"], ["ab", "a", "cd"]],
    ["^(?P<n>a)(?<n_2>b)$", ["ab"], ["a"]],
    ["^((((a))))$", ["a"], ["", "aa"]],
    ["^()$", [""], ["a"]],
    // repetition
    ["^a*$", ["", "aaa"], ["b"]],
    ["^a+$", ["a", "aaa"], ["", "b"]],
    ["^a?$", ["", "a"], ["aa"]],
    ["^a*?b+?c??$", ["b", "aabbc"], ["a", "bcc"]],
    ["^ab*$", ["a", "abb"], ["abab"]],
    ["^(ab)*$", ["", "abab"], ["aba"]],
    ["^a{2}$", ["aa"], ["a", "aaa"]],
    ["^a{2,}$", ["aa", "aaaaa"], ["a"]],
    ["^a{0,2}$", ["", "a", "aa"], ["aaa"]],
    ["^a{2,4}?$", ["aa", "aaa", "aaaa"], ["a", "aaaaa"]],
    ["^(ab|c){2,3}$", ["abc", "ccc", "abab"], ["c", "cccc"]],
    ["^(a{2,3}){2}$", ["aaaa", "aaaaaa"], ["aaa", "aaaaaaa"]],
    ["^a{0}b$", ["b"], ["ab"]],
    ["^a{,2}$", ["a{,2}"], ["aa"]],
    ["^a{1$", ["a{1"], ["a"]],
    ["^a{01}$", ["a{01}"], ["a"]],
    ["^(?:(?:a*)*|b)*$", ["", "aab", "baab"], ["c"]],
    ["^(|a)+$", ["", "aa"], ["b"]],
    ["^a*(?i)*$", ["", "aaa"], ["A"]],
    ["^a\\Q\\E*$", ["", "aaa"], ["b"]],
    ["^(?:a{500}){2}$", ["a".repeat(1000)], ["a".repeat(999), "a".repeat(1001)]],
    // anchors and boundaries
    ["^b$", ["b"], ["a\nb", "b\n", "ab"]],
    ["(?m)^b$", ["b", "a\nb", "b\nc"], ["ab"]],
    ["(?m)\\Ab\\z", ["b"], ["a\nb", "b\n"]],
    ["^*", ["", "a"], []],
    ["a$b", [], ["ab", "a\nb"]],
    ["\\bfoo\\b", ["foo", "a foo.", "-foo"], ["food", "_foo", "foo1"]],
    ["\\boo", [], ["foo"]],
    ["\\Boo", ["foo"], ["oo", "-oo"]],
    ["^\\B$", [""], ["a"]],
    ["\\b", ["a"], ["", "-", "é"]],
    ["(?m)^$", ["", "a\n", "\n\n", "\nb"], ["a", "a\nb"]],
    ["^a|b$", ["ax", "xb"], ["xax"]],
    // escapes
    ["^\\a\\f\\t\\n\\r\\v$", ["\x07\f\t\n\r\v"], []],
    ["^\\x41\\x{1F642}\\x{0041}$", ["A🙂A"], ["a🙂A"]],
    ["^\\101\\0\\08$", ["A\0\x008"], []],
    ["^\\.\\*\\_\\-$", [".*_-"], ["a*_-"]],
    ["^\\Qa.b*\\E+$", ["a.b*", "a.b***"], ["axb*"]],
    ["^\\Qa.", ["a."], ["ab"]],
    // flags
    ["(?i)aBc", ["abc", "ABC", "xAbCx"], ["ab"]],
    ["a(?i)b(?-i)c", ["abc", "aBc"], ["Abc", "abC"]],
    ["^(?i:a)b$", ["ab", "Ab"], ["aB"]],
    ["^(?:a(?i)b|c)d$", ["aBd", "Cd"], ["AbD", "cD"]],
    ["(?s-i:^a.b$)", ["a\nb"], ["A\nb"]],
    ["(?U)^a*?$", ["", "aa"], ["b"]],
    ["(?)a", ["a"], ["b"]],
    ["(?i)^k$", ["k", "K", "\u212a"], ["s"]],
    ["(?i)^\u212a$", ["k", "K", "\u212a"], ["s"]],
    ["(?i)^[r-t]$", ["S", "s", "\u017f", "T"], ["q", "k"]],
    ["(?i)^[^k]$", ["a"], ["k", "K", "\u212a"]],
    ["(?i)^\\w$", ["\u017f", "\u212a", "a"], ["-"]],
    ["(?i)^[[:upper:]]$", ["a", "A"], ["1"]],
    // typical of a gateway's configuration
    ["^user-\\d+$", ["user-1", "user-123"], ["user-", "xuser-1", "user-1x"]],
    ["^(alpha|beta)-[0-9a-f]{8}$", ["alpha-0123abcd", "beta-ffffffff"], ["alpha-0123abc", "gamma-01234567"]],
  ];

  it.each(cases)("%j", (pattern, found, missed) => {
    expect(regex.compile(bytes(pattern))).toBe("");
    for (const text of found) expect([text, regex.search(bytes(text))]).toEqual([text, true]);
    for (const text of missed) expect([text, regex.search(bytes(text))]).toEqual([text, false]);
  });

  it("reads each invalid byte as U+FFFD", () => {
    regex.compile(bytes("^a\\x{FFFD}b$"));
    expect(regex.search(bytes([0x61, 0xff, 0x62]))).toBe(true);
    expect(regex.search(bytes([0x61, 0xc3, 0x62]))).toBe(true);
    regex.compile(bytes("^a..b$"));
    expect(regex.search(bytes([0x61, 0xe4, 0xbd, 0x62]))).toBe(true);
    regex.compile(bytes("^[^a]$"));
    expect(regex.search(bytes([0xff]))).toBe(true);
  });
});

describe("refuses", () => {
  const begin = (pattern: string): string =>
    pattern.length > 40 ? `${pattern.slice(0, 40)}…, ${pattern.length} characters` : pattern;
  const cases: [pattern: string, answer: string][] = [
    ["a(b", "1: missing closing )"],
    ["((a)", "0: missing closing )"],
    ["(?:a", "0: missing closing )"],
    ["ab)", "2: unexpected ); write \\) to match it literally"],
    ["a[b", "1: missing closing ]"],
    ["a[]", "1: missing closing ]"],
    ["[[:alpha:]", "0: missing closing ]"],
    ["*a", "0: missing argument to repetition operator: `*`"],
    ["a|+?", "2: missing argument to repetition operator: `+?`"],
    ["({2})", "1: missing argument to repetition operator: `{2}`"],
    ["(?i)?", "4: missing argument to repetition operator: `?`"],
    ["a**", "1: invalid nested repetition operator: `**`"],
    ["ab{2}{3}?c", "2: invalid nested repetition operator: `{2}{3}?`"],
    ["a++", "1: invalid nested repetition operator: `++`"],
    ["a{1001}", "1: invalid repeat count: `{1001}`"],
    ["a{3,2}", "1: invalid repeat count: `{3,2}`"],
    ["a{1,99999999999}", "1: invalid repeat count: `{1,99999999999}`"],
    ["(a{100}){11}", "8: invalid repeat count: `{11}`"],
    ["(?:(a{10,}){10}b){11}?", "17: invalid repeat count: `{11}?`"],
    ["[z-a]", "1: invalid character class range: `z-a`"],
    ["[a-\\d]", "3: invalid escape sequence: `\\d`"],
    ["[[:foo:]]", "1: invalid character class range: `[:foo:]`"],
    ["a\\", "1: trailing backslash at end of expression"],
    ["[\\", "1: trailing backslash at end of expression"],
    ["\\1", "0: invalid escape sequence: `\\1`; back-references are not supported"],
    ["(a)\\8", "3: invalid escape sequence: `\\8`; back-references are not supported"],
    ["a\\Z", "1: invalid escape sequence: `\\Z`; write \\z or $"],
    ["\\C", "0: invalid escape sequence: `\\C`"],
    ["\\é", "0: invalid escape sequence: `\\é`"],
    ["\\x{110000}", "0: invalid escape sequence: `\\x{110000`"],
    ["\\x{}", "0: invalid escape sequence: `\\x{}`"],
    ["\\x4", "0: invalid escape sequence: `\\x4`"],
    ["a(?=b)", "1: invalid or unsupported Perl syntax: `(?=`; lookaround is not supported"],
    ["(?!a)", "0: invalid or unsupported Perl syntax: `(?!`; lookaround is not supported"],
    ["(?<=a)b", "0: invalid named capture: `(?<=a)b`; lookaround is not supported"],
    ["(?<!a)b", "0: invalid named capture: `(?<!a)b`; lookaround is not supported"],
    ["(?>a)", "0: invalid or unsupported Perl syntax: `(?>`"],
    ["(?#a)", "0: invalid or unsupported Perl syntax: `(?#`"],
    ["(?ix)a", "0: invalid or unsupported Perl syntax: `(?ix`"],
    ["(?i-)a", "0: invalid or unsupported Perl syntax: `(?i-)`"],
    ["(?i", "0: invalid or unsupported Perl syntax: `(?i`"],
    ["(?P=n)", "0: invalid or unsupported Perl syntax: `(?P`"],
    ["(?P<n-1>a)", "0: invalid named capture: `(?P<n-1>`"],
    ["(?P<>a)", "0: invalid named capture: `(?P<>`"],
    ["(?P<n", "0: invalid named capture: `(?P<n`"],
    ["(".repeat(1000), "999: expression nests too deeply"],
    ["((a{100}){10}b){10}", "15: invalid repeat count: `{10}`"],
    ["(abcdefghijk){1000}", "13: expression too large"],
    ["a".repeat(10_001), "10000: expression too large"],
    ["(?i)".repeat(5000), "0: expression too large"],
  ];

  it.each(cases.map((row) => [begin(row[0]), ...row] as const))("%s", (_, pattern, answer) => {
    const error = regex.compile(bytes(pattern));
    // What follows a semicolon helps the reader, and is compared only where it matters.
    expect(answer.includes(";") ? error : error.split("; ")[0]).toBe(answer);
    expect(regex.search(bytes(""))).toBe(false);
  });

  it("patterns that are not UTF-8", () => {
    expect(regex.compile(bytes([0x61, 0xff]))).toBe("1: invalid UTF-8: `\ufffd`");
    expect(regex.compile(bytes([0x5b, 0xc3, 0x5d]))).toBe("1: invalid UTF-8: `\ufffd]`");
    expect(regex.compile(bytes([0x5c, 0xff]))).toBe("1: invalid UTF-8: `\ufffd`");
  });
});
