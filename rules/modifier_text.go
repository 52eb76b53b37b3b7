package rules

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

func applyContains(s *step) error { return s.anchor("contains", AnchorAnywhere) }

func applyStartsWith(s *step) error { return s.anchor("startswith", AnchorStart) }

func applyEndsWith(s *step) error { return s.anchor("endswith", AnchorEnd) }

// anchor says where in the value the text has to lie.
func (s *step) anchor(name string, at Anchor) error {
	if s.typ == typeFieldRef {
		return s.each(func(o *Operand) { o.Anchor = at })
	}
	s.open(name, at != AnchorStart, at != AnchorEnd)
	return nil
}

// open lets anything stand before or behind the text. A wildcard that is there already is none too many,
// but a sign that something else was meant.
func (s *step) open(name string, start, end bool) {
	for i := range s.alts {
		p := &s.alts[i].Pattern
		if last := len(*p) - 1; i == 0 && last >= 0 && (start && (*p)[0].Kind == PartRun || end && (*p)[last].Kind == PartRun) {
			s.lint = append(s.lint, valueError{-1, CodeWildcard, fmt.Errorf("%s puts a `*` there already", name)})
		}
		if start {
			*p = p.openStart()
		}
		if end {
			*p = p.openEnd()
		}
	}
}

func applyCased(s *step) error {
	return s.each(func(o *Operand) { o.Cased = true })
}

// applyWindash lets each dash that begins an option be any of them: `-` or `/` whose left neighbor is
// no word character and whose right neighbor is one, `\B[-/]\b` in the words of pySigma. The ends of a
// literal stretch count as no word character. A class instead of 5ⁿ alternatives says the same.
func applyWindash(s *step) error {
	return s.each(func(o *Operand) {
		var out Pattern
		for _, p := range o.Pattern {
			if p.Kind == PartLiteral {
				out = out.join(dashes(p.Text)...)
			} else {
				out = out.join(p)
			}
		}
		o.Pattern = out
	})
}

// dashes cuts a literal at the dashes that begin an option.
func dashes(text string) []Part {
	var out []Part
	start := 0
	before := ' '
	for i, r := range text {
		if (r == '-' || r == '/') && !isWord(before) {
			if after, _ := utf8.DecodeRuneInString(text[i+1:]); i+1 < len(text) && isWord(after) {
				if start < i {
					out = append(out, Part{Kind: PartLiteral, Text: text[start:i]})
				}
				out = append(out, Part{Kind: PartDash})
				start = i + 1
			}
		}
		before = r
	}
	if start < len(text) {
		out = append(out, Part{Kind: PartLiteral, Text: text[start:]})
	}
	return out
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// placeholder is a name in a value of expand, or an escaped percent sign.
var placeholder = regexp.MustCompile(`\\%|%(\w+)%`)

const maxPlaceholders = 256 // in one value

// applyExpand replaces each %name% by each of the values that are configured for the name; several in
// one value give every combination. The values are Sigma strings: their wildcards are active.
func applyExpand(s *step) error {
	return s.multiply(func(o Operand) ([]Operand, error) {
		combined := []Pattern{nil}
		for _, p := range o.Pattern {
			pieces := [][]Pattern{{{p}}}
			if p.Kind == PartLiteral {
				var err error
				if pieces, err = s.pieces(p.Text); err != nil {
					return nil, err
				}
			}
			for _, choices := range pieces {
				if len(combined)*len(choices) > maxAlternatives {
					return nil, errAlternatives
				}
				combined = combine(combined, choices)
			}
		}
		out := make([]Operand, len(combined))
		for i, p := range combined {
			out[i] = o
			out[i].Pattern = p
		}
		return out, nil
	})
}

// pieces cuts a literal at its placeholders: what may stand at each piece's place, one after the other.
func (s *step) pieces(text string) ([][]Pattern, error) {
	marks := placeholder.FindAllStringSubmatchIndex(text, maxPlaceholders+1)
	if len(marks) > maxPlaceholders {
		return nil, &valueError{-1, CodeLimit, fmt.Errorf("has more than %d placeholders", maxPlaceholders)}
	}
	var out [][]Pattern
	at := 0
	for _, m := range marks {
		out = append(out, []Pattern{literal(text[at:m[0]])})
		at = m[1]
		if m[2] < 0 {
			out = append(out, []Pattern{literal("%")})
			continue
		}
		name := text[m[2]:m[3]]
		values := s.values[name]
		if len(values) == 0 {
			return nil, &valueError{max(strings.Index(s.raw, text[m[0]:m[1]]), 0), CodePlaceholder, fmt.Errorf("placeholder %q has no values", name)}
		}
		s.used[name] = true
		choices := make([]Pattern, len(values))
		for i, v := range values {
			choices[i] = parsePattern(v)
		}
		out = append(out, choices)
	}
	return append(out, []Pattern{literal(text[at:])}), nil
}

// combine appends each of the choices to each of the beginnings.
func combine(beginnings, choices []Pattern) []Pattern {
	out := make([]Pattern, 0, len(beginnings)*len(choices))
	for _, b := range beginnings {
		for _, c := range choices {
			out = append(out, Pattern(nil).join(b...).join(c...))
		}
	}
	return out
}
