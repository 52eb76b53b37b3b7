package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCorrelation: what a correlation's keys become.
func TestCorrelation(t *testing.T) {
	read := func(body string) *Correlation {
		t.Helper()
		set := assemble("title: c\nid: 00000000-0000-4000-8000-00000000000C\nname: corr\nlevel: high\ntags: [attack.t1110]\ncorrelation: {" + body + "}\n---\n" +
			"title: over\nname: over\ncorrelation: {type: event_count, rules: corr, timespan: 1d, condition: {gt: 1}}\n---\n" + twoRules +
			"---\ntitle: C\nname: rule_c\nlogsource: {product: windows}\ndetection: {s: {F: 1}, condition: s}\n")
		if len(set.Correlations) != 2 {
			t.Fatalf("%s: %v", body, set.Findings)
		}
		return set.Correlations[0]
	}
	check := func(body string, want string) {
		t.Helper()
		c := read(body)
		var rules []string
		for _, r := range c.Rules {
			rules = append(rules, r.Rule.Title)
		}
		got := fmt.Sprintf("%s %v %v %v %v %v %s", c.Type, rules, c.GroupBy, c.Timespan, c.Thresholds, c.Fields, c.Percentile)
		if c.Condition != nil {
			got += fmt.Sprintf(" %+v", *c.Condition)
		}
		for _, a := range c.Aliases {
			got += " " + a.Name
			for _, f := range a.Fields {
				got += fmt.Sprintf(" %d=%s", f.Rule, f.Field)
			}
		}
		if c.Generate {
			got += " generate"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", body, diff)
		}
	}
	check("type: event_count, rules: rule_a, group-by: User, timespan: 5m, condition: {gte: 5}",
		"event_count [A] [User] 5m0s [{4 5}] [] ")
	check("type: event_count, rules: [00000000-0000-4000-8000-00000000000a, rule_c], group-by: [User, Host], timeframe: 1w, condition: {gt: 1, lte: 5.0}, generate: true",
		"event_count [A C] [User Host] 168h0m0s [{3 1} {2 5.0}] []  generate")
	check("type: value_count, rules: rule_a, timespan: 1M, condition: {neq: 2, field: [a, b]}",
		"value_count [A] [] 730h29m6s [{5 2}] [a b] ")
	check("type: value_avg, rules: rule_a, timespan: 1y, condition: {lt: -0.5, field: x}", "value_avg [A] [] 8765h49m12s [{1 -0.5}] [x] ")
	check("type: value_percentile, rules: rule_a, timespan: 2h, condition: {eq: 3, field: x, percentile: 99.9}", "value_percentile [A] [] 2h0m0s [{0 3}] [x] 99.9")
	check("type: value_median, rules: rule_a, timespan: 1s, condition: {gt: 3, field: x}", "value_median [A] [] 1s [{3 3}] [x] ")
	check("type: temporal, rules: [rule_a, rule_c], timespan: 1h, group-by: user, aliases: {user: {00000000-0000-4000-8000-00000000000A: SubjectUserName, rule_c: User}}",
		"temporal [A C] [user] 1h0m0s [{4 2}] []  user 0=SubjectUserName 1=User")
	check("type: temporal_ordered, rules: [rule_c, rule_a], timespan: 1h, condition: {gte: 2}", "temporal_ordered [C A] [] 1h0m0s [{4 2}] [] ")
	check("type: temporal, timespan: 1h, condition: rule_c and not (rule_a or rule_c)",
		"temporal [C A] [] 1h0m0s [] []  {Kind:2 Search:0 Args:[{Kind:0 Search:0 Args:[] Of:[] Count:0} {Kind:1 Search:0 Args:[{Kind:3 Search:0 Args:[{Kind:0 Search:1 Args:[] Of:[] Count:0} {Kind:0 Search:0 Args:[] Of:[] Count:0}] Of:[] Count:0}] Of:[] Count:0}] Of:[] Count:0}")
	check("type: temporal, rules: [rule_c, rule_a], timespan: 1h, condition: 1 of rule_*",
		"temporal [C A] [] 1h0m0s [] []  {Kind:4 Search:0 Args:[] Of:[0 1] Count:1}")

	c := read("type: event_count, rules: rule_a, timespan: 5m, condition: {gte: 5}")
	if c.Level != "high" || c.Timespan != 5*time.Minute || len(c.Tags) != 1 || c.Hash == "" {
		t.Errorf("%+v", c)
	}
}
