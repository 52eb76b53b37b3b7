package matcher

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// glob is a pattern that is more than one literal with open ends: its stretches between the `*`, in
// order. Immutable.
type glob struct {
	openStart, openEnd bool // the pattern begins, ends with `*`
	segments           []segment
}

// segment is what lies between two `*`: literals, and `?` for one code point each. It always covers the
// same number of code points, therefore the leftmost place it fits is the best one.
type segment []part

// part is a literal; without one it is a dash of windash, or a single `?`.
type part struct {
	lit  []byte
	dash bool
}

// newGlob compiles a pattern whose literals are already folded where they have to be.
func newGlob(p rules.Pattern) (*glob, error) {
	g := &glob{}
	var seg segment
	for i, x := range p {
		switch x.Kind {
		case rules.PartRun:
			g.openStart = g.openStart || i == 0
			g.openEnd = i == len(p)-1
			if len(seg) > 0 {
				g.segments = append(g.segments, seg)
				seg = nil
			}
		case rules.PartLiteral:
			seg = append(seg, part{lit: []byte(x.Text)})
		case rules.PartOne:
			seg = append(seg, part{})
		case rules.PartDash:
			seg = append(seg, part{dash: true})
		default:
			return nil, fmt.Errorf("pattern part of kind %d", x.Kind)
		}
	}
	if len(seg) > 0 {
		g.segments = append(g.segments, seg)
	}
	return g, nil
}

// longest gives the longest literal of the pattern and where in a value it has to lie.
func (g *glob) longest() (string, index.Anchor) {
	var best []byte
	anchor := index.Anywhere
	for i, seg := range g.segments {
		for j, p := range seg {
			if len(p.lit) <= len(best) {
				continue
			}
			best, anchor = p.lit, index.Anywhere
			switch {
			case i == 0 && j == 0 && !g.openStart:
				anchor = index.Start
			case i == len(g.segments)-1 && j == len(seg)-1 && !g.openEnd:
				anchor = index.End
			}
		}
	}
	return string(best), anchor
}

// match reports whether the pattern covers text from its first to its last character.
func (g *glob) match(text []byte) bool {
	segments := g.segments
	if len(segments) == 0 {
		return g.openStart || len(text) == 0
	}
	if !g.openStart {
		n := segments[0].at(text)
		if n < 0 {
			return false
		}
		text = text[n:]
		if segments = segments[1:]; len(segments) == 0 {
			return g.openEnd || len(text) == 0
		}
	}
	if !g.openEnd && len(segments) > 0 {
		n := segments[len(segments)-1].atEnd(text)
		if n < 0 {
			return false
		}
		text, segments = text[:len(text)-n], segments[:len(segments)-1]
	}
	for _, seg := range segments {
		end := seg.find(text)
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	return true
}

// at gives the length of the segment at the start of text, or -1.
func (seg segment) at(text []byte) int {
	n := 0
	for _, p := range seg {
		if len(p.lit) > 0 {
			if !bytes.HasPrefix(text[n:], p.lit) {
				return -1
			}
			n += len(p.lit)
			continue
		}
		r, size := utf8.DecodeRune(text[n:])
		if size == 0 || p.dash && !isDash(r) {
			return -1
		}
		n += size
	}
	return n
}

// isDash reports whether r is one of the five that windash takes for each other.
func isDash(r rune) bool { return r == '-' || r == '/' || '\u2013' <= r && r <= '\u2015' }

// atEnd gives the length of the segment at the end of text, or -1.
func (seg segment) atEnd(text []byte) int {
	rest := text
	for i := len(seg) - 1; i >= 0; i-- {
		if lit := seg[i].lit; len(lit) > 0 {
			if !bytes.HasSuffix(rest, lit) {
				return -1
			}
			rest = rest[:len(rest)-len(lit)]
			continue
		}
		r, size := utf8.DecodeLastRune(rest)
		if size == 0 || seg[i].dash && !isDash(r) {
			return -1
		}
		rest = rest[:len(rest)-size]
	}
	return len(text) - len(rest)
}

// find gives where the leftmost place of the segment in text ends, or -1. It looks for the first literal;
// what stands before it has a fixed number of characters.
func (seg segment) find(text []byte) int {
	before := 0
	for before < len(seg) && len(seg[before].lit) == 0 {
		before++
	}
	for from := 0; from <= len(text); {
		if before == len(seg) { // no literal: every place is tried
			if n := seg.at(text[from:]); n >= 0 {
				return from + n
			}
		} else {
			i := bytes.Index(text[from:], seg[before].lit)
			if i < 0 {
				return -1
			}
			from += i
			if n := seg.around(text, from, before); n >= 0 {
				return n
			}
		}
		if from == len(text) {
			return -1
		}
		_, size := utf8.DecodeRune(text[from:])
		from += size
	}
	return -1
}

// around gives where the segment ends in text when its part number before, a literal, is at from; or -1.
func (seg segment) around(text []byte, from, before int) int {
	start := from
	for range before {
		_, size := utf8.DecodeLastRune(text[:start])
		if size == 0 {
			return -1
		}
		start -= size
	}
	n := seg.at(text[start:])
	if n < 0 {
		return -1
	}
	return start + n
}
