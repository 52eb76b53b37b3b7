package rules

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

func applyRegex(s *step) error { return nil }

// applyFlag sets a flag of RE2: i ignore case, m lines, s dot matches line feed.
func applyFlag(flag rune) func(*step) error {
	return func(s *step) error {
		if !strings.ContainsRune(s.flags, flag) {
			s.flags += string(flag)
		}
		return nil
	}
}

// compileRegex compiles the value as RE2. What only backtracking engines can do is refused: there is no
// way to run it in a time that is linear in an attacker's text.
func (s *step) compileRegex() error {
	text := s.raw
	if s.flags != "" {
		text = "(?" + s.flags + ")" + text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return explainRegex(s.raw, err)
	}
	size := regexSize(tree)
	if size > maxRegex {
		return &valueError{-1, CodeLimit, fmt.Errorf("the regular expression is larger than %d instructions: lower its repeat counts", maxRegex)}
	}
	if err := s.budget.spend(&s.budget.regexes, size); err != nil {
		return err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return explainRegex(s.raw, err)
	}
	s.alts = []Operand{{Kind: OperandRegex, Regex: re}}
	if plain := plainModifier(tree); plain != "" {
		s.lint = append(s.lint, valueError{-1, CodePlainRegex, fmt.Errorf("the regular expression says no more than %s, which is faster", plain)})
	}
	return nil
}

// plainModifier gives the modifiers that say the same as a regular expression, if there are any: it is a
// text, with an anchor or `.*` at its ends or not.
func plainModifier(re *syntax.Regexp) string {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	start, end := false, false
	if parts[0].Op == syntax.OpBeginText {
		start, parts = true, parts[1:]
	} else if isAnything(parts[0]) {
		parts = parts[1:]
	}
	if last := len(parts) - 1; last >= 0 && parts[last].Op == syntax.OpEndText {
		end, parts = true, parts[:last]
	} else if last >= 0 && isAnything(parts[last]) {
		parts = parts[:last]
	}
	if len(parts) != 1 || parts[0].Op != syntax.OpLiteral {
		return ""
	}
	name := "contains"
	switch {
	case start && end:
		name = "equality"
	case start:
		name = "startswith"
	case end:
		name = "endswith"
	}
	if parts[0].Flags&syntax.FoldCase == 0 {
		name = strings.TrimPrefix(name+"|cased", "equality|")
	}
	return name
}

// isAnything reports whether re is `.*`, lazy or not.
func isAnything(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar && (re.Sub[0].Op == syntax.OpAnyChar || re.Sub[0].Op == syntax.OpAnyCharNotNL)
}

// regexSize estimates the instructions that a regular expression compiles to.
func regexSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += regexSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxRegex+1)
}

// notRE2 is what PCRE, Python and .NET know and RE2 does not, by how it starts.
var notRE2 = []struct{ start, what string }{
	{"(?=", "look-ahead (?=…)"},
	{"(?!", "negative look-ahead (?!…)"},
	{"(?<=", "look-behind (?<=…)"},
	{"(?<!", "negative look-behind (?<!…)"},
	{"(?>", "an atomic group (?>…)"},
	{"(?|", "a branch reset (?|…)"},
	{"(?#", "a comment (?#…)"},
	{"(?(", "a conditional (?(…)…)"},
	{"(?&", "a recursion (?&…)"},
	{"(?R", "a recursion (?R)"},
	{"(?P=", "a back-reference (?P=…)"},
	{"(?P>", "a recursion (?P>…)"},
	{"(?'", "a group named with quotes: write (?<name>…)"},
	{"(?x", "the flag x for free spacing"},
	{`\k`, `a back-reference \k`},
	{`\g`, `a back-reference \g`},
	{`\G`, `the anchor \G`},
	{`\K`, `a reset of the match \K`},
	{`\Z`, `the anchor \Z: write \z`},
	{`\h`, `the class \h: write [ \t]`},
	{`\H`, `the class \H: write [^ \t]`},
	{`\R`, `the class \R: write (?:\r\n|[\n\r])`},
	{`\N`, `the class \N: write [^\n]`},
	{`\X`, `the class \X`},
	{`\u`, `the escape \u: write \x{…}`},
	{`\e`, `the escape \e: write \x1b`},
	{`\c`, `the escape \c: write \x and two digits`},
}

// explainRegex says which construct cannot be compiled, and where it stands.
func explainRegex(raw string, err error) error {
	inClass := false
	repeated := false // the character before is a quantifier
	for i := 0; i < len(raw); {
		rest := raw[i:]
		if !inClass || rest[0] == '\\' {
			if what := foreignConstruct(rest, repeated && !inClass); what != "" {
				return &valueError{i, CodeRegex, fmt.Errorf("RE2 does not have %s", what)}
			}
		}
		repeated = false
		switch rest[0] {
		case '\\':
			_, size := utf8.DecodeRuneInString(rest[1:])
			i += size
		case '[':
			inClass = true
		case ']':
			inClass = false
		case '*', '+', '?', '}':
			repeated = !inClass
		}
		i++
	}
	var bad *syntax.Error
	if !errors.As(err, &bad) {
		return &valueError{-1, CodeRegex, err}
	}
	return &valueError{max(strings.Index(raw, bad.Expr), 0), CodeRegex, fmt.Errorf("%s in the regular expression: %q", bad.Code, bad.Expr)}
}

// foreignConstruct names the construct of another dialect that text starts with.
func foreignConstruct(text string, repeated bool) string {
	for _, c := range notRE2 {
		if strings.HasPrefix(text, c.start) {
			return c.what
		}
	}
	switch {
	case len(text) > 1 && text[0] == '\\' && '1' <= text[1] && text[1] <= '9':
		return "the back-reference " + text[:2]
	case repeated && text[0] == '+':
		return "possessive quantifiers"
	}
	return ""
}
