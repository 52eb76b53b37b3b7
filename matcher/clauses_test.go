package matcher

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/event"
)

// clausesOf gives the clauses of a rule as texts, each sorted.
func clausesOf(t *testing.T, detection string) [][]string {
	t.Helper()
	set := parseRules(t, "title: t\nlogsource: {product: windows}\ndetection:\n"+detection)
	var names []string
	for _, s := range set.Rules[0].Detection.Searches {
		names = fieldsOf(names, s.Root)
	}
	tr := &translator{schema: event.NewSchema(names), known: map[string]*predicate{}}
	c, refusal := tr.rule(set.Rules[0], set.Rules[0])
	if refusal != nil {
		t.Fatal(refusal)
	}
	var out [][]string
	for _, cl := range newClauseFinder([]member{{rule: c}}).rule(c) {
		var texts []string
		for _, p := range cl.preds {
			name := "keyword"
			if !p.keyword {
				name = tr.schema.Name(p.field)
			}
			text := p.lit
			if p.op == opDash {
				text = p.lits[0]
			} else if p.op != opText && p.op != opNumber {
				text = fmt.Sprint("op ", p.op)
			}
			texts = append(texts, name+" "+text)
		}
		slices.Sort(texts)
		out = append(out, slices.Compact(texts))
	}
	return out
}

// TestClauses: what a rule is looked up by is necessary. What breaks such reasoning stands here by name.
func TestClauses(t *testing.T) {
	test := func(name, detection string, want ...[]string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, clausesOf(t, detection)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	all := func(texts ...string) []string { return texts }
	test("and: the two best", "  s: {A: abcdefghij, B|contains: x, C: klmnopqrst}\n  condition: s", all("A abcdefghij"), all("C klmnopqrst"))
	test("or: one of each", "  s: [{A: abcdefghij}, {B: klmnopqrst}]\n  condition: s", all("A abcdefghij", "B klmnopqrst"))
	test("values", "  s: {A|contains: [abcdefghij, klmnopqrst]}\n  condition: s", all("A abcdefghij", "A klmnopqrst"))
	test("all", "  s: {A|contains|all: [abcdefghij, klmnopqrst]}\n  condition: s", all("A abcdefghij"), all("A klmnopqrst"))
	test("not", "  s: {A: x}\n  condition: not s")
	test("and not", "  s: {A: abcdefgh}\n  f: {B: klmnopqrst}\n  condition: s and not f", all("A abcdefgh"))
	test("or not", "  s: {A: abcdefgh}\n  f: {B: klmnopqrst}\n  condition: s or not f")
	test("not not", "  s: {A: abcdefgh}\n  condition: not (not s)")
	test("neq", "  s: {A|neq: abcdefgh, B: klmnopqrst}\n  condition: s", all("B klmnopqrst"))
	test("neq alone", "  s: {A|neq: abcdefgh}\n  condition: s")
	test("1 of", "  s1: {A: abcdefgh}\n  s2: {B: klmnopqrst}\n  condition: 1 of s*", all("A abcdefgh", "B klmnopqrst"))
	test("2 of 3", "  s1: {A: abcdefgh}\n  s2: {B: klmnopqrst}\n  s3: {C: uvwxyzab}\n  condition: 2 of s*", all("A abcdefgh", "B klmnopqrst", "C uvwxyzab"))
	test("2 of 3, one of them by absence", "  s1: {A: abcdefgh}\n  s2: {B: klmnopqrst}\n  s3: {C|neq: uvwxyzab}\n  condition: 2 of s*")
	test("all of", "  s1: {A: abcdefgh}\n  s2: {B: klmnopqrst}\n  condition: all of s*", all("A abcdefgh"), all("B klmnopqrst"))
	test("null is a predicate that holds", "  s: {A: null}\n  condition: s", all(fmt.Sprint("A op ", opNull)))
	test("absence is a predicate that holds", "  s: {A|exists: false, B: abcdefgh}\n  condition: s", all("B abcdefgh"), all(fmt.Sprint("A op ", opMissing)))
	test("null in a list", "  s: {A: [abcdefgh, null]}\n  condition: s", all("A abcdefgh", fmt.Sprint("A op ", opNull)))
	test("a regular expression's literals", "  s: {A|re: 'foo.*barbaz'}\n  condition: s", all("A barbaz"))
	test("a regular expression without", "  s: {A|re: '^.$'}\n  condition: s", all("A "))
	test("a regular expression in a list", "  s: {A|re: ['foobar', 'bazqux']}\n  condition: s", all("A bazqux", "A foobar"))
	test("fieldref needs a text", "  s: {A|fieldref: B}\n  condition: s", all("A "))
	test("alternatives of one value, under all", "  s: {A|base64offset|contains|all: [foobar, '12345678']}\n  condition: s",
		all("A eymzq1njc4", "A mtizndu2nz", "A xmjm0nty3o"), all("A mb29iyx", "A zm9vymfy", "A zvb2jhc"))
	test("windash", "  s: {A|windash|contains: ' -encode'}\n  condition: s", all("A  -encode"))
	test("keywords", "  s: [mimikatz, kerberos]\n  condition: s", all("keyword kerberos", "keyword mimikatz"))
}
