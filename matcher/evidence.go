package matcher

import (
	"slices"
	"strings"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/rules"
)

// Evidence is collected for hits only. It walks the rule's tree and compares one predicate at a time:
// what the index found is not asked again, and a difference would show as a hit without evidence.

// hit adds a hit with its evidence.
func (s *Session) hit(ev *event.Event, c *compiledRule) {
	s.stats.Hits++
	first := len(s.evidence)
	s.because, s.judging = s.because[:0], true
	s.cond(ev, c, c.rule.Detection.Condition)
	s.judging = false
	slices.Sort(s.because)
	for _, i := range slices.Compact(s.because) {
		s.node(ev, &c.rule.Detection.Searches[i], &c.searches[i])
	}
	s.hits = append(s.hits, Hit{Rule: c.rule})
	s.counts = append(s.counts, len(s.evidence)-first)
}

// finish gives the hits their evidence: it could move while it grew.
func (s *Session) finish() []Hit {
	rest := s.evidence
	for i := range s.hits {
		n := s.counts[i]
		s.hits[i].Matches, rest = rest[:n:n], rest[n:]
	}
	s.counts = s.counts[:0]
	return s.hits
}

// cond evaluates a condition and notes in because the searches that made it true: not those under a
// `not`, which hold by being false.
func (s *Session) cond(ev *event.Event, c *compiledRule, x rules.Cond) bool {
	mark, held := len(s.because), 0
	switch x.Kind {
	case rules.CondSearch:
		return s.search(ev, c, x.Search)
	case rules.CondNot:
		held := s.cond(ev, c, x.Args[0])
		s.because = s.because[:mark]
		return !held
	case rules.CondAnd:
		for _, a := range x.Args {
			if !s.cond(ev, c, a) {
				s.because = s.because[:mark]
				return false
			}
		}
		return true
	case rules.CondOf:
		for _, i := range x.Of {
			if s.search(ev, c, i) {
				held++
			}
		}
		if held < x.Count {
			s.because = s.because[:mark]
		}
		return held >= x.Count
	}
	for _, a := range x.Args { // CondOr
		if s.cond(ev, c, a) {
			held++
		}
	}
	return held > 0
}

func (s *Session) search(ev *event.Event, c *compiledRule, i int) bool {
	held := s.node(ev, &c.rule.Detection.Searches[i], &c.searches[i])
	if held {
		s.because = append(s.because, i)
	}
	return held
}

// node evaluates a node and adds the evidence when it holds.
func (s *Session) node(ev *event.Event, search *rules.Search, n *node) bool {
	if n.kind == rules.NodeItem {
		return s.item(ev, search, n)
	}
	mark, held := len(s.evidence), 0
	for i := range n.children {
		if s.node(ev, search, &n.children[i]) {
			held++
		} else if n.kind == rules.NodeAll {
			s.evidence = s.evidence[:mark]
			return false
		}
	}
	return held > 0
}

// item evaluates an item: under all each value gives evidence, otherwise the first that holds.
func (s *Session) item(ev *event.Event, search *rules.Search, n *node) bool {
	mark, held := len(s.evidence), 0
	for i, alts := range n.values {
		if s.alternatives(ev, search, n.item, &n.item.Values[i], alts) {
			held++
			if !n.item.All {
				break
			}
		} else if n.item.All {
			break
		}
	}
	ok := held > 0
	if n.item.All {
		ok = held == len(n.values)
	}
	if n.item.Neq || !ok {
		s.evidence = s.evidence[:mark]
	}
	return ok != n.item.Neq
}

// alternatives adds evidence for the first alternative of a value that holds.
func (s *Session) alternatives(ev *event.Event, search *rules.Search, item *rules.Item, v *rules.Value, alts []*predicate) bool {
	for i, p := range alts {
		e := Evidence{Selection: search.Name, Field: item.Field, Op: opWord(item, &v.Alts[i]), Pattern: v.Text}
		if s.witness(ev, p, e) {
			return true
		}
	}
	return false
}

// witness completes and adds e with the value that p holds for, if there is one.
func (s *Session) witness(ev *event.Event, p *predicate, e Evidence) bool {
	if p.keyword {
		for i := range s.leavesFor(ev) {
			leaf := &s.leaves[i]
			if s.value.set(leaf.Value); s.holds(p) {
				if !s.judging {
					e.Field, e.Path, e.Value = leaf.Field, ev.LeafPath(*leaf), s.keepText()
					s.evidence = append(s.evidence, e)
				}
				return true
			}
		}
		return false
	}
	v := ev.Values[p.field]
	held, found := false, event.Value{}
	switch p.op {
	case opMissing:
		held = v.Kind == event.Missing
	case opExists:
		held, found = v.Kind != event.Missing, v
	case opNull:
		held, found = s.isNull(v), v
	default:
		held, found = s.firstElement(ev, v, p)
	}
	if !held || s.judging {
		return held
	}
	if v.Kind != event.Missing {
		e.Path = ev.Path(p.field)
	}
	if isScalar(found.Kind) {
		s.value.set(found)
		e.Value = s.keepText()
	}
	s.evidence = append(s.evidence, e)
	return true
}

// firstElement gives the first scalar of v that p holds for.
func (s *Session) firstElement(ev *event.Event, v event.Value, p *predicate) (bool, event.Value) {
	s.elements = appendFlat(s.elements[:0], v)
	if p.op == opFieldRef {
		s.others = appendFlat(s.others[:0], ev.Values[p.other])
	}
	for _, el := range s.elements {
		if p.op == opFieldRef {
			for _, w := range s.others {
				if s.pairHolds(el, w, p) {
					return true, el
				}
			}
			continue
		}
		if s.value.set(el); isScalar(el.Kind) && s.holds(p) {
			return true, el
		}
	}
	return false, event.Value{}
}

// holds compares s.value. Of a list of regular expressions most are not even tried.
func (s *Session) holds(p *predicate) bool {
	if p.op == opRegex && !p.regexMayHold(&s.value) {
		return false
	}
	return p.holds(&s.value)
}

// isNull: missing, null, an empty list, or a list with a null in it.
func (s *Session) isNull(v event.Value) bool {
	switch v.Kind {
	case event.Missing, event.Null:
		return true
	case event.Array:
		s.elements = appendElements(s.elements[:0], v.Raw)
		return len(s.elements) == 0 || slices.ContainsFunc(s.elements, func(el event.Value) bool { return el.Kind == event.Null })
	}
	return false
}

// keepText gives the text form of s.value for a hit: in memory that lasts until the next Match.
func (s *Session) keepText() string {
	text := s.value.textForm()
	if len(text) > 0 && &text[0] != &s.value.value.Raw[0] {
		// Not in the event: the buffer is for the next value.
		n := len(s.texts)
		s.texts = append(s.texts, text...)
		text = s.texts[n:]
	}
	return alias(text)
}

// operators are the modifiers that name a comparison.
var operators = map[string]bool{
	"contains": true, "startswith": true, "endswith": true, "re": true, "cidr": true, "exists": true, "fieldref": true,
	"lt": true, "lte": true, "gt": true, "gte": true,
	"minute": true, "hour": true, "day": true, "week": true, "month": true, "year": true,
}

// opWord is the operator that the rule's author chose; several, as in hour|gte, are joined by a blank.
func opWord(item *rules.Item, o *rules.Operand) string {
	word := ""
	for _, m := range item.Modifiers {
		switch {
		case !operators[m]:
		case word == "":
			word = m
		default:
			word = strings.Join([]string{word, m}, " ")
		}
	}
	if word != "" {
		return word
	}
	switch o.Kind {
	case rules.OperandNumber:
		return "number"
	case rules.OperandBool:
		return "bool"
	case rules.OperandNull:
		return "null"
	}
	keyword := item.Field == ""
	for i, x := range o.Pattern {
		added := keyword && (i == 0 || i == len(o.Pattern)-1) // a keyword's open ends are not the author's
		if x.Kind == rules.PartOne || x.Kind == rules.PartRun && !added {
			return "wildcard"
		}
	}
	if keyword {
		return "contains" // it is looked for anywhere in a value
	}
	return "eq"
}
