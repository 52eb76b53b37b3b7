package rules

import "testing"

// FuzzParse: no bytes make Parse panic or hang, and what it returns is whole.
func FuzzParse(f *testing.F) {
	f.Add([]byte("title: t\nlogsource: {product: windows}\ndetection: {s: {F|contains|all: [a, 'b*']}, condition: s}\n"))
	f.Add([]byte("\ufeff---\r\na: &a [*a]\r\n---\n<<: {a: b}\n...\n%YAML 1.1\n--- x\n"))
	f.Add([]byte("title: t\nlogsource: {service: x}\ndetection: {s: [kw, {F: [1, null, true]}], condition: [1 of s, s]}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		rs, findings := Parse("f.yml", src)
		for _, r := range rs {
			if len(r.Detection.Searches) == 0 || r.Hash == "" || r.Title == "" {
				t.Errorf("a rule that is not whole: %+v", r)
			}
			for _, s := range r.Detection.Searches {
				checkNode(t, s.Root)
			}
			Bind(r.LogSource)
		}
		_ = findings.Error()
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
