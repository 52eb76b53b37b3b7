package generate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/picketsigma/picket/matcher/internal/reference"
	"github.com/picketsigma/picket/rules"
)

func TestDeterministic(t *testing.T) {
	draw := func(seed uint64) (out []string) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for range 50 {
			out = append(out, Rule(rng), Event(rng), Record(rng))
		}
		return out
	}
	a, b, other := draw(1), draw(1), draw(2)
	differ := 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("one seed gave\n%s\nand\n%s", a[i], b[i])
		}
		if a[i] != other[i] {
			differ++
		}
	}
	if differ < 140 {
		t.Errorf("two seeds differ in only %d of %d", differ, len(a))
	}
}

// TestLoads: each rule loads, each event is JSON with the parts that a gate needs.
func TestLoads(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	for range 2000 {
		raw := Rule(rng)
		rs, findings := rules.Parse("generated.yml", []byte(raw))
		refused := slices.ContainsFunc(findings, func(e *rules.Error) bool { return e.Refused() })
		if refused || len(rs) != 1 {
			t.Fatalf("%v\n%s", findings, raw)
		}
		for _, event := range []string{Event(rng), Record(rng)} {
			if _, err := reference.Normalize([]byte(event)); err != nil {
				t.Fatalf("no event: %v: %s", err, event)
			}
		}
	}
}

// evaluable reports whether the reference evaluator knows every operand of r. It does not know all of
// those that package rules makes yet.
func evaluable(r *rules.Rule) bool {
	var known func(rules.Node) bool
	known = func(n rules.Node) bool {
		if n.Kind != rules.NodeItem {
			return !slices.ContainsFunc(n.Children, func(c rules.Node) bool { return !known(c) })
		}
		for _, v := range n.Item.Values {
			for _, o := range v.Alts {
				if o.Kind > rules.OperandExists || slices.Contains(o.Pattern, rules.Part{Kind: rules.PartDash}) {
					return false
				}
			}
		}
		return true
	}
	return !slices.ContainsFunc(r.Detection.Searches, func(s rules.Search) bool { return !known(s.Root) })
}

// TestHitRate: a comparison is worth something only if rules match, and do not always.
func TestHitRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	tried, hits, sometimes, matching := 0, 0, 0, 0
	for matching < 300 {
		rs, _ := rules.Parse("generated.yml", []byte(Rule(rng)))
		if len(rs) != 1 || !evaluable(rs[0]) {
			continue
		}
		matching++
		n := 0
		for range 20 {
			e, err := reference.Normalize([]byte(Record(rng)))
			if err != nil {
				t.Fatal(err)
			}
			tried++
			if reference.Match(rs[0], e.Fields) {
				n++
			}
		}
		hits += n
		if n > 0 && n < 20 {
			sometimes++
		}
	}
	t.Logf("%d of %d matched; %d of %d rules matched some events and not all", hits, tried, sometimes, matching)
	if hits < tried/10 || hits > tried*7/10 {
		t.Errorf("%d of %d matched: too few or too many to tell evaluators apart", hits, tried)
	}
	if sometimes < matching*2/10 {
		t.Errorf("only %d of %d rules matched some of 20 events and not all", sometimes, matching)
	}
}
