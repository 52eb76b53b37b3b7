package reference

import (
	"encoding/json"
	"fmt"
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
			case e.wild == '?', e.wild == '-' && strings.ContainsRune("-/\u2013\u2014\u2015", r), e.wild == 0 && same(e.char, r):
				next[i+1] = true
			}
		}
		reach = next
		skip()
	}
	return reach[len(es)]
}
