package event

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The functions of this file read JSON text and check it, accepting what gjson.ValidBytes accepts: RFC
// 8259, save that strings may hold bytes that are not UTF-8. They return where they ended, or bad(i) when
// the byte at i, or the end of the input, cannot be there.

// maxDepth is how deep arrays and objects may nest, as in encoding/json. RFC 8259 section 9 lets a parser
// have such a limit; recursive ones behind us need it.
const maxDepth = 10000

func bad(i int) int { return ^i }

// space skips white space.
func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// escapes says which escapes a string has.
type escapes uint8

const (
	simpleEscape  escapes = 1 << iota // of two bytes
	unicodeEscape                     // \u and four digits
)

// stringEnd finds the closing quote of the string whose first byte is at i, and says which escapes are in
// it.
//
// It looks at eight bytes at once for a quote, a backslash or a control character. Flipping bit 1 makes
// the quote (0x22) 0x20 and leaves the control characters below it, so that one comparison finds both;
// another finds the backslash. Each comparison is made on seven bits, so that no byte's carry reaches
// the next, and a byte beyond ASCII is never one. Paths are full of escapes: those of one word are
// skipped without reading it again.
func stringEnd(b []byte, i int) (end int, found escapes) {
	for i+9 <= len(b) { // eight, and the one that an escape at their end escapes
		w := binary.LittleEndian.Uint64(b[i:])
		q := w ^ 2*lows
		s := w ^ '\\'*lows
		noQuoteOrControl := (q &^ highs) + (0x7f-0x20)*lows | q
		noBackslash := (s &^ highs) + 0x7f*lows | s
		stops := ^(noQuoteOrControl & noBackslash) & highs
		next := i + 8
		for stops != 0 {
			bit := bits.TrailingZeros64(stops)
			at := i + bit/8
			if noBackslash>>bit&1 != 0 {
				if b[at] == '"' {
					return at, found
				}
				return bad(at), found
			}
			if !isSimpleEscape[b[at+1]] {
				found |= unicodeEscape
				if next = escape(b, at); next < 0 {
					return next, found
				}
				break
			}
			found |= simpleEscape
			next = max(next, at+2)
			stops &= ^uint64(0) << (bit + 9) // all after the escaped byte
		}
		i = next
	}
	return stringEndSlow(b, i, found)
}

// stringEndSlow is stringEnd byte by byte.
func stringEndSlow(b []byte, i int, found escapes) (int, escapes) {
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i, found
		case c < ' ' || c == '\\':
			from := i
			if i = escape(b, i); i < 0 {
				return i, found
			}
			if found |= simpleEscape; i > from+2 {
				found |= unicodeEscape
			}
		default:
			i++
		}
	}
	return bad(i), found
}

// hasUnicodeEscape reports whether a string in checked JSON has a \u escape.
func hasUnicodeEscape(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return false
		}
		if b[i+1] == 'u' {
			return true
		}
		b = b[i+2:]
	}
}

// isSimpleEscape says which bytes after a backslash are an escape of two bytes.
var isSimpleEscape = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

// nameEnd finds the closing quote of a key as stringEnd does, and says whether there is an escape or a
// space in it: for that it stops at every byte up to the quote in ASCII, and goes on byte by byte.
func nameEnd(b []byte, i int) (end int, odd bool) {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		s := w ^ '\\'*lows
		upToQuote := (w &^ highs) + (0x7f-'"')*lows | w
		backslash := (s &^ highs) + 0x7f*lows | s
		found := ^(upToQuote & backslash) & highs
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		if b[i] == '"' {
			return i, odd
		}
		break
	}
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i, odd
		case c < ' ' || c == '\\':
			if i = escape(b, i); i < 0 {
				return i, true
			}
			odd = true
		default:
			odd = odd || c == ' '
			i++
		}
	}
	return bad(i), odd
}

// escape skips the escape at i; anything else there is bad.
func escape(b []byte, i int) int {
	if b[i] != '\\' {
		return bad(i)
	}
	if i++; i == len(b) {
		return bad(i)
	}
	if isSimpleEscape[b[i]] {
		return i + 1
	}
	if b[i] != 'u' {
		return bad(i)
	}
	for range 4 {
		if i++; i == len(b) || !isHexDigit[b[i]] {
			return bad(i)
		}
	}
	return i + 1
}

var isHexDigit = [256]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true,
	'A': true, 'B': true, 'C': true, 'D': true, 'E': true, 'F': true,
}

// scalarEnd finds the end of the number, true, false or null at i.
func scalarEnd(b []byte, i int) int {
	switch b[i] {
	case 't':
		return wordEnd(b, i, "true")
	case 'f':
		return wordEnd(b, i, "false")
	case 'n':
		return wordEnd(b, i, "null")
	}
	return numberEnd(b, i)
}

func wordEnd(b []byte, i int, word string) int {
	for j := range len(word) {
		if i+j == len(b) || b[i+j] != word[j] {
			return bad(i + j)
		}
	}
	return i + len(word)
}

func numberEnd(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = digitsEnd(b, i); i < 0 {
		return i
	}
	if i < len(b) && b[i] == '.' {
		if i = digitsEnd(b, i+1); i < 0 {
			return i
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return digitsEnd(b, i)
	}
	return i
}

// digitsEnd skips digits, of which there must be one.
func digitsEnd(b []byte, i int) int {
	from := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == from {
		return bad(i)
	}
	return i
}

// nesting remembers which of the open brackets are braces, a bit each. Only deep nesting allocates.
type nesting struct {
	braces  uint64 // the innermost 64, the lowest bit the innermost
	spilled []uint64
	depth   int
}

func (n *nesting) push(brace bool) {
	if n.depth > 0 && n.depth%64 == 0 {
		n.spilled = append(n.spilled, n.braces)
	}
	n.braces <<= 1
	if brace {
		n.braces |= 1
	}
	n.depth++
}

func (n *nesting) pop() {
	n.braces >>= 1
	n.depth--
	if n.depth > 0 && n.depth%64 == 0 {
		n.braces = n.spilled[len(n.spilled)-1]
		n.spilled = n.spilled[:len(n.spilled)-1]
	}
}

// closing is the bracket that closes the innermost.
func (n *nesting) closing() byte {
	if n.braces&1 != 0 {
		return '}'
	}
	return ']'
}

// skipNested finds the end of the object or array at i, which lies inside depth others.
func skipNested(b []byte, i, depth int) int {
	var open nesting
	open.push(b[i] == '{')
	if depth >= maxDepth {
		return bad(i)
	}
	i = space(b, i+1)
	first := true
	for {
		if i == len(b) {
			return bad(i)
		}
		if !first || b[i] != open.closing() {
			if open.closing() == '}' {
				if i = keyEnd(b, i); i < 0 {
					return i
				}
			}
			if i == len(b) {
				return bad(i)
			}
			switch c := b[i]; c {
			case '{', '[':
				if depth+open.depth >= maxDepth {
					return bad(i)
				}
				open.push(c == '{')
				i = space(b, i+1)
				first = true
				continue
			case '"':
				if i, _ = stringEnd(b, i+1); i < 0 {
					return i
				}
				i++
			default:
				if i = scalarEnd(b, i); i < 0 {
					return i
				}
			}
		}
		if i = closeAll(b, i, &open); i < 0 || open.depth == 0 {
			return i
		}
		first = false
	}
}

// closeAll skips closing brackets behind a value, and the comma when the innermost open one goes on.
func closeAll(b []byte, i int, open *nesting) int {
	for {
		i = space(b, i)
		switch {
		case i == len(b):
			return bad(i)
		case b[i] == ',':
			return space(b, i+1)
		case b[i] != open.closing():
			return bad(i)
		}
		i++
		if open.pop(); open.depth == 0 {
			return i
		}
	}
}

// keyEnd skips the key at i, the colon and the space around it.
func keyEnd(b []byte, i int) int {
	if b[i] != '"' {
		return bad(i)
	}
	if i, _ = stringEnd(b, i+1); i < 0 {
		return i
	}
	i = space(b, i+1)
	if i == len(b) || b[i] != ':' {
		return bad(i)
	}
	return space(b, i+1)
}

// valueEnd finds the end of the value at i, whatever it is.
func valueEnd(b []byte, i int) int {
	if i == len(b) {
		return bad(i)
	}
	switch b[i] {
	case '{', '[':
		return skipNested(b, i, 0)
	case '"':
		if i, _ = stringEnd(b, i+1); i < 0 {
			return i
		}
		return i + 1
	}
	return scalarEnd(b, i)
}

// invalidAt gives the offset at which b stops being JSON, or -1 when all of it is.
func invalidAt(b []byte) int {
	i := valueEnd(b, space(b, 0))
	if i < 0 {
		return ^i
	}
	if i = space(b, i); i < len(b) {
		return i
	}
	return -1
}

// tooDeep reports whether JSON nests deeper than maxDepth. Of text that is not JSON it may say anything.
func tooDeep(b []byte) bool {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}
