package matcher

import (
	"bytes"
	"cmp"
)

// decimal is a decimal number taken apart: ± 0.digits × 10^exp, without zeros at either end of digits;
// zero has none. Like the number key it is exact.
type decimal struct {
	negative    bool
	whole, frac []byte // digits in two stretches, as they lie in the text
	exp         int64
}

// newDecimal takes a text apart under the rules of appendNumberKey; the result aliases text.
func newDecimal(text []byte) (decimal, bool) {
	neg, whole, frac, exp, ok := scanNumber(text)
	if !ok {
		return decimal{}, false
	}
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	exp += int64(len(whole))
	if len(whole) == 0 {
		for len(frac) > 0 && frac[0] == '0' {
			frac = frac[1:]
			exp--
		}
	}
	d := decimal{negative: neg, whole: whole, frac: frac, exp: exp}
	if len(whole)+len(bytes.TrimRight(frac, "0")) == 0 {
		d = decimal{}
	}
	return d, true
}

func (d decimal) zero() bool { return len(d.whole)+len(d.frac) == 0 }

func (d decimal) digit(i int) byte {
	switch {
	case i < len(d.whole):
		return d.whole[i]
	case i < len(d.whole)+len(d.frac):
		return d.frac[i-len(d.whole)]
	}
	return '0'
}

// compare orders two numbers: -1, 0 or +1.
func (d decimal) compare(e decimal) int {
	if d.zero() || e.zero() || d.negative != e.negative {
		return cmp.Compare(d.sign(), e.sign())
	}
	c := cmp.Compare(d.exp, e.exp)
	for i := 0; c == 0 && i < max(len(d.whole)+len(d.frac), len(e.whole)+len(e.frac)); i++ {
		c = cmp.Compare(d.digit(i), e.digit(i))
	}
	if d.negative {
		c = -c
	}
	return c
}

func (d decimal) sign() int {
	switch {
	case d.zero():
		return 0
	case d.negative:
		return -1
	}
	return 1
}
