package matcher

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/picketsigma/picket/event"
)

// scalar is one String, Number or Bool of an event, decoded as far as predicates ask. Its forms alias
// the event or its own buffers: they are valid until the next set, and while the event is.
type scalar struct {
	value event.Value
	text  []byte // the text form; nil: not made yet
	fold  []byte // the folded text form; nil: not made yet

	textBuf, foldBuf []byte
}

func (s *scalar) set(v event.Value) { s.value, s.text, s.fold = v, nil, nil }

// textForm gives the value as rules read it: a string unescaped, an integer as it is written, a float in
// shortest decimal, the words true and false. A byte that is not part of valid UTF-8 is U+FFFD.
func (s *scalar) textForm() []byte {
	if s.text != nil {
		return s.text
	}
	v := s.value
	switch {
	case v.Kind == event.Bool:
		s.text = v.Raw
	case v.Kind == event.Number:
		s.textBuf = appendNumberText(s.textBuf[:0], v.Raw)
		s.text = s.textBuf
	case v.Escaped:
		s.textBuf = appendUnescaped(s.textBuf[:0], v.Raw)
		s.text = s.textBuf
	case !utf8.Valid(v.Raw):
		s.textBuf = appendValid(s.textBuf[:0], v.Raw)
		s.text = s.textBuf
	default:
		s.text = v.Raw
	}
	if s.text == nil {
		s.text = []byte{} // the empty string; costs nothing
	}
	return s.text
}

// folded gives the text form with every code point in lower case.
func (s *scalar) folded() []byte {
	if s.fold != nil {
		return s.fold
	}
	switch v := s.value; {
	case v.Kind != event.String:
		s.foldBuf = appendFolded(s.foldBuf[:0], s.textForm()) // a float's E
	case !v.Escaped:
		s.foldBuf = appendFolded(s.foldBuf[:0], v.Raw)
	default:
		var ok bool
		if s.foldBuf, ok = appendFoldedJSON(s.foldBuf[:0], v.Raw); !ok {
			s.foldBuf = appendFolded(s.foldBuf[:0], s.textForm())
		}
	}
	if s.fold = s.foldBuf; s.fold == nil {
		s.fold = []byte{}
	}
	return s.fold
}

// appendUnescaped appends the text of raw, the inside of a JSON string. Half of a surrogate pair is
// U+FFFD, and so is a byte that is not part of valid UTF-8.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '\\')
		if n < 0 {
			n = len(raw) - i
		}
		dst = appendValid(dst, raw[i:i+n])
		if i += n; i == len(raw) {
			break
		}
		if i+1 == len(raw) {
			return append(dst, '\\') // not JSON; package event decides what it means
		}
		if raw[i+1] == 'u' {
			r, size := unicodeEscape(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		if c := unescaped[raw[i+1]]; c != 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, raw[i+1])
		}
		i += 2
	}
	return dst
}

// unicodeEscape decodes the \uXXXX at the start of raw, or the two of a surrogate pair.
func unicodeEscape(raw []byte) (r rune, size int) {
	r, ok := hex4(raw)
	if !ok {
		return utf8.RuneError, min(6, len(raw))
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hex4(raw[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range raw[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// appendValid appends text with each byte that is not part of valid UTF-8 as U+FFFD.
func appendValid(dst, text []byte) []byte {
	if utf8.Valid(text) { // Fast path.
		return append(dst, text...)
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		dst = utf8.AppendRune(dst, r)
		text = text[size:]
	}
	return dst
}

// mostZeros is how many zeros the text form of a float writes out: float64 ends at 10^308, and beyond
// nobody does.
const mostZeros = 400

// appendNumberText appends the text form of a JSON number: an integer as it is written, a float in
// shortest decimal, without `.0` when it is integral, exact.
func appendNumberText(dst, raw []byte) []byte {
	d, ok := newDecimal(raw)
	if !ok {
		return append(dst, raw...)
	}
	if d.zero() {
		return append(dst, '0')
	}
	if !bytes.ContainsAny(raw, ".eE") {
		return append(dst, raw...)
	}
	digits := len(d.whole) + len(d.frac)
	for digits > 0 && d.digit(digits-1) == '0' {
		digits--
	}
	// exp counts the digits before the point.
	if shift := d.exp - int64(digits); shift > mostZeros || shift < -mostZeros {
		return append(dst, raw...)
	}
	if d.negative {
		dst = append(dst, '-')
	}
	if d.exp <= 0 {
		dst = append(dst, "0."...)
		for range -d.exp {
			dst = append(dst, '0')
		}
		for i := range digits {
			dst = append(dst, d.digit(i))
		}
		return dst
	}
	for i := range max(int(d.exp), digits) {
		if int64(i) == d.exp {
			dst = append(dst, '.')
		}
		dst = append(dst, d.digit(i))
	}
	return dst
}
