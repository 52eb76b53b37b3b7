package matcher

import (
	"strings"
	"unicode/utf8"

	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// Keywords are tested on every value of an event, whatever its field: one rule for all of Windows would
// cost every event a look at every value. Each keyword therefore gives a text that a value has to hold, and
// the record as a whole is asked first (index.Sieve): most hold none.

// keywordSieve makes the sieve of a keyword slot, or gives nil when one of its predicates has no text that can
// be looked for in the record.
func keywordSieve(s *slot) *index.Sieve {
	var texts []string
	for _, p := range s.preds {
		text := sieveText(p)
		if text == "" {
			return nil
		}
		texts = append(texts, text)
	}
	if sieve, ok := index.NewSieve(texts); ok {
		return sieve
	}
	return nil
}

// minSieveText is the shortest text worth looking for.
const minSieveText = 4

// sieveText gives the longest stretch of a predicate's literals that a record writes as it is, in small
// letters; or "".
func sieveText(p *predicate) string {
	var literals []string
	switch {
	case p.op != opText && p.op != opDash && p.op != opGlob:
		return ""
	case p.operand != nil && p.operand.Kind == rules.OperandPattern:
		for _, x := range p.operand.Pattern {
			literals = append(literals, x.Text)
		}
	default:
		literals = []string{p.lit}
	}
	best := ""
	for _, lit := range literals {
		for _, stretch := range strings.FieldsFunc(fold(lit), func(r rune) bool { return r >= utf8.RuneSelf || !index.PlainInJSON(byte(r)) }) {
			if len(stretch) >= minSieveText && len(stretch) > len(best) && !likeNumber(stretch) {
				best = stretch
			}
		}
	}
	return best
}

// likeNumber reports whether text could be (part of) a number. Their text form need not be how a record writes
// them: 1e3 is 1000, and NXLog's Keywords become hexadecimal.
func likeNumber(text string) bool {
	return strings.Trim(text, "0123456789abcdefx.+-") == ""
}

// keywordsAbsent reports that no predicate of a keyword slot is true, by a glance at the record.
func (s *Session) keywordsAbsent(sl *slot) bool {
	return sl.sieve != nil && s.ev.Plain && !s.engine.opts.NoSieve && sl.sieve.Absent(s.ev.Raw)
}
