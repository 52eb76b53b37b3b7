package matcher

import (
	"cmp"
	"slices"

	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// A necessary clause of a rule is predicates of which at least one is true whenever the rule holds.
//
// Law of prefilters: it may say yes wrongly, never no wrongly. What is negated promises nothing: a `not`
// holds by what is absent, and so do neq, null and exists: false, which are predicates of their own and
// true bits when they hold. `N of` promises no more than that one of its searches holds.

// clausesPerRule is how many clauses a rule is looked up by. The second takes the candidates of recorded events from
// 2.3 to 0.5 each, those of process creations from 18 to 8 (BenchmarkCorpus).
const clausesPerRule = 2

// keepClauses is how many are kept while they are combined.
const keepClauses = 4

type predClause struct {
	preds []*predicate
	cost  int // how often it is expected to hold; see clauseFinder.cost
}

// clauseFinder finds necessary clauses for the rules of one program.
type clauseFinder struct {
	uses map[*predicate]int // how many values of the program's rules ask for it
}

// newClauseFinder counts what the rules say: a text that many rules name is common in events too.
func newClauseFinder(members []member) *clauseFinder {
	f := &clauseFinder{uses: map[*predicate]int{}}
	for _, m := range members {
		for i := range m.rule.searches {
			f.count(&m.rule.searches[i])
		}
	}
	return f
}

func (f *clauseFinder) count(n *node) {
	for _, alts := range n.values {
		for _, p := range alts {
			f.uses[p]++
		}
	}
	for i := range n.children {
		f.count(&n.children[i])
	}
}

// rule gives the best clauses of a rule, at most clausesPerRule, none when it can hold on absence alone.
func (f *clauseFinder) rule(c *compiledRule) []predClause {
	cs := f.cond(c, c.rule.Detection.Condition)
	return cs[:min(len(cs), clausesPerRule)]
}

func (f *clauseFinder) cond(c *compiledRule, x rules.Cond) []predClause {
	switch x.Kind {
	case rules.CondSearch:
		return f.node(&c.searches[x.Search])
	case rules.CondAnd:
		return f.all(len(x.Args), func(i int) []predClause { return f.cond(c, x.Args[i]) })
	case rules.CondOr:
		return f.any(len(x.Args), func(i int) []predClause { return f.cond(c, x.Args[i]) })
	case rules.CondOf:
		part := func(i int) []predClause { return f.node(&c.searches[x.Of[i]]) }
		switch {
		case x.Count >= len(x.Of):
			return f.all(len(x.Of), part)
		case x.Count >= 1:
			return f.any(len(x.Of), part)
		}
	}
	return nil // CondNot, or `0 of`
}

func (f *clauseFinder) node(n *node) []predClause {
	switch n.kind {
	case rules.NodeItem:
		return f.item(n)
	case rules.NodeAll:
		return f.all(len(n.children), func(i int) []predClause { return f.node(&n.children[i]) })
	}
	return f.any(len(n.children), func(i int) []predClause { return f.node(&n.children[i]) })
}

func (f *clauseFinder) item(n *node) []predClause {
	value := func(i int) []predClause {
		return f.any(len(n.values[i]), func(j int) []predClause { return f.predicate(n.values[i][j]) })
	}
	switch {
	case n.item.Neq:
		return nil
	case n.item.All:
		return f.all(len(n.values), value)
	}
	return f.any(len(n.values), value)
}

// predicate: one that is evaluated with the event is its own clause, a late one has those of the
// literals it cannot do without.
func (f *clauseFinder) predicate(p *predicate) []predClause {
	if !p.op.late() {
		return []predClause{{preds: []*predicate{p}, cost: f.cost(p)}}
	}
	return f.all(len(p.needs), func(i int) []predClause {
		c := predClause{preds: p.needs[i]}
		for _, q := range c.preds {
			c.cost += f.cost(q)
		}
		return []predClause{c}
	})
}

// all: every part's clauses have to hold.
func (f *clauseFinder) all(n int, part func(int) []predClause) []predClause {
	var out []predClause
	for i := range n {
		out = append(out, part(i)...)
	}
	slices.SortStableFunc(out, func(a, b predClause) int { return cmp.Compare(a.cost, b.cost) })
	return out[:min(len(out), keepClauses)]
}

// any: one of the parts holds, and with it one clause of each; the parts' best are put together, then
// their second best. A part that promises nothing takes the promise from all.
func (f *clauseFinder) any(n int, part func(int) []predClause) []predClause {
	parts := make([][]predClause, n)
	longest := 0
	for i := range n {
		parts[i] = part(i)
		if len(parts[i]) == 0 {
			return nil
		}
		longest = max(longest, len(parts[i]))
	}
	if n == 1 {
		return parts[0]
	}
	out := make([]predClause, longest)
	for j := range out {
		for _, cs := range parts {
			c := cs[min(j, len(cs)-1)]
			out[j].preds = append(out[j].preds, c.preds...)
			out[j].cost += c.cost
		}
	}
	return out
}

// cost is an estimate of how often a predicate holds, in arbitrary units: only which clauses are chosen
// depends on it. A short text is in many values, and so is one that many rules name.
func (f *clauseFinder) cost(p *predicate) int {
	base := 0
	switch p.op {
	case opText, opDash, opGlob:
		base = textCost(p)
	case opNumber:
		base = 20
	case opCIDR, opCompare:
		return 50_000
	default:
		return 200_000
	}
	return base * (4 + f.uses[p])
}

func textCost(p *predicate) int {
	n := len(p.lit)
	switch {
	case p.op == opDash:
		n = len(p.lits[0])
	case p.op == opGlob && p.trigger != nil:
		n = len(p.trigger.lit)
	case p.op == opGlob:
		n = 1
	}
	cost := 0
	switch {
	case n == 0 && p.anchor != index.Whole:
		return 100_000
	case n <= 2:
		cost = 2_000
	case n == 3:
		cost = 300
	case n <= 5:
		cost = 60
	case n <= 7:
		cost = 20
	default:
		cost = 10
	}
	if p.anchor == index.Whole && p.op == opText {
		cost = 10 + cost/20
	}
	return cost
}
