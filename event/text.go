package event

import (
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends the text of a JSON string, given what stands between its quotes. Escapes of
// half a surrogate pair become U+FFFD, as in encoding/json; bytes that are not UTF-8 stay as they are.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' || i+1 == len(raw) {
			dst = append(dst, c)
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := unit(raw, i-1)
			i += 4
			if utf16.IsSurrogate(r) {
				pair := utf16.DecodeRune(r, unit(raw, i+1))
				if pair != utf8.RuneError {
					i += 6
				}
				r = pair
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, raw[i])
		}
	}
	return dst
}

// unit reads the UTF-16 code unit of a \uXXXX escape at raw[i], or -1 when there is none.
func unit(raw []byte, i int) rune {
	if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range raw[i+2 : i+6] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | rune(c)
	}
	return r
}

// textOf gives a String's text or a Number's or Bool's as it is written; others have none. It aliases
// the record, or scratch when there was something to unescape.
func (d *Decoder) textOf(v Value) string {
	switch {
	case v.Kind != String && v.Kind != Number && v.Kind != Bool:
		return ""
	case !v.Escaped:
		return alias(v.Raw)
	}
	start := len(d.scratch)
	d.scratch = appendUnescaped(d.scratch, v.Raw)
	return alias(d.scratch[start:])
}
