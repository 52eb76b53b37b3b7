package matcher

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// Eight bytes at a time: a word of ASCII is folded with three additions. ones repeats a byte over a
// word, highs are the top bits of its bytes.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// appendFolded appends text with every code point in lower case, one by one, as rules and values are
// both folded before they are compared: simple lower-casing (unicode.ToLower), not EqualFold, which
// would equate ſ with s, and not full folding, which would turn ß into ss. A byte that is not part of
// valid UTF-8 becomes U+FFFD. The result can be longer or shorter than text: an offset in one is none
// in the other.
func appendFolded(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		// Fast path: a word without a non-ASCII byte.
		if i+8 <= len(text) {
			if w := binary.LittleEndian.Uint64(text[i:]); w&highs == 0 {
				dst = binary.LittleEndian.AppendUint64(dst, lowerWord(w))
				i += 8
				continue
			}
		}
		c := text[i]
		if c < utf8.RuneSelf {
			dst = append(dst, lowerByte(c))
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		dst = utf8.AppendRune(dst, lowerRune(r))
		i += size
	}
	return dst
}

// appendFoldedJSON appends the folded form of raw, the inside of a JSON string with escapes in it. It
// stops and reports false at an escape that is worth a detour (\u, which is in less than one value of
// 300): the caller then decodes the whole text first.
func appendFoldedJSON(dst, raw []byte) ([]byte, bool) {
	for i := 0; i < len(raw); {
		if i+8 <= len(raw) {
			w := binary.LittleEndian.Uint64(raw[i:])
			x := w ^ ones*'\\'
			if (w|(x-ones)&^x)&highs == 0 {
				dst = binary.LittleEndian.AppendUint64(dst, lowerWord(w))
				i += 8
				continue
			}
		}
		c := raw[i]
		switch {
		case c == '\\':
			if i+1 == len(raw) {
				return dst, false
			}
			e := unescaped[raw[i+1]]
			if e == 0 {
				return dst, false
			}
			dst = append(dst, e)
			i += 2
		case c < ' ':
			return dst, false // not JSON; package event decides what it means
		case c < utf8.RuneSelf:
			dst = append(dst, lowerByte(c))
			i++
		default:
			r, size := utf8.DecodeRune(raw[i:])
			dst = utf8.AppendRune(dst, lowerRune(r))
			i += size
		}
	}
	return dst, true
}

// unescaped holds what the two-character escapes of JSON stand for; 0 for those it leaves to the caller.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// lowerWord folds eight ASCII bytes. Adding 0x80-'A' to a byte sets its top bit from 'A' on, adding
// 0x7f-'Z' from '[' on; where they differ the byte is a capital, and its bit 5 makes it small.
func lowerWord(w uint64) uint64 {
	fromA, fromBracket := w+ones*(0x80-'A'), w+ones*(0x7f-'Z')
	return w | (fromA^fromBracket)&highs>>2
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// lowerRune is unicode.ToLower for non-ASCII. Fast path: Latin-1, where ® and © live and where only
// À to Þ have a lower case; the multiplication sign stands among them.
func lowerRune(r rune) rune {
	if r <= unicode.MaxLatin1 {
		if 'À' <= r && r <= 'Þ' && r != '×' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

// fold is appendFolded for a rule's text.
func fold(s string) string { return string(appendFolded(nil, []byte(s))) }
