package reference

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/picketsigma/picket/rules"
)

// scalar compares one event value with one operand.
func scalar(o rules.Operand, v any) bool {
	switch o.Kind {
	case rules.OperandPattern:
		s, ok := text(v)
		return ok && glob(o.Pattern, s, o.Cased)
	case rules.OperandNumber:
		return compare(rules.CompareEq, v, o.Number)
	case rules.OperandBool:
		if s, ok := v.(string); ok {
			return lower(s) == strconv.FormatBool(o.Bool)
		}
		b, ok := v.(bool)
		return ok && b == o.Bool
	case rules.OperandRegex:
		s, ok := text(v)
		return ok && o.Regex.MatchString(s)
	case rules.OperandCIDR:
		s, ok := text(v)
		return ok && inNetwork(o.CIDR, s)
	case rules.OperandCompare:
		if o.TimePart == rules.TimeNone {
			return compare(o.Compare, v, o.Number)
		}
		s, _ := v.(string)
		n, ok := timePart(o.TimePart, s)
		return ok && compare(o.Compare, json.Number(strconv.Itoa(n)), o.Number)
	}
	panic(fmt.Sprintf("BUG: operand kind %d", o.Kind))
}

// compare reports v ⋈ number; v is a number, or a string that is one from end to end.
func compare(c rules.Compare, v any, number string) bool {
	s, isString := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		s = n.String()
	} else if !isString {
		return false
	}
	order, ok := compareNumbers(s, number)
	if !ok {
		return false
	}
	switch c {
	case rules.CompareEq:
		return order == 0
	case rules.CompareLt:
		return order < 0
	case rules.CompareLte:
		return order <= 0
	case rules.CompareGt:
		return order > 0
	case rules.CompareGte:
		return order >= 0
	}
	panic(fmt.Sprintf("BUG: comparison %d", c))
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
	wild rune // '*', '?' or '-' for a dash of windash, 0 for a character
	char rune
}

// glob matches the whole of s.
func glob(p rules.Pattern, s string, cased bool) bool {
	fold := lower
	if cased {
		fold = func(s string) string { return s }
	}
	var es []element
	for _, part := range p {
		switch part.Kind {
		case rules.PartRun:
			es = append(es, element{wild: '*'})
		case rules.PartOne:
			es = append(es, element{wild: '?'})
		case rules.PartDash:
			es = append(es, element{wild: '-'})
		case rules.PartLiteral:
			for _, r := range fold(part.Text) {
				es = append(es, element{char: r})
			}
		default:
			panic(fmt.Sprintf("BUG: part kind %d", part.Kind))
		}
	}
	same := func(e element, r rune) bool {
		switch e.wild {
		case '?':
			return true
		case '-':
			return strings.ContainsRune("-/\u2013\u2014\u2015", r)
		}
		return e.char == r
	}
	// A * takes nothing at first; on a difference the last one takes one character more.
	value, at, star, taken := []rune(fold(s)), 0, -1, 0
	for i := 0; i < len(value); {
		switch {
		case at < len(es) && es[at].wild == '*':
			star, taken = at, i
			at++
		case at < len(es) && same(es[at], value[i]):
			at++
			i++
		case star >= 0:
			taken++
			at, i = star+1, taken
		default:
			return false
		}
	}
	for at < len(es) && es[at].wild == '*' {
		at++
	}
	return at == len(es)
}
