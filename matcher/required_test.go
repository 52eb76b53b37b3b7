package matcher

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	test(`abc.*defg`, clause{"defg"}, clause{"abc"})
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
	test(`[^a]cd`)
	test(`ab`)
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
