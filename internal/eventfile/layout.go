package eventfile

import (
	"bytes"

	"github.com/tidwall/gjson"
)

// layout is how a stream separates its records.
type layout uint8

const (
	layoutUnknown layout = iota
	layoutLines          // by line breaks
	layoutValues         // by their brackets: an array, or objects one behind the other
)

// detectBytes is how far detect looks for a line that is an object of its own.
const detectBytes = 1 << 20

// detect says what layout a stream has that begins with b, or layoutUnknown when more of it is needed.
//
// It is lines as soon as one line, from its first column on, is an object: pretty-printed JSON has no
// such line. So a broken line at the beginning does not hide the rest.
func detect(b []byte, eof bool, limit int) layout {
	start := bytes.TrimLeft(b, " \t\r\n")
	switch {
	case len(start) == 0 && !eof:
		return layoutUnknown
	case len(start) == 0:
		return layoutLines
	case start[0] == '[':
		return layoutValues
	case start[0] != '{':
		return layoutLines
	}
	complete := 0
	for line := range bytes.Lines(b) {
		if line[len(line)-1] != '\n' && !eof {
			break
		}
		complete++
		if line[0] == '{' && gjson.ValidBytes(line) {
			return layoutLines
		}
	}
	if eof || len(b) >= detectBytes && complete > 0 || len(b) > limit {
		return layoutValues
	}
	return layoutUnknown
}

// maxUnended is how many values may lack an end before the rest of a stream is read as lines: each one
// costs a look as far ahead as the limit of a record.
const maxUnended = 16

// valueCutter is what cutting by brackets has to remember.
type valueCutter struct {
	inArray bool // inside the brackets of an array of records
	unended int
}

// cutValues makes a record of each JSON value, of the elements of an array at the top.
func (r *Reader) cutValues(c *Chunk, at int) int {
	for {
		at = r.values.skipBetween(c.data, at)
		if at == len(c.data) {
			return at
		}
		n, end := valueEnd(c.data[at:], r.values.inArray)
		if end == endFine || end == endNone && r.ended != nil && !opens(c.data[at]) {
			r.add(c, at, at+n)
			at += n
			continue
		}
		if end == endNone && r.ended == nil && len(c.data)-at <= r.max {
			return at
		}
		// This value has no end. What follows is not given up for it.
		if n = nextSibling(c.data, at); n < 0 && r.ended == nil {
			return r.tooLarge(c, at)
		} else if n < 0 {
			n = len(c.data)
		}
		if r.values.unended++; r.values.unended > maxUnended {
			r.layout = layoutLines
			return at
		}
		r.add(c, at, n)
		at = n
	}
}

// nextSibling finds the next object in b that begins a line with the same indentation as the one at at,
// or gives -1. Pretty-printed JSON indents what is inside an object further.
func nextSibling(b []byte, at int) int {
	indent := b[bytes.LastIndexByte(b[:at], '\n')+1 : at]
	if len(bytes.TrimLeft(indent, " \t")) > 0 {
		indent = nil
	}
	mark := append(append([]byte{'\n'}, indent...), '{')
	i := bytes.Index(b[at:], mark)
	if i < 0 {
		return -1
	}
	return at + i + len(mark) - 1
}

// skipBetween goes to the next value, over what separates values.
func (v *valueCutter) skipBetween(b []byte, at int) int {
	for ; at < len(b); at++ {
		switch {
		case isSpace(b[at]) || b[at] == ',':
		case b[at] == '[' && !v.inArray:
			v.inArray = true
		case b[at] == ']' && v.inArray:
			v.inArray = false
		default:
			return at
		}
	}
	return at
}

// How a value ends.
type ending uint8

const (
	endNone   ending = iota // not within the bytes that there are
	endFine                 // behind its last bracket, quote or letter
	endBroken               // a line break in a text: this is no JSON
)

// opens reports whether b begins a value that has to be closed.
func opens(b byte) bool { return b == '{' || b == '[' || b == '"' }

// valueEnd finds the end of the value that b begins with: of an object, array or text where it is closed,
// of anything else where the array goes on, or the line ends.
func valueEnd(b []byte, inArray bool) (int, ending) {
	if !opens(b[0]) {
		stop := "\n"
		if inArray {
			stop = ",]\n"
		}
		if i := bytes.IndexAny(b, stop); i >= 0 {
			return max(i, 1), endFine // at 0 a bracket that closes nothing
		}
		return len(b), endNone
	}
	depth, inText := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inText && c == '\\':
			i++
		case inText && c == '\n':
			return i, endBroken
		case c == '"':
			inText = !inText
		case inText:
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		default:
			continue
		}
		if depth == 0 && !inText {
			return i + 1, endFine
		}
	}
	return len(b), endNone
}
