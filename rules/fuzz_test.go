package rules

import (
	"slices"
	"testing"
)

// FuzzParse: no bytes make the way from a file to an analyzed set panic or hang, and what comes out is
// whole: rules, filters and correlations are sound, and whatever was refused says why.
func FuzzParse(f *testing.F) {
	const rule = "title: t\nlogsource: {product: windows, category: process_creation}\ndetection:\n  s: {Image|contains|all: [a, 'b*']}\n  condition: s\n"
	f.Add([]byte(rule))
	f.Add([]byte("\ufeff---\r\na: &a [*a]\r\n---\n<<: {a: b}\n...\n%YAML 1.1\n--- x\n"))
	f.Add([]byte("title: t\nlogsource: {service: x}\ndetection: {s: [kw, {F: [1, null, true]}], condition: [1 of s, s]}\n"))
	f.Add([]byte("title: t\nlogsource: {product: windows}\ndetection: {s: {A|re|i: 'a(b', B|cidr: 10.0.0.0/8, C|hour|gte: 5, D|fieldref: E, F|windash|base64offset|contains: -a}, condition: not s}\n"))
	f.Add([]byte("title: t\nlogsource: {product: windows}\ndetection: {s: {F|expand: '%x%%x%\\%'}, condition: s and not s}\n"))
	f.Add([]byte("action: global\nlevel: low\n---\n" + rule + "---\naction: repeat\ntitle: u\n---\naction: reset\n"))
	f.Add([]byte(rule + "name: n\n---\ntitle: f\nlogsource: {product: windows}\nfilter: {rules: [n, any], s: {F: 1}, condition: not 1 of s*}\n"))
	f.Add([]byte(rule + "name: n\n---\ntitle: c\nname: c\ncorrelation: {type: temporal, rules: [n, c], timespan: 1m, condition: n and not c, aliases: {a: {n: F}}}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file := ParseFile("f.yml", src, LoadOptions{Placeholders: map[string][]string{"x": {"1", "a*"}}})
		set := Assemble([]File{file}, LoadOptions{})
		for _, r := range set.Rules {
			if len(r.Detection.Searches) == 0 || r.Hash == "" || r.Title == "" {
				t.Errorf("a rule that is not whole: %+v", r)
			}
			for _, s := range r.Detection.Searches {
				checkNode(t, s.Root)
			}
		}
		for _, c := range set.Correlations {
			for _, r := range c.Rules {
				if (r.Rule == nil) == (r.Correlation == nil) {
					t.Errorf("%s: %q leads to %v and %v", c.Pos, r.Text, r.Rule, r.Correlation)
				}
			}
			if c.Timespan <= 0 || len(c.Rules) == 0 || (c.Condition == nil) == (len(c.Thresholds) == 0) {
				t.Errorf("a correlation that is not whole: %+v", c)
			}
		}
		for _, r := range set.Rejected {
			if !slices.ContainsFunc(r.Findings, (*Error).Refused) {
				t.Errorf("%s: refused without a reason: %v", r.Pos, r.Findings)
			}
		}
		report := Analyze(set)
		if want := len(set.Rules) + len(set.Correlations) + len(set.Rejected); len(report.Rules) != want {
			t.Errorf("%d states of %d documents", len(report.Rules), want)
		}
		_ = set.Findings.Error()
	})
}

// FuzzSettingsFiles: no bytes make the files of placeholders and log sources panic, and they give values or findings.
func FuzzSettingsFiles(f *testing.F) {
	f.Add([]byte("a: [x, 5]\n---\nb: y\n"))
	f.Add([]byte("- {product: a, channels: [b], event_ids: [1, x], fields: {c: Threat Name, d: e.f}}\n- &a [*a]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		values, findings := ParsePlaceholders("p.yml", src)
		for name, v := range values {
			if name == "" || len(v) == 0 || len(findings) > 0 {
				t.Errorf("placeholder %q: %v beside %v", name, v, findings)
			}
		}
		bindings, findings := ParseLogSources("l.yml", src)
		for _, b := range bindings {
			if b.Category+b.Product+b.Service == "" || len(b.Channels) == 0 || slices.Contains(b.Channels, "") || len(findings) > 0 {
				t.Errorf("binding %+v beside %v", b, findings)
			}
		}
		_ = Assemble(nil, LoadOptions{Sources: SourceOptions{Custom: bindings}})
	})
}

// checkNode holds a tree against what rule.go promises of it.
func checkNode(t *testing.T, n Node) {
	if n.Kind != NodeItem {
		if len(n.Children) == 0 {
			t.Error("a node without children")
		}
		for _, c := range n.Children {
			checkNode(t, c)
		}
		return
	}
	if n.Item == nil || len(n.Item.Values) == 0 {
		t.Fatal("an item without values")
	}
	for _, v := range n.Item.Values {
		if len(v.Alts) == 0 {
			t.Error("a value without operands")
		}
		for _, o := range v.Alts {
			for i := 1; i < len(o.Pattern); i++ {
				if a, b := o.Pattern[i-1], o.Pattern[i]; a.Kind == b.Kind && a.Kind != PartOne {
					t.Errorf("adjacent parts of one kind in %v", o.Pattern)
				}
			}
		}
	}
}

// FuzzCondition: no text makes the condition parser panic or hang, and indexes stay in range.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a and not (b or 1 of _*)", "2 of them", "all of a* or", "((", "a | count() > 1", "\xff", "not not a"} {
		f.Add(s)
	}
	searches := []Search{{Name: "a"}, {Name: "ab"}, {Name: "_h"}}
	f.Fuzz(func(t *testing.T, text string) {
		p := conditionParser{searches: searches, used: make([]bool, len(searches))}
		c, err := p.parse(text)
		if err != nil {
			if err.off < 0 || err.off > len(text) {
				t.Errorf("offset %d of %q", err.off, text)
			}
			return
		}
		var walk func(Cond)
		walk = func(c Cond) {
			if c.Search >= len(searches) || c.Kind == CondOf && (len(c.Of) == 0 || c.Count < 1) {
				t.Errorf("%q: %+v", text, c)
			}
			for _, a := range c.Args {
				walk(a)
			}
		}
		walk(c)
	})
}
