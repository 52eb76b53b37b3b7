package producer

import (
	"time"
	"unicode/utf8"
)

// appendString appends s as a JSON string (RFC 8259, 7). Invalid UTF-8 becomes U+FFFD, one for each bad
// byte. U+2028 and U+2029 are escaped: they are legal JSON, but line ends to JavaScript and to some that
// read alerts line by line.
func appendString[S string | []byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	return append(appendEscaped(dst, s), '"')
}

// appendEscaped appends what stands between the quotes of a JSON string.
func appendEscaped[S string | []byte](dst []byte, s S) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		// A rune takes at most four bytes; converting no more than that keeps it off the heap.
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			start = i + 1
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			start = i + size
		}
		i += size
	}
	return append(dst, s[start:]...)
}

const hexDigits = "0123456789abcdef"

// appendEscape appends the escape of an ASCII character that may not stand in a JSON string.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// appendRepaired appends JSON text, each byte that is not part of valid UTF-8 replaced by U+FFFD. In
// valid JSON such bytes can stand only inside strings, so the text stays valid.
func appendRepaired(dst, text []byte) []byte {
	start := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, text[start:i]...)
			dst = append(dst, "\ufffd"...)
			start = i + 1
		}
		i += size
	}
	return append(dst, text[start:]...)
}

// appendTime appends t in RFC 3339, in UTC, with milliseconds, or as fine as t is when it is finer.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	dst = append(dst, '"')
	switch ns := t.Nanosecond(); {
	case ns%1_000_000 == 0:
		dst = t.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	case ns%1_000 == 0:
		dst = t.AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
	default:
		dst = t.AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	}
	return append(dst, '"')
}

// presentable reports whether RFC 3339, which knows the years 0 to 9999, can say t.
func presentable(t time.Time) bool {
	if t.IsZero() {
		return false
	}
	year := t.UTC().Year()
	return year >= 0 && year <= 9999
}
