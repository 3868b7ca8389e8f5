// Command main prints what Go's regexp does with patterns: those listed here, and a fixed sequence of random ones.
// Its output is tests/unit/regex/go/verdicts.jsonl, made by: go run main.go > verdicts.jsonl
//
// The first line names the versions. Each other line has a pattern, the error it is refused with or the texts and, for
// each of them, 1 if the pattern is found in it and 0 if not. Bytes are written as the characters U+0000 to U+00FF.
package main

import (
	"bufio"
	"encoding/json"
	"math/rand"
	"os"
	"regexp"
	"runtime"
	"strings"
	"unicode"
)

type verdict struct {
	Pattern string   `json:"pattern"`
	Error   string   `json:"error,omitempty"`
	Texts   []string `json:"texts,omitempty"`
	Found   string   `json:"found,omitempty"`
}

// listed are patterns at the edges of the syntax, most of them refused.
var listed = []string{
	``, `(`, `)`, `a)`, `((a)`, `(?`, `(?:`, `(?i`, `(?i)`, `(?i)*`, `(?-`, `(?i-)`, `(?-)`, `(?)`, `(?i--s)`, `(?s-i:a)`,
	`(?P<n>a)(?P<n>b)`, `(?P<n-1>a)`, `(?P<>a)`, `(?P<n`, `(?P<`, `(?P`, `(?P=n)`, `(?P>n)`, `(?<n>a)`, `(?<n`, `(?<`, `(?'n'a)`,
	`(?=a)`, `(?!a)`, `(?<=a)b`, `(?<!a)b`, `(?<=a>b)`, `(?>a)`, `(?#a)`, `(?x)a`, `(?|a)`, `(?R)`, `(?1)`,
	`*`, `+a`, `a|*`, `(*)`, `^*`, `$+`, `\b?`, `()*`, `a**`, `a*+`, `a+?+`, `a???`, `a{2}{3}`, `a{2}*`, `a*{2}`, `a(?i)*`, `a*(?i)*`,
	`a{1001}`, `a{1000}`, `a{2,1}`, `a{,2}`, `a{1`, `a{1,`, `a{01}`, `a{1,99999999999999999999}`, `{1}`, `{`, `}`, `{,}`, `a{}`, `a{-1}`,
	`(a{100}){10}`, `(a{100}){11}`, `(a{10,}){101}`, `((a{10}){10}){11}`, `(a{0}){1000}`, `(a{1000}){0}`, `(a{1000}){1}`, `(a*){1000}`,
	`(a{1000}|b){2}`, `(a{2}b{600}){2}`, `a{0}*`, `(?:a{0,1000}){0,1}`, `(?:a{0,1000}){2}`,
	`[`, `[]`, `[^]`, `[]]`, `[^]]`, `[a`, `[a-`, `[a-]`, `[-a]`, `[--a]`, `[a-b-c]`, `[z-a]`, `[a-\d]`, `[\d-z]`, `[\b]`, `[\Q]`, `[\z]`,
	`[[:alpha:]]`, `[[:^alpha:]]`, `[[:foo:]]`, `[[:ALPHA:]]`, `[[:alpha:]`, `[[:alpha]`, `[[:]`, `[[:]]`, `[[::]]`, `[[:^:]]`, `[:alpha:]`,
	"[[:alpha=AZaz\nascii:]]", `[\x{110000}]`, `[\]]`, `[[.a.]]`, `[[=a=]]`, `[^\x00-\x{10FFFF}]`, `[a-\x{10FFFF}]`, `(?i)[^\x00-\x{10FFFF}]`,
	`\`, `a\`, `[\`, `\1`, `\8`, `\12`, `\08`, `\0`, `\400`, `\777`, `\x`, `\x4`, `\x4g`, `\x{`, `\x{}`, `\x{4`, `\x{4g}`, `\x{10FFFF}`, `\x{110000}`,
	`\x{D800}`, `\_`, `\-`, `\é`, `\q`, `\Z`, `\z*`, `\A+`, `\C`, `\G`, `\K`, `\X`, `\R`, `\h`, `\N`, `\e`, `\cA`, `\u0041`, `\/`, `\<`, `\ `,
	`\Q`, `\Qa`, `\Qa.\E*`, `\Q\E`, `\Q\E*`, `a\Q\E*`, `\E`, `\Q\\E`, `\Q*\E+`,
	`\p`, `\pL`, `\pl`, `\pX`, `\p{`, `\p{}`, `\p{L`, `\p{Lu}`, `\p{lu}`, `\p{Foo}`, `\p{^Lu}`, `\P{^Lu}`, `\p{^}`, `\p{^^L}`, `\p^`, `\pé`, `\p{Han}`, `\p{han}`,
	`\p{Letter}`, `\p{cased letter}`, `\p{LC}`, `\p{Any}`, `\p{Assigned}`, `\p{ASCII}`, `\p{punct}`, `\p{ L }`, `\P{Any}`, `(?i)\p{ASCII}`, `(?i)\P{Lu}`,
	`\p{InGreek}`, `\p{IsL}`, `\p{Script=Greek}`, `\p{Greek}`, `\p{Cn}`, `\pC`, `[\pL\PN]`, `[^\pL\d]`, `\p{Lu`, `[\p{Lu]`,
	"\xff", "a\xff", "[\xff]", "[a-\xff]", "\\\xff", "(?P<\xff>a)", "(?P<n\xff", "\\p{\xff}", "\\p{L\xff", "\\Q\xff", "(?\xff)", "\\x{\xff}", "a{\xff}", "\xe4\xbd",
	`^\x{FFFD}$`, "^\ufffd$", `(?i)k`, `(?i)[k]`, `(?i)[^k]`, `(?i)ſ`, `(?i)ß`, `(?i)σ`, `(?i)µ`, `(?i)Å`, `(?i)dž`, `(?i)ϴ`, `(?i)\W`, `(?i)[\W]`, `(?i)[[:^lower:]]`, `(?i)İ`, `(?i)ı`,
	`(?i)[α-ω]`, `(?i)[a-z]`, `(?i)[Z-a]`, `(?i)\x{1E943}`, `(?i)ᲀ`, `(?i)Ა`, `(?i)ꭰ`,
	`\b`, `\B`, `^\B$`, `\bé\b`, `a\b`, `(?m)^$`, `(?m)^a$`, `^$`, `(?m)\A^`, `(?m)$\z`, `a$b`, `\Ba\B`, `(?:^a|b)*`, `(?:\b|a)+`, `(|a)+$`, `(?s).`, `.`, `(?s)^.*$`, `^.*$`,
	`(?U)a+?`, `(?U:a*)b`, `x{2}{`, `|`, `||`, `a||b`, `(|)`, `(a|)`, `^a|b$`, `(?i:a)b`, `(?:a(?i)b|c)d`,
}

var pieces = []string{
	"a", "b", "k", "K", "s", "S", "é", "σ", "ς", "ß", "ẞ", "µ", "μ", "\u212a", "\u017f", "北", "🙂", "-", "_", "0", "1", " ", "\n", "A", "Z", "[", "\ufffd", "\xff", "\xe4\xbd",
}

type random struct{ *rand.Rand }

func (r random) pick(choices ...string) string { return choices[r.Intn(len(choices))] }

func (r random) times(n int, part func() string) string {
	var b strings.Builder
	for range n {
		b.WriteString(part())
	}
	return b.String()
}

func (r random) atom() string {
	return r.pick("a", "b", "k", "S", "é", "σ", "µ", "ſ", "北", "🙂", "-", "_", "1", " ", ".", `\n`, `\.`, `\x41`, `\101`, `\x{1F642}`, `\Qa.\E`,
		`\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `\pL`, `\p{Greek}`, `\P{Lu}`, `\p{^Han}`, `\PN`)
}

func (r random) class() string {
	return "[" + r.pick("", "", "^") + r.times(1+r.Intn(3), func() string {
		return r.pick("a", "b", "K", "s", "a-c", "A-F", "0-9", "j-l", "α-ω", `\x{100}-\x{17f}`, "é", "北", "-", "^", `\]`, "_", `\d`, `\W`, `\s`,
			"[:alpha:]", "[:^upper:]", "[:word:]", `\pL`, `\p{Lu}`, `\P{Greek}`)
	}) + "]"
}

func (r random) pattern(depth int) string {
	inner := func() string { return r.pattern(depth - 1) }
	switch n := r.Intn(20); {
	case depth <= 0 || n < 6:
		return r.atom()
	case n < 8:
		return r.class()
	case n < 10:
		return r.pick("^", "$", `\A`, `\z`, `\b`, `\B`, "", "(?m)^", "(?m)$", "(?i)", "(?s)", "(?-i)")
	case n < 12:
		return "(" + r.pick("", "?:", "?i:", "?s:", "?m:", "?i-s:", "?U:", "?P<n>", "?<m>") + inner() + ")"
	case n < 15:
		return "(?:" + inner() + ")" + r.pick("*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,2}", "{0,3}", "{2,}", "{0,}?", "{1}")
	case n < 17:
		return inner() + "|" + inner()
	default:
		return r.times(2+r.Intn(3), inner)
	}
}

func (r random) broken(pattern string) string {
	runes := []rune(pattern)
	at := r.Intn(len(runes) + 1)
	with := r.pick(strings.Split(`()[]{}*+?|^$\.-,:<>=!PpQEdwxz012é`, "")...)
	if at < len(runes) && r.Intn(2) == 0 {
		return string(runes[:at]) + with + string(runes[at+1:])
	}
	return string(runes[:at]) + with + string(runes[at:])
}

// binary writes each byte as the character with its number.
func binary(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func main() {
	r := random{rand.New(rand.NewSource(1))}
	patterns := listed
	for len(patterns) < 1000 {
		pattern := r.pattern(1 + r.Intn(4))
		if r.Intn(4) == 0 {
			pattern = r.broken(pattern)
		}
		if len(pattern) < 60 {
			patterns = append(patterns, pattern)
		}
	}

	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.Encode(map[string]string{"go": runtime.Version(), "unicode": unicode.Version})
	for _, pattern := range patterns {
		v := verdict{Pattern: binary(pattern)}
		re, err := regexp.Compile(pattern)
		if err != nil {
			v.Error = strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		} else {
			for i := range 8 {
				text := r.times(max(i-2, 0), func() string { return r.pick(pieces...) })
				if i == 1 {
					text = "a" // what many of them find
				}
				v.Texts = append(v.Texts, binary(text))
				v.Found += map[bool]string{false: "0", true: "1"}[re.MatchString(text)]
			}
		}
		encoder.Encode(v)
	}
}
