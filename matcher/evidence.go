package matcher

import (
	"slices"
	"strings"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/rules"
)

// Evidence is collected for hits only. It walks the rule's tree by the predicates that are known to be true, and
// looks for the value only where one is.

// hit adds a hit with its evidence. refs says where the program has the rule's predicates.
func (s *Session) hit(c *compiledRule, refs []predRef) {
	s.stats.Hits++
	s.refs = refs
	first := len(s.evidence)
	s.because = s.because[:0]
	s.cond(c, c.rule.Detection.Condition)
	slices.Sort(s.because)
	for _, i := range slices.Compact(s.because) {
		s.collect(&c.rule.Detection.Searches[i], &c.searches[i])
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
func (s *Session) cond(c *compiledRule, x rules.Cond) bool {
	mark, held := len(s.because), 0
	switch x.Kind {
	case rules.CondSearch:
		return s.search(c, x.Search)
	case rules.CondNot:
		held := s.cond(c, x.Args[0])
		s.because = s.because[:mark]
		return !held
	case rules.CondAnd:
		for _, a := range x.Args {
			if !s.cond(c, a) {
				s.because = s.because[:mark]
				return false
			}
		}
		return true
	case rules.CondOf:
		for _, i := range x.Of {
			if s.search(c, i) {
				held++
			}
		}
		if held < x.Count {
			s.because = s.because[:mark]
		}
		return held >= x.Count
	}
	for _, a := range x.Args { // CondOr
		if s.cond(c, a) {
			held++
		}
	}
	return held > 0
}

func (s *Session) search(c *compiledRule, i int) bool {
	held := s.nodeHolds(&c.searches[i])
	if held {
		s.because = append(s.because, i)
	}
	return held
}

func (s *Session) nodeHolds(n *node) bool {
	switch n.kind {
	case rules.NodeAll:
		for i := range n.children {
			if !s.nodeHolds(&n.children[i]) {
				return false
			}
		}
		return true
	case rules.NodeAny:
		for i := range n.children {
			if s.nodeHolds(&n.children[i]) {
				return true
			}
		}
		return false
	}
	all, at := n.item.All, n.first
	for _, alts := range n.values {
		if held := s.firstTrue(alts, at) >= 0; held != all {
			return held != n.item.Neq // one that holds, or under all one that does not, decides
		}
		at += len(alts)
	}
	return all != n.item.Neq
}

// firstTrue gives the first that is true of some predicates, the first of which is number at of the rule; or -1.
func (s *Session) firstTrue(alts []*predicate, at int) int {
	for i, p := range alts {
		ref := s.refs[at+i]
		if p.op.late() {
			if s.late(ref.slot, ref.id) {
				return i
			}
		} else if s.slotBits(ref.slot)[ref.id/64]>>(ref.id%64)&1 == 1 {
			return i
		}
	}
	return -1
}

// collect adds the evidence of a node that holds: of the branches of a list those that do, under all every
// value, otherwise the first.
func (s *Session) collect(search *rules.Search, n *node) {
	for i := range n.children {
		if c := &n.children[i]; n.kind == rules.NodeAll || s.nodeHolds(c) {
			s.collect(search, c)
		}
	}
	if n.kind != rules.NodeItem || n.item.Neq {
		return
	}
	at := n.first
	for i, alts := range n.values {
		j := s.firstTrue(alts, at)
		at += len(alts)
		if j < 0 {
			continue
		}
		v := &n.item.Values[i]
		s.witness(alts[j], Evidence{Selection: search.Name, Field: n.item.Field, Op: opWord(n.item, &v.Alts[j]), Pattern: v.Text})
		if !n.item.All {
			return
		}
	}
}

// witness completes and adds e with the value that p is true for.
func (s *Session) witness(p *predicate, e Evidence) {
	var found event.Value
	if p.keyword {
		for i := range s.leavesNow() {
			if leaf := &s.leaves[i]; s.holdsFor(p, leaf.Value) {
				found, e.Field, e.Path = leaf.Value, leaf.Field, s.ev.LeafPath(*leaf)
				break
			}
		}
	} else {
		found = s.ev.Values[p.field]
		if found.Kind != event.Missing {
			e.Path = s.ev.Path(p.field)
		}
		if found.Kind == event.Array {
			found = s.element(found, p)
		}
	}
	if isScalar(found.Kind) {
		s.value.set(found)
		e.Value = s.keepText()
	}
	s.evidence = append(s.evidence, e)
}

// element gives the first element of an array that p holds for; none where it is about the whole of it.
func (s *Session) element(array event.Value, p *predicate) event.Value {
	s.elements = appendElements(s.elements[:0], array.Raw)
	for _, el := range s.elements {
		if p.op == opFieldRef && s.refHolds(el, p) || s.holdsFor(p, el) {
			return el
		}
	}
	return event.Value{}
}

// holdsFor compares one value. Of a list of regular expressions most are not even tried.
func (s *Session) holdsFor(p *predicate, v event.Value) bool {
	if !isScalar(v.Kind) {
		return false
	}
	s.value.set(v)
	return (p.op != opRegex || p.regexMayHold(&s.value)) && p.holds(&s.value)
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
