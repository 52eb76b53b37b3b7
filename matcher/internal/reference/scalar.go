package reference

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/picketsigma/picket/rules"
)

func toLower(r rune) rune { return unicode.ToLower(r) }

// scalar compares one event value with one operand.
func scalar(o rules.Operand, v any) bool {
	switch o.Kind {
	case rules.OperandPattern:
		s, ok := text(v)
		return ok && glob(o.Pattern, s, o.Cased)
	case rules.OperandNumber:
		s, isString := v.(string)
		if n, isNumber := v.(json.Number); isNumber {
			s = n.String()
		} else if !isString {
			return false
		}
		return equalNumbers(o.Number, s)
	case rules.OperandBool:
		if s, ok := v.(string); ok {
			return lower(s) == strconv.FormatBool(o.Bool)
		}
		b, ok := v.(bool)
		return ok && b == o.Bool
	}
	panic(fmt.Sprintf("BUG: operand kind %d", o.Kind))
}

// text is the text form of a scalar; null and objects have none.
func text(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case json.Number:
		return numberText(x.String()), true
	}
	return "", false
}

// element is a character of a value's pattern, or a wildcard.
type element struct {
	wild rune // '*' or '?', 0 for a character
	char rune
}

// glob matches the whole of s.
func glob(p rules.Pattern, s string, cased bool) bool {
	var es []element
	for _, part := range p {
		switch part.Kind {
		case rules.PartRun:
			es = append(es, element{wild: '*'})
		case rules.PartOne:
			es = append(es, element{wild: '?'})
		case rules.PartLiteral:
			for _, r := range part.Text {
				es = append(es, element{char: r})
			}
		default:
			panic(fmt.Sprintf("BUG: part kind %d", part.Kind))
		}
	}
	same := func(a, b rune) bool { return a == b || !cased && unicode.ToLower(a) == unicode.ToLower(b) }
	// reach[i]: the first i elements match what has been read of s.
	reach := make([]bool, len(es)+1)
	reach[0] = true
	skip := func() {
		for i, e := range es {
			if reach[i] && e.wild == '*' {
				reach[i+1] = true
			}
		}
	}
	skip()
	for _, r := range s {
		next := make([]bool, len(es)+1)
		for i, e := range es {
			switch {
			case !reach[i]:
			case e.wild == '*':
				next[i] = true
			case e.wild == '?' || same(e.char, r):
				next[i+1] = true
			}
		}
		reach = next
		skip()
	}
	return reach[len(es)]
}

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

func equalNumbers(a, b string) bool {
	x, ok1 := parseDecimal(a)
	y, ok2 := parseDecimal(b)
	return ok1 && ok2 && x.negative == y.negative && x.digits == y.digits && x.exp.Cmp(y.exp) == 0
}

// numberText is the text form of a JSON number: an integer as it is written, a float in shortest
// decimal, without `.0` when it is integral.
func numberText(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	d, ok := parseDecimal(s)
	if !ok {
		return s
	}
	if d.digits == "" {
		return "0"
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
