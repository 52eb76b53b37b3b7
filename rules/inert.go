package rules

import (
	"fmt"
	"strings"
)

// world is a kind of event that a rule may be tried on, as far as it is known.
type world struct {
	channel string // empty: any
	id      uint32 // valid unless other
	other   bool   // every id but those that have a world of their own, or that the rule asks for
	// own are the fields of the event's data, each with at most one value; nil when they are not known.
	own      map[string]bool
	envelope map[string]bool // fields that any event may have
	// ids says that the field EventID is the event's id. Data of some channels can have a field of that
	// name, which rules see instead.
	ids bool
}

func (w *world) String() string {
	switch {
	case w.channel == "":
		return "any event"
	case w.other:
		return "other events of " + w.channel
	}
	return fmt.Sprintf("event %d of %s", w.id, w.channel)
}

// absent reports whether no event of w has the field.
func (w *world) absent(field string) bool {
	return w.own != nil && field != "" && !w.own[field] && !w.envelope[field] && !strings.Contains(field, ".")
}

// maxInertSteps bounds the search of one world. What is not decided by then can fire, as far as we know.
const maxInertSteps = 20_000

// inert reports why no event of w meets the condition, or "" when one may. It never says so of a rule
// that can fire: whatever it cannot decide counts as possible. It looks for items whose truth makes the
// condition hold and that no event could contradict, branch by branch.
func (w *world) inert(d *Detection, keys itemKeys) string {
	p := prover{world: w, det: d, keys: keys, steps: maxInertSteps}
	if p.possible([]goal{{cond: &d.Condition}}, newFacts()) {
		return ""
	}
	return p.why
}

// goal is something that has to hold, or, negated, that must not: a condition, a node of a search, or one
// of several goals.
type goal struct {
	cond *Cond
	node *Node
	or   []goal
	neg  bool
}

type prover struct {
	world *world
	det   *Detection
	keys  itemKeys
	steps int
	why   string // the first contradiction that was met
}

// possible reports whether all goals may hold together with the facts, which it adds to.
func (p *prover) possible(goals []goal, f *facts) bool {
	var choices []goal
	for len(goals) > 0 {
		if p.steps--; p.steps < 0 {
			return true
		}
		g := goals[len(goals)-1]
		goals = goals[:len(goals)-1]
		if g.node != nil && g.node.Kind == NodeItem {
			if why := p.assume(g.node.Item, g.neg, f); why != "" {
				if p.why == "" {
					p.why = why
				}
				return false
			}
			continue
		}
		switch parts, all := p.open(g); {
		case all:
			goals = append(goals, parts...)
		case len(parts) == 0:
			return false
		default:
			choices = append(choices, goal{or: parts})
		}
	}
	if len(choices) == 0 {
		return true
	}
	for _, g := range choices[0].or {
		if p.possible(append([]goal{g}, choices[1:]...), f.clone()) {
			return true
		}
	}
	return false
}

// open gives the parts of a goal, of which all or one have to hold.
func (p *prover) open(g goal) (parts []goal, all bool) {
	switch {
	case g.or != nil:
		return g.or, false
	case g.node != nil:
		for i := range g.node.Children {
			parts = append(parts, goal{node: &g.node.Children[i], neg: g.neg})
		}
		return parts, (g.node.Kind == NodeAll) != g.neg
	}
	switch c := g.cond; c.Kind {
	case CondSearch:
		return []goal{{node: &p.det.Searches[c.Search].Root, neg: g.neg}}, true
	case CondNot:
		return []goal{{cond: &c.Args[0], neg: !g.neg}}, true
	case CondOf:
		return p.openOf(c, g.neg)
	default:
		for i := range c.Args {
			parts = append(parts, goal{cond: &c.Args[i], neg: g.neg})
		}
		return parts, (c.Kind == CondAnd) != g.neg
	}
}

// openOf opens `N of`. Only one and all are followed: for a number between, everything is possible.
func (p *prover) openOf(c *Cond, neg bool) (parts []goal, all bool) {
	if c.Count > len(c.Of) {
		if !neg && p.why == "" {
			p.why = fmt.Sprintf("%d of %d searches are asked for", c.Count, len(c.Of))
		}
		return nil, neg
	}
	if c.Count != 1 && c.Count != len(c.Of) {
		return nil, true
	}
	for _, i := range c.Of {
		parts = append(parts, goal{node: &p.det.Searches[i].Root, neg: neg})
	}
	return parts, (c.Count == len(c.Of)) != neg || len(c.Of) == 1
}

// assume adds to f what follows from an item that has to hold, or not, and gives the contradiction if
// that cannot be.
func (p *prover) assume(it *Item, neg bool, f *facts) string {
	want := neg == it.Neq // of the item before its neq
	switch truth := p.world.truth(it); {
	case truth == unknown:
	case (truth == holds) == want:
		return ""
	case it.Field == "EventID":
		return fmt.Sprintf("EventID is never so in %s", p.world)
	default:
		return fmt.Sprintf("required field %q does not exist in %s", p.world.missing(it), p.world)
	}
	if !f.set(p.keys.of(it), want) {
		return fmt.Sprintf("%s has to hold and not to hold", describe(it))
	}
	if p.world.own[it.Field] && !f.value(it, want) {
		return fmt.Sprintf("field %q would need several values at once", it.Field)
	}
	return ""
}

// verdict is what is known of an item without an event.
type verdict uint8

const (
	unknown verdict = iota
	fails
	holds
)

func verdictOf(b bool) verdict {
	if b {
		return holds
	}
	return fails
}

// truth evaluates an item, before its neq, by what the world says.
func (w *world) truth(it *Item) verdict {
	count := map[verdict]int{}
	for _, v := range it.Values {
		best := fails
		for i := range v.Alts {
			if t := w.operand(it.Field, &v.Alts[i]); t == holds || t == unknown && best == fails {
				best = t
			}
		}
		count[best]++
	}
	switch {
	case it.All && count[fails] > 0, !it.All && count[fails] == len(it.Values):
		return fails
	case !it.All && count[holds] > 0, it.All && count[holds] == len(it.Values):
		return holds
	}
	return unknown
}

func (w *world) operand(field string, o *Operand) verdict {
	switch {
	case w.absent(field):
		return verdictOf(o.Kind == OperandNull || o.Kind == OperandExists && !o.Bool)
	case o.Kind == OperandFieldRef && w.absent(o.FieldRef):
		return fails
	case field == "EventID" && w.ids:
		return w.eventID(o)
	}
	return unknown
}

func (w *world) eventID(o *Operand) verdict {
	switch o.Kind {
	case OperandNull:
		return fails
	case OperandExists:
		return verdictOf(o.Bool)
	}
	id, ok := constantID(o)
	switch {
	case !ok:
		return unknown
	case w.other:
		return fails
	}
	return verdictOf(id == fmt.Sprint(w.id))
}

// missing names the field that made the truth of an item known.
func (w *world) missing(it *Item) string {
	if w.absent(it.Field) {
		return it.Field
	}
	for _, v := range it.Values {
		for _, o := range v.Alts {
			if o.Kind == OperandFieldRef && w.absent(o.FieldRef) {
				return o.FieldRef
			}
		}
	}
	return it.Field
}

// constantID gives the text that an operand asks EventID to have, when it asks for one.
func constantID(o *Operand) (string, bool) {
	switch o.Kind {
	case OperandNumber:
		whole, fraction, _ := strings.Cut(o.Number, ".")
		if strings.Trim(fraction, "0") != "" {
			return "", false
		}
		return whole, true
	case OperandPattern:
		return o.Pattern.constant()
	}
	return "", false
}

// constant gives the text of a pattern without wildcards.
func (p Pattern) constant() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Kind == PartLiteral:
		return p[0].Text, true
	}
	return "", false
}

// describe writes an item as it stands in the rule, shortened.
func describe(it *Item) string {
	key := strings.Join(append([]string{it.Field}, it.Modifiers...), "|")
	text := it.Values[0].Text
	if len(it.Values) > 1 {
		text = fmt.Sprintf("[%s, … %d values]", text, len(it.Values))
	}
	return fmt.Sprintf("`%s: %s`", key, text)
}
