package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// showCond prints a condition with the names of the searches.
func showCond(d Detection, c Cond) string {
	var args []string
	for _, a := range c.Args {
		args = append(args, showCond(d, a))
	}
	switch c.Kind {
	case CondSearch:
		return d.Searches[c.Search].Name
	case CondOf:
		for _, i := range c.Of {
			args = append(args, d.Searches[i].Name)
		}
		return fmt.Sprintf("%d of [%s]", c.Count, strings.Join(args, " "))
	}
	return map[CondKind]string{CondNot: "not", CondAnd: "and", CondOr: "or"}[c.Kind] + "(" + strings.Join(args, " ") + ")"
}

const twoRules = `title: A
id: 00000000-0000-4000-8000-00000000000A
name: rule_a
logsource: {product: windows, category: process_creation}
detection: {s1: {F: 1}, s2: {F: 2}, condition: [1 of s*, s2]}
---
title: B
logsource: {product: windows, service: security}
detection: {s: {F: 1}, condition: s}
`

func assemble(files ...string) *Set {
	var parsed []File
	for i, text := range files {
		parsed = append(parsed, ParseFile(fmt.Sprintf("%c.yml", 'a'+i), []byte(text), LoadOptions{}))
	}
	return Assemble(parsed, LoadOptions{})
}

func TestFilters(t *testing.T) {
	check := func(name, filters, wantA, wantB string) {
		t.Helper()
		set := assemble(filters, twoRules)
		if len(set.Rules) != 2 {
			t.Fatalf("%s: %v", name, set.Findings)
		}
		for i, want := range []string{wantA, wantB} {
			d := set.Rules[i].Detection
			if got := showCond(d, d.Condition); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
	const plainA, plainB = "or(1 of [s1 s2] s2)", "s"
	filter := func(head, body string) string {
		return "title: f\n" + head + "\nfilter: {" + body + "}\n"
	}
	check("none", "", plainA, plainB)
	check("by id, ignoring case", filter("logsource: {product: windows}", "rules: 00000000-0000-4000-8000-00000000000a, s1: {G: 1}, condition: not s1"),
		"and("+plainA+" not(f/s1))", plainB)
	check("by name", filter("logsource: {category: process_creation}", "rules: [rule_a], s: {G: 1}, condition: not s"),
		"and("+plainA+" not(f/s))", plainB)
	check("patterns see the filter's searches alone", filter("name: n\nlogsource: {product: windows}", "rules: any, s1: {G: 1}, s9: {G: 2}, condition: not 1 of s* and not all of them"),
		"and("+plainA+" and(not(1 of [n/s1 n/s9]) not(2 of [n/s1 n/s9])))", "and(s and(not(1 of [n/s1 n/s9]) not(2 of [n/s1 n/s9])))")
	check("any, of one log source", filter("logsource: {service: security}", "rules: any, s: {G: 1}, condition: not s"), plainA, "and(s not(f/s))")
	check("an empty list is any", filter("logsource: {service: security}", "rules: [], s: {G: 1}, condition: not s"), plainA, "and(s not(f/s))")
	check("another log source", filter("logsource: {product: linux}", "rules: [rule_a], s: {G: 1}, condition: not s"), plainA, plainB)
	check("a rule named twice", filter("logsource: {product: windows}", "rules: [rule_a, 00000000-0000-4000-8000-00000000000A], s: {G: 1}, condition: not s"),
		"and("+plainA+" not(f/s))", plainB)
	check("two filters", filter("name: one\nlogsource: {product: windows}", "rules: any, s: {G: 1}, condition: not s")+"---\n"+
		filter("name: two\nlogsource: {product: windows}", "rules: rule_a, s: {G: 2}, condition: s"),
		"and(and("+plainA+" not(one/s)) two/s)", "and(s not(one/s))")
}

// TestFilterHash: what a filter changes has another hash, so that its alerts have other ids.
func TestFilterHash(t *testing.T) {
	filter := func(value string) string {
		return "title: f\nlogsource: {category: process_creation}\nfilter: {rules: any, s: {G: " + value + "}, condition: not s}\n"
	}
	bare, one, two := assemble("", twoRules), assemble(filter("1"), twoRules), assemble(filter("2"), twoRules)
	seen := []string{bare.Rules[0].Hash, one.Rules[0].Hash, two.Rules[0].Hash}
	for i, h := range seen {
		if !strings.HasPrefix(h, "sha256:") || slices.Contains(seen[:i], h) {
			t.Errorf("hashes %q", seen)
		}
	}
	if one.Rules[1].Hash != bare.Rules[1].Hash {
		t.Error("a rule that the filter is not for has another hash")
	}
	if one.Hash == bare.Hash || one.Hash == two.Hash {
		t.Error("the set's hash does not depend on its filters")
	}
	if got := one.Rules[0]; len(got.Filters) != 1 || got.Filters[0] != one.Filters[0] || got.Detection.ConditionText != "(1 of s* or s2) and (not s)" {
		t.Errorf("got %d filters and %q", len(got.Filters), got.Detection.ConditionText)
	}
}

// TestAssembleKeepsFiles: files can be assembled again, beside a set that is in use.
func TestAssembleKeepsFiles(t *testing.T) {
	parse := func() []File {
		return []File{
			ParseFile("a.yml", []byte("title: f\nlogsource: {product: windows}\nfilter: {rules: any, s: {G: 1}, condition: not s}\n"), LoadOptions{}),
			ParseFile("b.yml", []byte(twoRules), LoadOptions{}),
			ParseFile("c.yml", []byte("title: c\ncorrelation: {type: temporal, rules: rule_a, timespan: 1m, aliases: {x: {00000000-0000-4000-8000-00000000000A: y}}}\n"), LoadOptions{}),
		}
	}
	files := parse()
	first, second := Assemble(files, LoadOptions{}), Assemble(files, LoadOptions{})
	opts := cmp.Options{cmp.AllowUnexported(AliasField{}, Set{}), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b *Error) bool { return a.Error() == b.Error() })}
	if diff := cmp.Diff(parse(), files, opts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(first, second, opts); diff != "" || len(first.Correlations) != 1 || first.Correlations[0].Rules[0].Rule != first.Rules[0] {
		t.Errorf("%v\n%s", first.Findings, diff)
	}
	slices.Reverse(files)
	if diff := cmp.Diff(first, Assemble(files, LoadOptions{}), opts); diff != "" {
		t.Errorf("the order of files matters:\n%s", diff)
	}
}
