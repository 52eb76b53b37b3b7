package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAction: what the legacy key action makes of the documents of a file.
func TestAction(t *testing.T) {
	check := func(name, text, want string) {
		t.Helper()
		f := ParseFile("r.yml", []byte(text), LoadOptions{})
		var got []string
		for _, r := range f.Rules {
			var searches []string
			for _, s := range r.Detection.Searches {
				searches = append(searches, s.Name+"="+showOperand(s.Root.Children[0].Item.Values[0].Alts[0]))
			}
			got = append(got, r.Pos.String()+" "+r.Title+" "+r.LogSource.Service+" "+strings.Join(searches, ","))
		}
		for _, e := range f.Findings {
			if e.Code != CodeNoLevel { // none of these rules has one
				got = append(got, e.Error())
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	const rule = "title: a\nlogsource: {service: system}\ndetection: {s: {F: x}, condition: s}\n"
	check("a template gives what rules lack, and wins",
		"action: global\ntitle: g\ndetection: {condition: s}\n---\ntitle: a\nlogsource: {service: one}\ndetection: {s: {F: x}}\n---\nlogsource: {service: two}\ndetection: {s: {F: y}, condition: t}\n",
		"r.yml:5:1 g one s=<x>\nr.yml:9:1 g two s=<y>")
	check("maps merge, lists are replaced",
		"action: global\ndetection: {s: {F: [x]}}\n---\ntitle: a\nlogsource: {service: one}\ndetection: {s: {F: [y, z]}, condition: s}\n",
		"r.yml:4:1 a one s=<x>")
	check("reset", "action: global\ntitle: g\n---\naction: reset\n---\n"+rule, "r.yml:6:1 a system s=<x>")
	check("repeat",
		rule+"---\naction: repeat\ntitle: b\ndetection: {s: {F: y}}\n---\naction: repeat\nlogsource: {service: security}\n",
		"r.yml:1:1 a system s=<x>\nr.yml:5:1 b system s=<y>\nr.yml:9:1 b security s=<y>")
	check("repeat keeps the template", "action: global\ntitle: g\n---\n"+rule+"---\naction: repeat\ntitle: b\n",
		"r.yml:4:1 g system s=<x>\nr.yml:8:1 b system s=<x>")
	check("a repeated rule may have been refused", "title: a\ndetection: {s: {F: x}, condition: s}\n---\naction: repeat\nlogsource: {service: one}\n",
		"r.yml:4:1 a one s=<x>\nr.yml:1:1: E008: logsource is missing")
	check("a template is no rule", "action: global\n"+rule, "")
	check("findings in a template have its place", "action: global\ndetection: {s: {F|x: 1}}\n---\n"+rule,
		`r.yml:2:17: E014: unknown modifier "x"`)
}

// TestActionIsBounded: a large template does not multiply without end.
func TestActionIsBounded(t *testing.T) {
	const rule = "---\ntitle: a\nlogsource: {service: system}\ndetection: {s: {F: x}, condition: s}\n"
	f := ParseFile("r.yml", []byte("action: global\nx: "+strings.Repeat("x", 3<<20)+"\n"+strings.Repeat(rule, 30)), LoadOptions{})
	refused := 0
	for _, e := range f.Findings {
		if e.Code == CodeLimit {
			refused++
		}
	}
	if len(f.Rules) < 10 || refused != 30-len(f.Rules) {
		t.Errorf("%d rules, %d refused", len(f.Rules), refused)
	}
}

// TestActionHash: a rule that is made of several documents changes with each of them.
func TestActionHash(t *testing.T) {
	hash := func(text string) string {
		f := ParseFile("r.yml", []byte(text), LoadOptions{})
		if len(f.Rules) != 1 {
			t.Fatal(f.Findings)
		}
		return f.Rules[0].Hash
	}
	const rule = "---\ntitle: a\nlogsource: {service: system}\ndetection: {s: {F: x}, condition: s}\n"
	if hash("action: global\nlevel: low\n"+rule) == hash("action: global\nlevel: high\n"+rule) {
		t.Error("the hash does not depend on the template")
	}
}

// TestPlaceholderHash: a rule changes with the values of its placeholders, and of no others.
func TestPlaceholderHash(t *testing.T) {
	hash := func(item string, values map[string][]string) string {
		f := ParseFile("r.yml", []byte("title: a\nlogsource: {service: system}\ndetection: {s: {"+item+"}, condition: s}\n"), LoadOptions{Placeholders: values})
		if len(f.Rules) != 1 {
			t.Fatal(f.Findings)
		}
		return f.Rules[0].Hash
	}
	one, two := map[string][]string{"x": {"a"}, "y": {"b"}}, map[string][]string{"x": {"a"}, "y": {"b", "c"}}
	if hash("F|expand: '%y%'", one) == hash("F|expand: '%y%'", two) {
		t.Error("the hash does not depend on the placeholder")
	}
	if hash("F|expand: '%x%'", one) != hash("F|expand: '%x%'", two) || hash("F: '%y%'", one) != hash("F: '%y%'", nil) {
		t.Error("the hash depends on a placeholder that the rule does not have")
	}
}

func TestStatuses(t *testing.T) {
	check := func(status string, rules, deselected int, codes string, selected ...string) {
		t.Helper()
		f := ParseFile("r.yml", []byte("title: a\nstatus: "+status+"\nlogsource: {service: system}\ndetection: {s: {F: x}, condition: s}\n"), LoadOptions{Statuses: selected})
		if len(f.Rules) != rules || f.Deselected != deselected || !strings.Contains(f.Findings.Error(), codes) {
			t.Errorf("%q of %q: %d rules, %d deselected, %v", status, selected, len(f.Rules), f.Deselected, f.Findings)
		}
	}
	check("experimental", 1, 0, "")
	check("unsupported", 0, 0, CodeUnsupported)
	check("unsupported", 1, 0, "", "unsupported")
	check("unsupported", 0, 1, "", "stable")
	check("experimental", 0, 1, "", "stable", "test")
	check("test", 1, 0, "", "stable", "test")
	check("''", 1, 0, "", "stable")
	check("tset", 1, 0, CodeUnknownStatus, "stable")
}

func TestPlaceholders(t *testing.T) {
	check := func(text string, want map[string][]string, findings string) {
		t.Helper()
		got, es := ParsePlaceholders("p.yml", []byte(text))
		if diff := cmp.Diff(want, got); diff != "" || es.Error() != findings {
			t.Errorf("%q: %v\n%s", text, es, diff)
		}
	}
	check("servers: [a*, 5, 'b\\*']\none: x\n", map[string][]string{"servers": {"a*", "5", `b\*`}, "one": {"x"}}, "")
	check("", nil, "")
	check("- a\n", nil, "p.yml:1:1: E004: placeholders are a map from names to lists of values, this is not")
	check("a b: x\nc: []\nd: [x, null, [y]]\n", nil, "p.yml:1:1: E025: the name \"a b\" of a placeholder has to be letters, digits and _\n"+
		"p.yml:2:4: E025: a placeholder needs a value or a list of values\n"+
		"p.yml:3:8: E025: a placeholder needs a value or a list of values\n"+
		"p.yml:3:14: E025: a placeholder needs a value or a list of values")
	check("a: x\na: y\n", nil, `p.yml:2:1: E003: key "a" is there twice`)
	check("a: [\n", nil, "p.yml:1:1: E001: did not find expected node content")
	if _, err := LoadPlaceholders("testdata/absent.yml"); err == nil || !strings.Contains(err.Error(), "load placeholders") {
		t.Errorf("a file that does not exist: %v", err)
	}
}
