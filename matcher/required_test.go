package matcher

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/rules"
)

func TestRequiredLiterals(t *testing.T) {
	test := func(expr string, want ...clause) {
		t.Helper()
		if diff := cmp.Diff(want, requiredLiterals(expr)); diff != "" {
			t.Errorf("%s: %s", expr, diff)
		}
	}
	test(`abc`, clause{"abc"})
	test(`ABC`, clause{"abc"})
	test(`(?i)abc`, clause{"abc"})
	test(`(?i)sam`, clause{"sam", "ſam"})
	test(`(?i)kim`, clause{"kim"}) // the Kelvin sign folds to k
	test(`abc.*defg`, clause{"defg"})
	test(`abcd.*defgh.*bcde`, clause{"defgh"}, clause{"abcd"})
	test(`foo|barr`, clause{"barr", "foo"})
	test(`(foo|bar)baz`, clause{"barbaz", "foobaz"})
	test(`x(foo)?bar`, clause{"xbar", "xfoobar"})
	test(`foo|.*`)
	test(`foo|x?`)
	test(`(foo)*`)
	test(`(foo)+`, clause{"foo"})
	test(`(foo){2}`, clause{"foofoo"})
	test(`(foo){2,}`, clause{"foo"})
	test(`^\\[a-z]{2}\.tmp$`, clause{".tmp"})
	test(`[ab]cd`, clause{"acd", "bcd"})
	test(`[^a]cd`, clause{"cd"})
	test(`ab`, clause{"ab"})
	test(`a.b`)
	test("\\w+`\\w", clause{"`"})
	test(`\s-\s*<`, clause{"<"})
	test(`\\[a-z]+\.[ "']{1}`, clause{". ", ".\"", ".'"})
	test(`\bфы`, clause{"фы"})
	test(`(?i)sssabc`, clause{"sssabc", "ssſabc", "sſsabc", "sſſabc", "ſssabc", "ſsſabc", "ſſsabc", "ſſſabc"})
	test(`(?i)ssxyz.*smnopqrs`, clause{"smnopqrs", "smnopqrſ", "ſmnopqrs", "ſmnopqrſ"}, clause{"ssxyz", "sſxyz", "ſsxyz", "ſſxyz"})
}

// FuzzRequiredLiterals: where the expression is found, each clause holds in the folded text.
func FuzzRequiredLiterals(f *testing.F) {
	f.Add(`(?i)(foo|ba[rz])+\s*qux?`, "xxFOObazquſ")
	f.Add(`(?i)system|ſß`, "SYſTEM")
	f.Add(`a(b|cde){2,3}[x-z]`, "abcdebx")
	f.Fuzz(func(t *testing.T, expr, text string) {
		re, err := regexp.Compile(expr)
		if err != nil || len(expr) > 60 {
			return
		}
		text = strings.ToValidUTF8(text, "\ufffd")
		if !re.MatchString(text) {
			return
		}
		folded := fold(text)
		for _, c := range requiredLiterals(expr) {
			held := false
			for _, lit := range c {
				held = held || strings.Contains(folded, lit)
			}
			if !held {
				t.Errorf("%s is found in %q, of which %q is required", expr, text, c)
			}
		}
	})
}

func TestCharCounts(t *testing.T) {
	test := func(expr string, char byte, times int) {
		t.Helper()
		if f := newRegexFacts(expr); f.char != char || f.times != times {
			t.Errorf("%s: %q %d times", expr, f.char, f.times)
		}
	}
	test(`a+.*b\+.*\+`, '+', 2)
	test(`(\^x|\^y){3}`, '^', 3)
	test(`(\^x|y){3}`, 0, 0)
	test(`(a-b){3}c`, '-', 3) // of as many the first
	test(`(a\^)+\^`, '^', 2)
	test(`(?i)aa11`, '1', 2)
	test(`(aa)?a`, 0, 0)
	test(`ab`, 0, 0)
}

func TestRegexFacts(t *testing.T) {
	test := func(expr string, minLen, run, dots int) {
		t.Helper()
		f := newRegexFacts(expr)
		gotRun := 0
		if f.run != nil {
			gotRun = f.run.min
		}
		if f.minLen != minLen || gotRun != run || f.dots != dots {
			t.Errorf("%s: minLen %d, run %d, dots %d", expr, f.minLen, gotRun, f.dots)
		}
	}
	test(`abc`, 3, 0, 0)
	test(`a(bc|d)?e+[f-h]{3,5}`, 5, 0, 0)
	test(`abc|de`, 2, 0, 0)
	test(`.{1000,}`, 1000, 0, 1000)
	test(`(.){150}`, 150, 0, 150)
	test(`(?s).{150}`, 150, 0, 0)
	test(`a.{150}`, 151, 0, 0)
	test(`\s[a-fA-F0-9]{64}\s[a-f]{16}`, 82, 64, 0)
	test(`([a-f]{64}|x)`, 1, 0, 0)
	test(`([a-f]{64})?`, 0, 0, 0)
	test(`^$`, 0, 0, 0)
	test(``, 0, 0, 0)
}

// FuzzRegexFacts: what is told without running the expression is what running it tells.
func FuzzRegexFacts(f *testing.F) {
	f.Add(`.{12,}`, "short\nétoo short\n123456789012")
	f.Add(`x[^a-f]{9}`, "xé23456789é")
	f.Add(`(?i)[k-s]{8,9}|[0-9]{8}`, "ſſſſſſſſ")
	f.Add(`(?i)ss\+.*\+`, "ſs++")
	f.Fuzz(func(t *testing.T, expr, text string) {
		re, err := regexp.Compile(expr)
		if err != nil || len(expr) > 60 {
			return
		}
		p, err := newPredicate(&rules.Operand{Kind: rules.OperandRegex, Regex: re})
		if err != nil {
			t.Fatal(err)
		}
		var s scalar
		s.set(event.Value{Raw: []byte(text), Kind: event.String})
		if got, want := p.regexHolds(&s), re.Match(s.textForm()); got != want {
			t.Errorf("%s on %q: got %v, want %v", expr, text, got, want)
		}
	})
}
