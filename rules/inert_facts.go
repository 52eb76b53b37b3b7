package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// facts are what the items assumed so far say about an event.
type facts struct {
	held map[string]bool // whether an item holds, by its key
	// oneOf are the texts of which a field has to have one; isNull stands for no value. A field that is
	// not there may have any. Numbers are kept apart from texts, by the key numberOf.
	oneOf map[string][]string
	// noneOf are the texts that a field must not have.
	noneOf map[string][]string
}

const isNull = "\x00" // no text of a rule's is that

func numberOf(field string) string { return field + "\x00" }

func newFacts() *facts {
	return &facts{held: map[string]bool{}, oneOf: map[string][]string{}, noneOf: map[string][]string{}}
}

func (f *facts) clone() *facts {
	return &facts{maps.Clone(f.held), maps.Clone(f.oneOf), maps.Clone(f.noneOf)}
}

// set records whether an item holds; false when it is recorded otherwise.
func (f *facts) set(key string, want bool) bool {
	if have, ok := f.held[key]; ok {
		return have == want
	}
	f.held[key] = want
	return true
}

// value records what an item says about the only value of its field; false when no value is left.
func (f *facts) value(it *Item, want bool) bool {
	groups := [][]Value{it.Values}
	if it.All { // each of them has to hold, or one of them not
		if !want && len(it.Values) > 1 {
			return true
		}
		groups = groups[:0]
		for i := range it.Values {
			groups = append(groups, it.Values[i:i+1])
		}
	}
	for _, g := range groups {
		if !want {
			if !f.exclude(it.Field, g) {
				return false
			}
			continue
		}
		if !f.restrict(it.Field, g) {
			return false
		}
	}
	return true
}

// restrict says that one of the values holds.
func (f *facts) restrict(field string, values []Value) bool {
	texts, numbers, constant := constants(values, true)
	if !mayBeNull(values) {
		f.noneOf[field] = append(slices.Clip(f.noneOf[field]), isNull)
		if !f.keep(field, nil) {
			return false
		}
	}
	switch {
	case constant && len(numbers) == 0:
		return f.keep(field, texts)
	case constant && len(texts) == 0:
		return f.keep(numberOf(field), numbers)
	}
	return true
}

// keep leaves of the texts that a field may have those in list, or all of them if list is nil, and none
// that it must not have; false when nothing is left.
func (f *facts) keep(field string, list []string) bool {
	have, restricted := f.oneOf[field]
	switch {
	case !restricted && list == nil:
		return true
	case !restricted:
		have, list = list, nil
	}
	left := make([]string, 0, len(have))
	for _, t := range have {
		if (list == nil || slices.Contains(list, t)) && !slices.Contains(f.noneOf[field], t) {
			left = append(left, t)
		}
	}
	f.oneOf[field] = left
	return len(left) > 0
}

// exclude says that none of the values holds.
func (f *facts) exclude(field string, values []Value) bool {
	for i := range values {
		texts, numbers, constant := constants(values[i:i+1], false)
		if !constant {
			continue
		}
		for key, list := range map[string][]string{field: texts, numberOf(field): numbers} {
			f.noneOf[key] = append(slices.Clip(f.noneOf[key]), list...)
			if !f.keep(key, nil) {
				return false
			}
		}
	}
	return true
}

// constants gives the folded texts and the whole numbers that values ask for; constant is false when
// there is more to them. A cased text counts as its folded form if loose, else not at all.
func constants(values []Value, loose bool) (texts, numbers []string, constant bool) {
	for _, v := range values {
		for i := range v.Alts {
			o := &v.Alts[i]
			text, ok := o.Pattern.constant()
			switch {
			case o.Kind == OperandNull:
				texts = append(texts, isNull)
			case o.Kind == OperandNumber && intText.MatchString(o.Number):
				numbers = append(numbers, o.Number)
			case o.Kind == OperandPattern && ok && (loose || !o.Cased):
				texts = append(texts, fold(text))
			default:
				return nil, nil, false
			}
		}
	}
	return texts, numbers, true
}

// mayBeNull reports whether a missing field can make one of the values hold.
func mayBeNull(values []Value) bool {
	for _, v := range values {
		for _, o := range v.Alts {
			if o.Kind == OperandNull || o.Kind == OperandExists {
				return true
			}
		}
	}
	return false
}

// fold is how texts compare: code point by code point in lower case.
func fold(s string) string { return strings.Map(unicode.ToLower, s) }

// itemKeys tells items apart by what they ask of an event, whatever their neq.
type itemKeys map[*Item]string

func (k itemKeys) of(it *Item) string {
	if key, ok := k[it]; ok {
		return key
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q %v", it.Field, it.All)
	if len(it.Values) > 64 {
		fmt.Fprintf(&b, " %p", it)
	} else {
		for _, v := range it.Values {
			for _, o := range v.Alts {
				fmt.Fprintf(&b, " %d %v %v %q %s %v %v %d %d %q %d", o.Kind, o.Cased, o.Bool, o.Pattern, o.Number, o.Regex, o.CIDR, o.Compare, o.TimePart, o.FieldRef, o.Anchor)
			}
			b.WriteByte(';')
		}
	}
	k[it] = b.String()
	return k[it]
}
