package reference

import (
	"math/big"
	"regexp"
	"strings"
)

var numeric = regexp.MustCompile(`^([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$`)

// decimal is digits × 10^exp, without zeros at either end of digits; zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exp      *big.Int
}

// parseDecimal reads `[+-]?digits[.digits][e[+-]digits]`, all of s.
func parseDecimal(s string) (decimal, bool) {
	m := numeric.FindStringSubmatch(s)
	if m == nil {
		return decimal{}, false
	}
	d := decimal{negative: m[1] == "-", digits: m[2] + m[3], exp: new(big.Int)}
	if m[4] != "" {
		d.exp.SetString(strings.TrimPrefix(m[4], "+"), 10)
	}
	d.exp.Sub(d.exp, big.NewInt(int64(len(m[3]))))
	short := strings.TrimRight(d.digits, "0")
	d.exp.Add(d.exp, big.NewInt(int64(len(d.digits)-len(short))))
	d.digits = strings.TrimLeft(short, "0")
	if d.digits == "" {
		d = decimal{exp: new(big.Int)}
	}
	return d, true
}

// compareNumbers orders two numbers; ok is false when one is none.
func compareNumbers(a, b string) (order int, ok bool) {
	x, ok1 := parseDecimal(a)
	y, ok2 := parseDecimal(b)
	switch {
	case !ok1 || !ok2:
		return 0, false
	case x.sign() != y.sign():
		return x.sign() - y.sign(), true
	}
	// The one whose first digit has the higher place is the larger; of equal places the digits decide.
	order = x.place().Cmp(y.place())
	if order == 0 {
		order = strings.Compare(x.digits, y.digits)
	}
	return order * x.sign(), true
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) place() *big.Int { return new(big.Int).Add(d.exp, big.NewInt(int64(len(d.digits)))) }

// numberText is the text form of a JSON number: an integer as it is written, a float in shortest
// decimal, without `.0` when it is integral.
func numberText(s string) string {
	d, ok := parseDecimal(s)
	if !ok {
		panic("BUG: not a JSON number: " + s)
	}
	if d.digits == "" {
		return "0"
	}
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	out := s
	const most = 400 // float64 ends at 10^308; beyond, nobody writes the zeros
	if e := d.exp; e.IsInt64() && e.Int64() <= most && e.Int64() >= -most {
		switch n := int(e.Int64()); {
		case n >= 0:
			out = d.digits + strings.Repeat("0", n)
		case -n < len(d.digits):
			out = d.digits[:len(d.digits)+n] + "." + d.digits[len(d.digits)+n:]
		default:
			out = "0." + strings.Repeat("0", -n-len(d.digits)) + d.digits
		}
		if d.negative {
			out = "-" + out
		}
	}
	return out
}
