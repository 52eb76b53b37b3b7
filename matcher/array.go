package matcher

import "github.com/picketsigma/picket/event"

// appendElements appends the elements of raw, a JSON array, with nested arrays opened: what a test of an
// array is a test of (sigma-specification: any element). The elements alias raw. What is not JSON ends
// the list early.
func appendElements(dst []event.Value, raw []byte) []event.Value {
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '[', ']', ',', ' ', '\t', '\n', '\r':
			i++ // nested arrays are flattened: their brackets mean nothing
		case '"':
			end, escaped := stringEnd(raw, i+1)
			dst = append(dst, event.Value{Raw: raw[i+1 : end], Kind: event.String, Escaped: escaped})
			i = end + 1
		case '{':
			end := objectEnd(raw, i)
			dst = append(dst, event.Value{Raw: raw[i:end], Kind: event.Object})
			i = end
		default:
			end := i
			for end < len(raw) && !isDelimiter(raw[end]) {
				end++
			}
			if end == i {
				return dst
			}
			dst = append(dst, event.Value{Raw: raw[i:end], Kind: wordKind(c)})
			i = end
		}
	}
	return dst
}

func wordKind(c byte) event.Kind {
	switch c {
	case 't', 'f':
		return event.Bool
	case 'n':
		return event.Null
	}
	return event.Number
}

func isDelimiter(c byte) bool {
	switch c {
	case '[', ']', '{', '}', ',', '"', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// stringEnd gives where the string whose text begins at i ends: its closing quote, or the end of raw.
func stringEnd(raw []byte, i int) (end int, escaped bool) {
	for ; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			escaped = true
			i++
		}
	}
	return min(i, len(raw)), escaped
}

// objectEnd gives where the object that begins at i ends.
func objectEnd(raw []byte, i int) int {
	for depth := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i, _ = stringEnd(raw, i+1)
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(raw)
}
