package matcher

import (
	"fmt"
	"strconv"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// op says which comparison a predicate is.
type op uint8

const (
	opText     op = iota // the text form holds lit at anchor
	opDash               // the text form holds one of lits at anchor: windash with one dash
	opGlob               // the text form matches glob as a whole
	opNumber             // the value is numerically equal to lit, a number key
	opNull               // the field is missing, null or an empty list
	opExists             // the name is in the event
	opMissing            // the name is not in the event
	opCIDR               // the text form is an address inside a network
	opCompare            // the value, or its time part, compares to a number
	opRegex              // the expression is found in the text form
	opFieldRef           // the text form compares to that of another field
)

// late reports whether the comparison is made only when a condition asks for it: a regular expression
// is dear, and a reference to another field is not a property of one value.
func (o op) late() bool { return o >= opRegex }

// predicate is a comparison of one field's value with a constant. Rules that say the same about the same
// field share one. Immutable.
type predicate struct {
	op      op
	cased   bool
	keyword bool         // on every leaf of the event instead of field
	anchor  index.Anchor // opText, opFieldRef
	field   event.Field
	other   event.Field    // opFieldRef
	lit     string         // opText: folded unless cased; opNumber: its key
	lits    []string       // opDash
	glob    *glob          // opGlob
	operand *rules.Operand // what else the rule says
	time    rules.TimePart // opCompare
	number  decimal        // opCompare

	regex regexFacts // opRegex

	// trigger, when it is set, is a text predicate that holds wherever the glob does.
	trigger *predicate
	// needs are texts that the values of a late predicate have to hold: of each element one.
	needs [][]*predicate
}

// newPredicate compiles an operand. field and other are set by the caller, which knows the schema.
func newPredicate(o *rules.Operand) (*predicate, error) {
	p := &predicate{operand: o}
	if err := p.set(o); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *predicate) set(o *rules.Operand) error {
	switch o.Kind {
	case rules.OperandPattern:
		p.cased = o.Cased
		return p.setPattern(o.Pattern)
	case rules.OperandNumber:
		key, ok := appendNumberKey(nil, []byte(o.Number))
		if !ok {
			return fmt.Errorf("%q is not a number", o.Number)
		}
		p.op, p.lit = opNumber, string(key)
	case rules.OperandBool:
		// The boolean and its word in any case have one text form.
		p.op, p.anchor, p.lit = opText, index.Whole, strconv.FormatBool(o.Bool)
	case rules.OperandNull:
		p.op = opNull
	case rules.OperandExists:
		if p.op = opMissing; o.Bool {
			p.op = opExists
		}
	case rules.OperandRegex:
		p.op, p.regex = opRegex, newRegexFacts(o.Regex.String())
	case rules.OperandCIDR:
		p.op = opCIDR
	case rules.OperandCompare:
		p.op, p.time = opCompare, o.TimePart
		var ok bool
		if p.number, ok = newDecimal([]byte(o.Number)); !ok {
			return fmt.Errorf("%q is not a number", o.Number)
		}
	case rules.OperandFieldRef:
		p.op, p.cased = opFieldRef, o.Cased
		return p.setAnchor(o.Anchor)
	default:
		return fmt.Errorf("the engine does not know operands of kind %d", o.Kind)
	}
	return nil
}

func (p *predicate) setAnchor(a rules.Anchor) error {
	switch a {
	case rules.AnchorWhole:
		p.anchor = index.Whole
	case rules.AnchorStart:
		p.anchor = index.Start
	case rules.AnchorEnd:
		p.anchor = index.End
	case rules.AnchorAnywhere:
		p.anchor = index.Anywhere
	default:
		return fmt.Errorf("the engine does not know anchors of kind %d", a)
	}
	return nil
}

// setPattern makes a literal of a pattern when it is one with open or closed ends, else a glob.
func (p *predicate) setPattern(pat rules.Pattern) error {
	if !p.cased {
		pat = foldPattern(pat)
	}
	inner := pat
	open := func(i int) bool { return len(inner) > 0 && inner[i].Kind == rules.PartRun }
	openStart := open(0)
	if openStart {
		inner = inner[1:]
	}
	openEnd := open(len(inner) - 1)
	if openEnd {
		inner = inner[:len(inner)-1]
	}
	switch {
	case openStart && (openEnd || len(inner) == 0):
		p.anchor = index.Anywhere // of `*` alone too: any text
	case openStart:
		p.anchor = index.End
	case openEnd:
		p.anchor = index.Start
	default:
		p.anchor = index.Whole
	}
	switch lits := literals(inner); len(lits) {
	case 0:
		g, err := newGlob(pat)
		p.op, p.glob = opGlob, g
		return err
	case 1:
		p.lit = lits[0]
	default:
		p.op, p.lits = opDash, lits
	}
	return nil
}

// dashes are the characters that windash takes for each other.
var dashes = [...]string{"-", "/", "\u2013", "\u2014", "\u2015"}

// literals gives the texts a pattern stands for: one, or five with a single dash of windash in it. None
// when it is not that simple; several dashes are not multiplied out.
func literals(parts rules.Pattern) []string {
	out := []string{""}
	for _, x := range parts {
		switch {
		case x.Kind == rules.PartLiteral:
			for i := range out {
				out[i] += x.Text
			}
		case x.Kind == rules.PartDash && len(out) == 1:
			before := out[0]
			out = nil
			for _, dash := range dashes {
				out = append(out, before+dash)
			}
		default:
			return nil
		}
	}
	return out
}

// texts gives the literals of opText and opDash.
func (p *predicate) texts() []string {
	if p.op == opDash {
		return p.lits
	}
	return []string{p.lit}
}

func foldPattern(pat rules.Pattern) rules.Pattern {
	out := make(rules.Pattern, len(pat))
	for i, x := range pat {
		x.Text = fold(x.Text)
		out[i] = x
	}
	return out
}

// key is equal for two predicates on the same field that always agree.
func (p *predicate) key(dst []byte) []byte {
	dst = append(dst, byte(p.op), byte(p.anchor), byte(p.field), byte(p.field>>8), 0)
	if p.cased {
		dst[len(dst)-1] |= 1
	}
	if p.keyword {
		dst[len(dst)-1] |= 2
	}
	switch p.op {
	case opGlob, opDash:
		for _, x := range p.operand.Pattern {
			text := x.Text
			if !p.cased {
				text = fold(text)
			}
			dst = append(dst, byte(x.Kind))
			dst = strconv.AppendInt(dst, int64(len(text)), 10)
			dst = append(append(dst, ':'), text...)
		}
	case opCIDR:
		dst = p.operand.CIDR.AppendTo(dst)
	case opCompare:
		dst = append(dst, byte(p.operand.Compare), byte(p.time))
		dst, _ = appendNumberKey(dst, []byte(p.operand.Number))
	case opRegex:
		dst = append(dst, p.operand.Regex.String()...)
	case opFieldRef:
		dst = append(dst, byte(p.other), byte(p.other>>8))
	default:
		dst = append(dst, p.lit...)
	}
	return dst
}
