package generate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// ruleFields are the names that rules read.
var ruleFields = []string{
	"A", "A", "B", "B", "C", "CommandLine", "CommandLine", "Ip", "UtcTime", "Payload", "Port", "Port",
	"A.B", "A.B.C", "A.C", "DE", "Data", "md5", "imphash", "EventID", "Nowhere",
}

var logSources = []string{
	"{product: windows}", "{product: windows}", "{product: windows}",
	"{product: windows, category: process_creation}", "{category: process_creation}",
	"{product: windows, service: sysmon}", "{product: windows, service: security}",
	"{product: windows, category: registry_add}", "{product: windows, category: registry_delete}",
	"{product: windows, category: registry_event}",
}

// Rule is the YAML of a rule.
func Rule(rng *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: generated\nid: %08x-0000-4000-8000-000000000000\nlogsource: %s\ndetection:\n", rng.Uint32(), pick(rng, logSources))
	names := shuffled(rng, []string{"sel", "sel_two", "sel-3", "filter", "other", "_hidden"}, 1+rng.IntN(3))
	for _, name := range names {
		fmt.Fprintf(&b, "  %s: %s\n", name, search(rng))
	}
	fmt.Fprintf(&b, "  condition: %s\n", condition(rng, names, 2))
	return b.String()
}

// condition is an expression over the searches.
func condition(rng *rand.Rand, names []string, depth int) string {
	kind := rng.IntN(10)
	if depth == 0 {
		kind = rng.IntN(4)
	}
	switch {
	case kind < 3:
		return pick(rng, names)
	case kind < 4:
		return selector(rng, names)
	case kind < 6:
		return condition(rng, names, depth-1) + " and " + condition(rng, names, depth-1)
	case kind < 8:
		return condition(rng, names, depth-1) + " or " + condition(rng, names, depth-1)
	case kind < 9:
		return "not " + condition(rng, names, 0)
	}
	return "(" + condition(rng, names, depth-1) + ")"
}

// selector is `1 of sel*` and its like; it never selects nothing.
func selector(rng *rand.Rand, names []string) string {
	patterns := []string{pick(rng, names)}
	if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "sel") }) {
		patterns = append(patterns, "sel*", "s*l*")
	}
	if slices.Contains(names, "_hidden") {
		patterns = append(patterns, "_*")
	}
	if slices.ContainsFunc(names, func(n string) bool { return n != "_hidden" }) {
		patterns = append(patterns, "them", "*")
	}
	pattern := pick(rng, patterns)
	if pattern == "*" {
		pattern = "them"
	}
	return pick(rng, []string{"1", "1", "any", "all", "all", "2"}) + " of " + pattern
}

// search is one search in flow style: a map, a list of maps, or keywords.
func search(rng *rand.Rand) string {
	switch kind := rng.IntN(10); {
	case kind < 7:
		return itemMap(rng)
	case kind < 8:
		return "[" + itemMap(rng) + ", " + itemMap(rng) + "]"
	case kind < 9:
		return "[" + keyword(rng) + ", " + keyword(rng) + "]"
	}
	return "[" + keyword(rng) + ", " + itemMap(rng) + "]"
}

func itemMap(rng *rand.Rand) string {
	var items []string
	taken := map[string]bool{}
	for range pick(rng, []int{1, 1, 1, 2, 2, 3}) {
		if it := item(rng); !taken[it.key] {
			taken[it.key] = true
			items = append(items, it.String())
		}
	}
	return "{" + strings.Join(items, ", ") + "}"
}

func keyword(rng *rand.Rand) string {
	if chance(rng, 20) {
		return pick(rng, []string{"5", "4625", "true"})
	}
	return pattern(rng, "")
}

// entry is one item of a map.
type entry struct {
	key    string
	values []string
}

func (e entry) String() string {
	if len(e.values) == 1 {
		return quote(e.key) + ": " + e.values[0]
	}
	return quote(e.key) + ": [" + strings.Join(e.values, ", ") + "]"
}

// item draws an operator, its values, and whether `all` and `neq` act on them.
func item(rng *rand.Rand) entry {
	op := pick(rng, common)
	if chance(rng, 40) {
		op = pick(rng, special)
	}
	field := pick(rng, ruleFields)
	if op.field != "" && chance(rng, 80) {
		field = op.field
	}
	if op.keyword && chance(rng, 10) {
		field = ""
	}
	e := entry{key: field}
	if op.chain != "" {
		e.key += "|" + pick(rng, strings.Fields(op.chain))
	}
	n := 1
	if !op.single {
		n = pick(rng, []int{1, 1, 2, 2, 3})
	}
	for range n {
		e.values = append(e.values, op.value(rng, field))
	}
	if n > 1 && chance(rng, 25) {
		e.key += "|all"
	}
	if chance(rng, 8) {
		e.key += "|neq"
	}
	return e
}
