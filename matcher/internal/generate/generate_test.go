package generate

import (
	"math/rand/v2"
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
		if len(rs) != 1 {
			t.Fatalf("%v\n%s", findings, raw)
		}
		for _, event := range []string{Event(rng), Record(rng)} {
			if _, err := reference.Normalize([]byte(event)); err != nil {
				t.Fatalf("no event: %v: %s", err, event)
			}
		}
	}
}

// kinds gives the kinds of operands in a rule.
func kinds(r *rules.Rule) map[rules.OperandKind]bool {
	out := map[rules.OperandKind]bool{}
	var add func(rules.Node)
	add = func(n rules.Node) {
		for _, c := range n.Children {
			add(c)
		}
		if n.Item == nil {
			return
		}
		for _, v := range n.Item.Values {
			for _, o := range v.Alts {
				out[o.Kind] = true
			}
		}
	}
	for _, s := range r.Detection.Searches {
		add(s.Root)
	}
	return out
}

// TestHitRate: a comparison is worth something only if rules match, and do not always.
func TestHitRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	const made = 500
	tried, hits, sometimes := 0, 0, 0
	undecided := map[rules.OperandKind]int{} // rules with the operand that match some events and not all
	for range made {
		rs, _ := rules.Parse("generated.yml", []byte(Rule(rng)))
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
			for kind := range kinds(rs[0]) {
				undecided[kind]++
			}
		}
	}
	t.Logf("%d of %d matched; %d of %d rules matched some events and not all, by operand %v", hits, tried, sometimes, made, undecided)
	if hits < tried/10 || hits > tried*7/10 {
		t.Errorf("%d of %d matched: too few or too many to tell evaluators apart", hits, tried)
	}
	if sometimes < made*3/10 {
		t.Errorf("only %d of %d rules matched some of 20 events and not all", sometimes, made)
	}
	for kind := rules.OperandPattern; kind <= rules.OperandFieldRef; kind++ {
		if undecided[kind] < 3 {
			t.Errorf("operand kind %d is in only %d of these rules", kind, undecided[kind])
		}
	}
}
