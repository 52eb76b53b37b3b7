package matcher

import "strconv"

// appendNumberKey appends the canonical form of a decimal number, equal for two texts if and only if
// they are numerically equal, and reports whether text is one: entirely
// `[+-]?digits[.digits][e[+-]digits]` (no hex, no blanks). It never passes through float64: 64-bit
// identifiers and 0.1 stay exact.
//
// The form is [-]digits e exponent, meaning 0.digits × 10^exponent, without zeros at either end.
func appendNumberKey(dst, text []byte) ([]byte, bool) {
	neg, whole, frac, exp, ok := scanNumber(text)
	if !ok {
		return dst, false
	}
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	exp += int64(len(whole))
	if len(whole) == 0 {
		for len(frac) > 0 && frac[0] == '0' {
			frac = frac[1:]
			exp--
		}
	}
	if len(frac) == 0 {
		for len(whole) > 0 && whole[len(whole)-1] == '0' {
			whole = whole[:len(whole)-1]
		}
	}
	if len(whole)+len(frac) == 0 {
		return append(dst, '0'), true // -0 is 0
	}
	if neg {
		dst = append(dst, '-')
	}
	dst = append(dst, whole...)
	dst = append(dst, frac...)
	dst = append(dst, 'e')
	return strconv.AppendInt(dst, exp, 10), true
}

// maxExponent caps the exponent of a text. No rule can write a number with that many digits, so what
// happens beyond it decides no comparison.
const maxExponent = 1 << 60

// scanNumber splits a decimal number into its parts.
func scanNumber(text []byte) (neg bool, whole, frac []byte, exp int64, ok bool) {
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		neg, text = text[0] == '-', text[1:]
	}
	whole, text = digits(text)
	if len(whole) == 0 {
		return false, nil, nil, 0, false
	}
	if len(text) > 0 && text[0] == '.' {
		if frac, text = digits(text[1:]); len(frac) == 0 {
			return false, nil, nil, 0, false
		}
	}
	if len(text) > 0 && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		negExp := false
		if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
			negExp, text = text[0] == '-', text[1:]
		}
		var e []byte
		if e, text = digits(text); len(e) == 0 {
			return false, nil, nil, 0, false
		}
		for _, c := range e {
			exp = min(exp*10+int64(c-'0'), maxExponent)
		}
		if negExp {
			exp = -exp
		}
	}
	return neg, whole, frac, exp, len(text) == 0
}

func digits(text []byte) (run, rest []byte) {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}
