package matcher

import (
	"strings"
	"testing"

	"github.com/picketsigma/picket/rules"
)

// parts reads `*` and `?` as wildcards, `~` as a dash of windash and nothing as an escape.
func parts(s string) rules.Pattern {
	var p rules.Pattern
	for _, r := range s {
		switch {
		case r == '*':
			if n := len(p); n == 0 || p[n-1].Kind != rules.PartRun {
				p = append(p, rules.Part{Kind: rules.PartRun})
			}
		case r == '?':
			p = append(p, rules.Part{Kind: rules.PartOne})
		case r == '~':
			p = append(p, rules.Part{Kind: rules.PartDash})
		case len(p) > 0 && p[len(p)-1].Kind == rules.PartLiteral:
			p[len(p)-1].Text += string(r)
		default:
			p = append(p, rules.Part{Kind: rules.PartLiteral, Text: string(r)})
		}
	}
	return p
}

// naiveGlob tries every split of the text's code points.
func naiveGlob(pattern, text []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	if pattern[0] == '*' {
		return naiveGlob(pattern[1:], text) || len(text) > 0 && naiveGlob(pattern, text[1:])
	}
	dash := len(text) > 0 && pattern[0] == '~' && strings.ContainsRune("-/\u2013\u2014\u2015", text[0])
	return len(text) > 0 && (pattern[0] == '?' || pattern[0] == text[0] && text[0] != '~' || dash) && naiveGlob(pattern[1:], text[1:])
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a*c", "abc", true}, {"a*c", "ac", true}, {"a*c", "a\nc", true}, {"a*c", "abd", false}, {"a*c", "xabc", false},
		{"a?c", "abc", true}, {"a?c", "aéc", true}, {"a?c", "a😀c", true}, {"a?c", "a\nc", true}, {"a?c", "ac", false}, {"a?c", "abbc", false},
		{"*a*b*", "xxaYYbzz", true}, {"*a*b*", "ba", false}, {"*1?", "0x10", true}, {"*1?", "0x1", false}, {"*1?", "10a", false},
		{"?*", "x", true}, {"?*", "", false}, {"*?*", "é", true}, {"??", "é", false}, {"", "", true}, {"", "x", false}, {"*", "", true},
		{"aba*aba", "aba", false}, {"aba*aba", "abaaba", true}, {"*ab?b*", "ababab", true}, {"*a?a*", "aaba", true},
		{"~a", "-a", true}, {"~a", "/a", true}, {"~a", "\u2013a", true}, {"~a", "\u2014a", true}, {"~a", "\u2015a", true}, {"~a", "\u2012a", false}, {"~a", "+a", false}, {"~a", "a", false},
		{"*a~", "a-", true}, {"*a~", "a\u2015", true}, {"*a~", "a", false}, {"*~*", "x\u2014y", true}, {"*~~x*", "a-/xb", true}, {"*~b*", "a-a/b", true},
		{"?", "\xff", true}, {"?", "\xe2\x82", false}, {"*?é", "\xe2é", true}, {"*??", "x\xe2\x82", true},
	} {
		g, err := newGlob(parts(c.pattern))
		if err != nil {
			t.Fatal(err)
		}
		if got := g.match([]byte(c.text)); got != c.want {
			t.Errorf("%q on %q: got %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?c*", "axxbéc")
	f.Add("*?*?", "ab")
	f.Add("*aa?*?b", "aaaab\xffb")
	f.Add("*~a*~", "-a/\u2015")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 40 {
			return
		}
		// A rule is valid UTF-8, a value need not be.
		pattern = strings.ToValidUTF8(pattern, "")
		g, err := newGlob(parts(pattern))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsRune(pattern, '\uFFFD') {
			return // the naive walk below cannot tell it from an invalid byte
		}
		if got, want := g.match([]byte(text)), naiveGlob([]rune(pattern), []rune(text)); got != want {
			t.Errorf("%q on %q: got %v, want %v", pattern, text, got, want)
		}
	})
}

func TestGlobRefusesUnknownParts(t *testing.T) {
	if _, err := newGlob(rules.Pattern{{Kind: 99}}); err == nil {
		t.Error("a part of an unknown kind was compiled")
	}
}
