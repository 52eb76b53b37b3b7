package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// Filter is a Sigma filter (sigma-specification 2.1.0, "Filters"): a condition that is ANDed to the
// conditions of rules which somebody else maintains. A Set applies it; see Rule.Filters.
type Filter struct {
	Pos         Pos
	ID          string
	Title       string
	Name        string
	Description string
	LogSource   LogSource // each part that it names has to be the rule's
	Any         bool      // it is for every rule of the log source, Rules is empty
	Rules       []Reference
	Detection   Detection // searches and condition of the filter alone: a namespace of its own
	Hash        string    // as Rule.Hash
	Source      string
}

// Reference names a rule by its id, ignoring case, or by its name.
type Reference struct {
	Pos  Pos
	Text string
}

// filter reads a filter; nil when it is refused.
func (d *document) filter(m mapping, p pair) *Filter {
	d.metadata(m)
	d.logSource(m)
	if p.value.Kind != yaml.MappingNode {
		d.report(d.pos(p.value), CodeWrongType, "filter has to be a map")
		return nil
	}
	f := &Filter{}
	body := newMapping(p.value)
	d.filterRules(f, p, body)
	c, ok := body.find("condition")
	if ok && c.value.Kind == yaml.SequenceNode {
		d.report(d.pos(c.value), CodeFilter, "a filter has one condition, not a list")
		return nil
	}
	d.searches(p, slices.DeleteFunc(body.pairs, func(e pair) bool { return e.key.Value == "rules" }))
	if d.refused() {
		return nil
	}
	if !negates(d.rule.Detection.Condition) {
		d.report(d.pos(c.value), CodeFilterKeeps, "the filter has no `not`: rules keep only the events that it selects")
	}
	r := &d.rule
	f.Pos, f.ID, f.Title, f.Name, f.Description = r.Pos, r.ID, r.Title, r.Name, r.Description
	f.LogSource, f.Detection = r.LogSource, r.Detection
	f.Hash, f.Source = d.hash(d.chunk.text), d.chunk.text
	return f
}

// filterRules reads which rules a filter is for.
func (d *document) filterRules(f *Filter, p pair, body mapping) {
	e, ok := body.find("rules")
	switch {
	case !ok:
		d.report(d.pos(p.key), CodeFilter, "the filter does not say for which rules it is: ids, names, or any")
	case e.value.Kind == yaml.ScalarNode && e.value.Value == "any", e.value.Kind == yaml.SequenceNode && len(e.value.Content) == 0:
		f.Any = true
	default:
		f.Rules = d.references(e.value, CodeFilter)
	}
}

// references reads a reference or a list of them.
func (d *document) references(n *yaml.Node, code string) []Reference {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	var out []Reference
	for _, v := range nodes {
		if v.Kind != yaml.ScalarNode || scalarType(v) == typeNull || v.Value == "" {
			d.report(d.pos(v), code, "a reference to a rule is its id or its name")
			continue
		}
		out = append(out, Reference{Pos: d.pos(v), Text: v.Value})
	}
	return out
}

// negates reports whether a condition has a `not` anywhere.
func negates(c Cond) bool { return c.Kind == CondNot || slices.ContainsFunc(c.Args, negates) }

// covers reports whether a rule's log source is one that the filter is for.
func (f *Filter) covers(ls LogSource) bool {
	same := func(filter, rule string) bool { return filter == "" || filter == rule }
	return same(f.LogSource.Category, ls.Category) && same(f.LogSource.Product, ls.Product) && same(f.LogSource.Service, ls.Service)
}

// targets gives the rules that the filter applies to, and warns about references that lead nowhere: filters
// are written for sets of rules that change.
func (f *Filter) targets(all []*Rule, c *catalog, findings *Errors) []*Rule {
	var out []*Rule
	if f.Any {
		for _, r := range all {
			if f.covers(r.LogSource) {
				out = append(out, r)
			}
		}
		return out
	}
	warn := func(ref Reference, format string, args ...any) {
		*findings = append(*findings, &Error{Pos: ref.Pos, Rule: cmp.Or(f.ID, f.Title), Code: CodeFilterTarget, Err: fmt.Errorf(format, args...)})
	}
	for _, ref := range f.Rules {
		switch e, ok := c.find(ref.Text); {
		case !ok:
			warn(ref, "no rule has the id or name %q%s", ref.Text, c.suggest(ref.Text))
		case e.rule == nil:
			warn(ref, "%q is a correlation: filters apply to detection rules", ref.Text)
		case !f.covers(e.rule.LogSource):
			warn(ref, "rule %q has another log source than the filter, which does not apply to it", ref.Text)
		case !slices.Contains(out, e.rule):
			out = append(out, e.rule)
		}
	}
	return out
}

// apply gives r with the filter as part of its condition. r is not changed.
func (f *Filter) apply(r *Rule) *Rule {
	out := *r
	shift := len(r.Detection.Searches)
	out.Detection.Searches = slices.Clone(r.Detection.Searches)
	for _, s := range f.Detection.Searches {
		s.Name = f.label() + "/" + s.Name // `/` is in no name that a condition could speak of
		out.Detection.Searches = append(out.Detection.Searches, s)
	}
	out.Detection.Condition = Cond{Kind: CondAnd, Args: []Cond{r.Detection.Condition, shifted(f.Detection.Condition, shift)}}
	out.Detection.ConditionText = "(" + r.Detection.ConditionText + ") and (" + f.Detection.ConditionText + ")"
	out.Filters = append(slices.Clone(r.Filters), f)
	out.Hash = hashText(r.Hash + "\n" + f.Hash)
	return &out
}

// label tells the filter from others in evidence.
func (f *Filter) label() string { return cmp.Or(f.Name, f.ID, f.Title) }

// shifted is c with every index of a search moved.
func shifted(c Cond, by int) Cond {
	c.Search += by
	if c.Kind != CondSearch {
		c.Search = 0
	}
	c.Of = slices.Clone(c.Of)
	for i := range c.Of {
		c.Of[i] += by
	}
	c.Args = slices.Clone(c.Args)
	for i := range c.Args {
		c.Args[i] = shifted(c.Args[i], by)
	}
	return c
}

// hashText is the form that all hashes of rules have.
func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}
