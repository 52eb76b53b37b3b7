package matcher

import (
	"bytes"
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// regexFacts is what can be seen of an expression without running it: necessary conditions on the texts it is
// found in, each far cheaper than a run. Law of prefilters: they may say yes wrongly, never no wrongly.
type regexFacts struct {
	minLen int      // characters, of each text that matches
	run    *charRun // a stretch of characters of one kind that each such text has, or nil
	char   byte     // a character that each such text has as often as times, when that is more than once
	times  int
	// dots, when it is not 0, says that the expression is nothing but `.` so many times or more: a line of
	// that many characters. The standard machine would keep as many threads.
	dots int
}

// charRun is min bytes in a row that are all in set.
type charRun struct {
	set [256]bool
	min int
}

// minRun is how long a run has to be at least for looking for it to pay: only every min-th byte is looked at.
const minRun = 8

// newRegexFacts takes an expression apart. It compiles: package rules has compiled it before.
func newRegexFacts(expr string) regexFacts {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return regexFacts{}
	}
	f := regexFacts{minLen: minLen(re), run: longestRun(re)}
	for c, n := range charCounts(re) {
		if n > max(1, f.times) || n > 1 && n == f.times && c < f.char {
			f.char, f.times = c, n
		}
	}
	if re.Op == syntax.OpRepeat && withoutCapture(re.Sub[0]).Op == syntax.OpAnyCharNotNL {
		f.dots = re.Min
	}
	return f
}

func withoutCapture(re *syntax.Regexp) *syntax.Regexp {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	return re
}

// longest is more characters than any text that is worth counting to.
const longest = 1 << 20

// minLen gives how many characters a match has at least.
func minLen(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = 1
	case syntax.OpCapture, syntax.OpPlus:
		n = minLen(re.Sub[0])
	case syntax.OpRepeat:
		n = re.Min * minLen(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			n += minLen(sub)
		}
	case syntax.OpAlternate:
		n = longest
		for _, sub := range re.Sub {
			n = min(n, minLen(sub))
		}
	}
	return min(n, longest)
}

// charCounts gives how often each match has some characters of ASCII at least. Without regard to case a letter is
// not one character.
func charCounts(re *syntax.Regexp) map[byte]int {
	out := map[byte]int{}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r < utf8.RuneSelf && (re.Flags&syntax.FoldCase == 0 || unicode.SimpleFold(r) == r) {
				out[byte(r)]++
			}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return charCounts(re.Sub[0])
	case syntax.OpRepeat:
		for c, n := range charCounts(re.Sub[0]) {
			out[c] = n * re.Min
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			for c, n := range charCounts(sub) {
				out[c] += n
			}
		}
	}
	return out
}

// longestRun gives the longest repetition of one class of characters that every match has, or nil.
func longestRun(re *syntax.Regexp) *charRun {
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return longestRun(re.Sub[0])
	case syntax.OpConcat:
		var best *charRun
		for _, sub := range re.Sub {
			if r := longestRun(sub); r != nil && (best == nil || r.min > best.min) {
				best = r
			}
		}
		return best
	case syntax.OpRepeat:
		sub := withoutCapture(re.Sub[0])
		if re.Min < minRun {
			return nil
		}
		if sub.Op == syntax.OpCharClass {
			return newCharRun(sub.Rune, re.Min)
		}
	}
	return nil
}

// newCharRun takes the bytes of all characters beyond ASCII for members when one such character is. So many
// characters in a row are at least so many bytes.
func newCharRun(ranges []rune, n int) *charRun {
	r := &charRun{min: n}
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= min(ranges[i+1], utf8.RuneSelf-1); c++ {
			r.set[c] = true
		}
		if ranges[i+1] >= utf8.RuneSelf {
			for c := utf8.RuneSelf; c < 256; c++ {
				r.set[c] = true
			}
		}
	}
	return r
}

// in reports whether text has the run. A run cannot hide between the bytes that are looked at.
func (r *charRun) in(text []byte) bool {
	for i := r.min - 1; i < len(text); i += r.min {
		if !r.set[text[i]] {
			continue
		}
		from, to := i, i+1
		for from > 0 && r.set[text[from-1]] {
			from--
		}
		for to < len(text) && r.set[text[to]] {
			to++
		}
		if to-from >= r.min {
			return true
		}
	}
	return false
}

// hasLine reports whether text has a line of n characters.
func hasLine(text []byte, n int) bool {
	count := 0
	for i := 0; i < len(text) && count < n; {
		c := text[i]
		if c == '\n' {
			count = 0
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(text[i:])
		}
		i += size
		count++
	}
	return count >= n
}

// regexHolds runs the expression on a scalar, unless it can be told without.
func (p *predicate) regexHolds(s *scalar) bool {
	if len(s.value.Raw) < p.regex.minLen { // no character is written in less than a byte
		return false
	}
	text := s.textForm()
	switch {
	case p.regex.dots > 0:
		return hasLine(text, p.regex.dots)
	case p.regex.run != nil && !p.regex.run.in(text), p.regex.times > 0 && bytes.Count(text, []byte{p.regex.char}) < p.regex.times:
		return false
	}
	return p.operand.Regex.Match(text)
}

// regexMayHold reports whether a scalar holds the literals that the expression requires. The index knows that
// of a whole field; this is for a look at one value without it.
func (p *predicate) regexMayHold(s *scalar) bool {
	for _, any := range p.needs {
		held := false
		for _, q := range any {
			held = held || q.holds(s)
		}
		if !held {
			return false
		}
	}
	return true
}
