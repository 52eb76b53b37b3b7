package rules

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// step is a value on its way through a chain of modifiers.
type step struct {
	raw    string // as written
	typ    valueType
	alts   []Operand
	flags  string              // of a regular expression
	values map[string][]string // of placeholders, by name
	used   map[string]bool     // placeholders that were replaced
	budget *budget
	lint   []valueError // what is sound, but hardly meant
}

// valueError is what is wrong with a value. off is where in its text, -1 the value as a whole.
type valueError struct {
	off  int
	code string
	err  error
}

func (e *valueError) Error() string { return e.err.Error() }

// typeNames are the words for what a value can be.
var typeNames = map[valueType]string{typeText: "text", typeNumber: "a number", typeBool: "true or false", typeNull: "null"}

// operands makes the operands of one value.
func (d *document) operands(ch chain, field string, n *yaml.Node) ([]Operand, *valueError) {
	s := step{raw: n.Value, typ: scalarType(n), values: d.opt.Placeholders, used: d.expanded, budget: d.budget}
	alts, err := ch.apply(&s, field)
	for _, w := range s.lint {
		d.report(d.pos(n), w.code, "%w", w.err)
	}
	var at *valueError
	switch {
	case err == nil:
		return alts, nil
	case errors.As(err, &at):
		return nil, at
	}
	return nil, &valueError{-1, CodeValueType, err}
}

func (ch chain) apply(s *step, field string) ([]Operand, error) {
	if field == "" { // a keyword is a text whatever it looks like
		if s.typ == typeNull {
			return nil, errors.New("null cannot be a keyword: it is in no text")
		}
		s.typ = typeText
	}
	if i := ch.reach(s.typ); i < len(ch.steps) {
		return nil, fmt.Errorf("modifier %q does not take %s%s", ch.steps[i].name, typeNames[s.typ], ch.requote(s.typ))
	}
	s.alts = []Operand{s.operand()}
	for _, m := range ch.steps {
		if err := m.apply(s); err != nil {
			return nil, err
		}
		s.typ = m.result(s.typ)
	}
	if field == "" && s.typ == typeText { // a bare keyword stands anywhere in a value
		s.open("a keyword", true, true)
	}
	return s.alts, s.finish()
}

// requote says how to write a value whose type is not taken, if quotes make the difference.
func (ch chain) requote(t valueType) string {
	switch {
	case t != typeText && ch.reach(typeText) == len(ch.steps):
		return "; in quotes it is text"
	case t == typeText && ch.reach(typeNumber) == len(ch.steps):
		return "; a number stands without quotes"
	case t == typeText && ch.reach(typeBool) == len(ch.steps):
		return "; true and false stand without quotes"
	}
	return ""
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

// finish does what has to wait for the last modifier.
func (s *step) finish() error {
	if s.typ == typeRegex {
		return s.compileRegex()
	}
	for _, o := range s.alts {
		for _, p := range o.Pattern {
			if !utf8.ValidString(p.Text) {
				return errors.New("the bytes that its modifiers give are not UTF-8, so that no text has them: base64 or base64offset is missing")
			}
		}
	}
	return s.budget.spend(&s.budget.values, len(s.alts)*(operandBytes+len(s.raw)))
}

func (s *step) each(f func(*Operand)) error {
	for i := range s.alts {
		f(&s.alts[i])
	}
	return nil
}

// multiply replaces every alternative by those that f makes of it.
func (s *step) multiply(f func(Operand) ([]Operand, error)) error {
	if len(s.raw) > maxMultiplied {
		return &valueError{-1, CodeLimit, fmt.Errorf("is longer than %d bytes, too long to be multiplied", maxMultiplied)}
	}
	var out []Operand
	for _, o := range s.alts {
		if err := s.budget.spend(&s.budget.values, 0); err != nil {
			return err
		}
		more, err := f(o)
		if err != nil {
			return err
		}
		if out = append(out, more...); len(out) > maxAlternatives {
			return errAlternatives
		}
	}
	s.alts = out
	return nil
}
