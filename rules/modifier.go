package rules

import (
	"errors"
	"fmt"
	"strings"

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
	list  bool
	apply func(*step) error // nil: not supported yet
}

const maxModifiers = 32 // of one item; each stands once in any chain that makes sense

const anyText = typeText | typeAnchored

// modifiers is every modifier of Sigma 2.1.0. A row without apply is known but not supported yet.
var modifiers = []modifier{
	{name: "contains", accepts: typeText | typeFieldRef, gives: typeAnchored, apply: applyContains},
	{name: "startswith", accepts: typeText | typeFieldRef, gives: typeAnchored, apply: applyStartsWith},
	{name: "endswith", accepts: typeText | typeFieldRef, gives: typeAnchored, apply: applyEndsWith},
	{name: "all", list: true},
	{name: "neq", list: true},
	{name: "cased", accepts: anyText | typeFieldRef | typeFieldRefAnchored, apply: applyCased},
	{name: "exists", accepts: typeBool, gives: typePresence, first: true, apply: applyExists},
	{name: "windash", accepts: anyText},
	{name: "wide", accepts: typeText},
	{name: "utf16le", accepts: typeText},
	{name: "utf16be", accepts: typeText},
	{name: "utf16", accepts: typeText},
	{name: "base64", accepts: typeText},
	{name: "base64offset", accepts: typeText},
	{name: "expand", accepts: anyText},
	{name: "re", accepts: typeText | typeNumber, gives: typeRegex, first: true},
	{name: "i", accepts: typeRegex},
	{name: "ignorecase", accepts: typeRegex},
	{name: "m", accepts: typeRegex},
	{name: "multiline", accepts: typeRegex},
	{name: "s", accepts: typeRegex},
	{name: "dotall", accepts: typeRegex},
	{name: "cidr", accepts: typeText, gives: typeNetwork, first: true},
	{name: "lt", accepts: typeNumber | typeTimePart, gives: typeComparison},
	{name: "lte", accepts: typeNumber | typeTimePart, gives: typeComparison},
	{name: "gt", accepts: typeNumber | typeTimePart, gives: typeComparison},
	{name: "gte", accepts: typeNumber | typeTimePart, gives: typeComparison},
	{name: "minute", accepts: typeNumber, gives: typeTimePart},
	{name: "hour", accepts: typeNumber, gives: typeTimePart},
	{name: "day", accepts: typeNumber, gives: typeTimePart},
	{name: "week", accepts: typeNumber, gives: typeTimePart},
	{name: "month", accepts: typeNumber, gives: typeTimePart},
	{name: "year", accepts: typeNumber, gives: typeTimePart},
	{name: "fieldref", accepts: typeText, gives: typeFieldRef},
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
		case m.apply == nil:
			d.report(d.within(key, off), CodeLaterModifier, "modifier %q is not supported yet", name)
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
		if field == "" {
			d.report(d.within(key, offsets[0]), CodeModifierChain, "exists needs a field")
			return ch, false
		}
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

// step is a value on its way through the chain.
type step struct {
	raw  string // as written
	typ  valueType
	alts []Operand
}

// typeNames are the words for what a value can be.
var typeNames = map[valueType]string{typeText: "text", typeNumber: "a number", typeBool: "true or false", typeNull: "null"}

// apply makes the operands of one value.
func (ch chain) apply(field string, n *yaml.Node) ([]Operand, error) {
	s := step{raw: n.Value, typ: scalarType(n)}
	if field == "" { // a keyword is a text whatever it looks like
		if s.typ == typeNull {
			return nil, errors.New("null cannot be a keyword: it is in no text")
		}
		s.typ = typeText
	}
	if i := ch.reach(s.typ); i < len(ch.steps) {
		return nil, fmt.Errorf("modifier %q does not take %s", ch.steps[i].name, typeNames[s.typ])
	}
	s.alts = []Operand{s.operand()}
	for _, m := range ch.steps {
		if err := m.apply(&s); err != nil {
			return nil, err
		}
		s.typ = m.result(s.typ)
	}
	if field == "" && s.typ == typeText { // a bare keyword stands anywhere in a value
		if err := applyContains(&s); err != nil {
			return nil, err
		}
	}
	return s.alts, nil
}

// operand is the value before any modifier.
func (s *step) operand() Operand {
	switch s.typ {
	case typeNumber:
		return Operand{Kind: OperandNumber, Number: s.raw}
	case typeBool:
		return Operand{Kind: OperandBool, Bool: strings.EqualFold(s.raw, "true")}
	case typeNull:
		return Operand{Kind: OperandNull}
	}
	return Operand{Kind: OperandPattern, Pattern: parsePattern(s.raw)}
}

func (s *step) each(f func(*Operand)) error {
	for i := range s.alts {
		f(&s.alts[i])
	}
	return nil
}

func applyContains(s *step) error {
	return s.each(func(o *Operand) { o.Pattern = o.Pattern.openStart().openEnd() })
}

func applyStartsWith(s *step) error {
	return s.each(func(o *Operand) { o.Pattern = o.Pattern.openEnd() })
}

func applyEndsWith(s *step) error {
	return s.each(func(o *Operand) { o.Pattern = o.Pattern.openStart() })
}

func applyCased(s *step) error {
	return s.each(func(o *Operand) { o.Cased = true })
}

func applyExists(s *step) error {
	return s.each(func(o *Operand) { o.Kind = OperandExists })
}
