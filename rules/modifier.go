package rules

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// modifier is a row of the table of modifiers (sigma-specification, "Modifiers"): what it takes and
// what it makes of it. The order that a chain may have follows from accepts and gives.
type modifier struct {
	name    string
	accepts valueType
	gives   valueType // 0: the type stays
	// first modifiers have nothing before them but all and neq: they read the value as written.
	first bool
	// list modifiers act on the item, not on its values; they may stand anywhere.
	list bool
	// field modifiers speak about one field: a keyword has none.
	field bool
	apply func(*step) error // nil for list modifiers
}

const maxModifiers = 32 // of one item; each stands once in any chain that makes sense

const (
	anyText        = typeText | typeAnchored
	typeComparable = typeNumber | typeTimePart
)

// modifiers is every modifier of Sigma 2.1.0.
var modifiers = []modifier{
	{name: "contains", accepts: typeText | typeFieldRef, gives: typeAnchored, apply: applyContains},
	{name: "startswith", accepts: typeText | typeFieldRef, gives: typeAnchored, apply: applyStartsWith},
	{name: "endswith", accepts: typeText | typeFieldRef, gives: typeAnchored, apply: applyEndsWith},
	{name: "all", list: true},
	{name: "neq", list: true},
	{name: "cased", accepts: anyText | typeFieldRef | typeFieldRefAnchored, apply: applyCased},
	{name: "exists", accepts: typeBool, gives: typePresence, first: true, field: true, apply: applyExists},
	{name: "windash", accepts: anyText, apply: applyWindash},
	{name: "wide", accepts: typeText, apply: applyUTF16LE},
	{name: "utf16le", accepts: typeText, apply: applyUTF16LE},
	{name: "utf16be", accepts: typeText, apply: applyUTF16BE},
	{name: "utf16", accepts: typeText, apply: applyUTF16},
	{name: "base64", accepts: typeText, apply: applyBase64},
	{name: "base64offset", accepts: typeText, apply: applyBase64Offset},
	{name: "expand", accepts: anyText, apply: applyExpand},
	{name: "re", accepts: typeText | typeNumber, gives: typeRegex, first: true, apply: applyRegex},
	{name: "i", accepts: typeRegex, apply: applyFlag('i')},
	{name: "ignorecase", accepts: typeRegex, apply: applyFlag('i')},
	{name: "m", accepts: typeRegex, apply: applyFlag('m')},
	{name: "multiline", accepts: typeRegex, apply: applyFlag('m')},
	{name: "s", accepts: typeRegex, apply: applyFlag('s')},
	{name: "dotall", accepts: typeRegex, apply: applyFlag('s')},
	{name: "cidr", accepts: typeText, gives: typeNetwork, first: true, apply: applyCIDR},
	{name: "lt", accepts: typeComparable, gives: typeComparison, apply: applyCompare(CompareLt)},
	{name: "lte", accepts: typeComparable, gives: typeComparison, apply: applyCompare(CompareLte)},
	{name: "gt", accepts: typeComparable, gives: typeComparison, apply: applyCompare(CompareGt)},
	{name: "gte", accepts: typeComparable, gives: typeComparison, apply: applyCompare(CompareGte)},
	{name: "minute", accepts: typeNumber, gives: typeTimePart, apply: applyTimePart(TimeMinute)},
	{name: "hour", accepts: typeNumber, gives: typeTimePart, apply: applyTimePart(TimeHour)},
	{name: "day", accepts: typeNumber, gives: typeTimePart, apply: applyTimePart(TimeDay)},
	{name: "week", accepts: typeNumber, gives: typeTimePart, apply: applyTimePart(TimeWeek)},
	{name: "month", accepts: typeNumber, gives: typeTimePart, apply: applyTimePart(TimeMonth)},
	{name: "year", accepts: typeNumber, gives: typeTimePart, apply: applyTimePart(TimeYear)},
	{name: "fieldref", accepts: typeText, gives: typeFieldRef, field: true, apply: applyFieldRef},
}

func findModifier(name string) *modifier {
	for i := range modifiers {
		if modifiers[i].name == name {
			return &modifiers[i]
		}
	}
	return nil
}

func modifierNames() []string {
	out := make([]string, len(modifiers))
	for i := range modifiers {
		out[i] = modifiers[i].name
	}
	return out
}

// chain is the modifiers of one item, checked.
type chain struct {
	steps    []*modifier // those that act on values, in order
	all, neq bool
	single   bool // one value only
}

// chain looks the modifiers up and checks their order.
func (d *document) chain(key *yaml.Node, field string, names []string) (chain, bool) {
	var ch chain
	if len(names) > maxModifiers { // each finding costs as much as the key is long
		d.report(d.pos(key), CodeLimit, "more than %d modifiers", maxModifiers)
		return ch, false
	}
	ok := true
	offsets := make([]int, 0, len(names))
	off := len(field) + 1
	for _, name := range names {
		m := findModifier(name)
		switch {
		case m == nil:
			d.report(d.within(key, off), CodeUnknownModifier, "unknown modifier %q%s", name, didYouMean(name, modifierNames()))
			ok = false
		case m.list:
			ch.all = ch.all || name == "all"
			ch.neq = ch.neq || name == "neq"
		case m.field && field == "":
			d.report(d.within(key, off), CodeModifierChain, "%s needs a field", name)
			ok = false
		default:
			ch.steps = append(ch.steps, m)
			offsets = append(offsets, off)
		}
		off += len(name) + 1
	}
	if !ok {
		return ch, false
	}
	if i, err := ch.check(); err != nil {
		d.report(d.within(key, offsets[i]), CodeModifierChain, "%w", err)
		return ch, false
	}
	if len(ch.steps) > 0 && ch.steps[0].name == "exists" {
		ch.single = true
	}
	return ch, true
}

// check reports the first modifier that no value at all could reach, and why.
func (ch chain) check() (int, error) {
	best := -1
	for _, t := range []valueType{typeText, typeNumber, typeBool} {
		i := ch.reach(t)
		if i == len(ch.steps) {
			return 0, nil
		}
		best = max(best, i)
	}
	m := ch.steps[best]
	switch {
	case best == 0:
		return best, fmt.Errorf("modifier %q has nothing to act on", m.name)
	case m.first:
		return best, fmt.Errorf("modifier %q has to come first", m.name)
	}
	return best, fmt.Errorf("modifier %q cannot come after %q", m.name, ch.steps[best-1].name)
}

// reach gives the index of the first step that a value of type t does not pass, or len(ch.steps).
func (ch chain) reach(t valueType) int {
	for i, m := range ch.steps {
		if m.accepts&t == 0 || m.first && i > 0 {
			return i
		}
		t = m.result(t)
	}
	return len(ch.steps)
}

func (m *modifier) result(t valueType) valueType {
	switch {
	case m.gives == 0:
		return t
	case t == typeFieldRef && m.gives == typeAnchored:
		return typeFieldRefAnchored
	}
	return m.gives
}
