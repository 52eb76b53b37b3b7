package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// catalog finds rules and correlations of a set by what others call them.
type catalog struct {
	byID   map[string]entry // lower case
	byName map[string]entry
}

// entry is a rule, a correlation or, taking up its id only, a filter.
type entry struct {
	pos         Pos
	rule        *Rule
	correlation *Correlation
}

func newCatalog(size int) *catalog {
	return &catalog{byID: make(map[string]entry, size), byName: map[string]entry{}}
}

// add enters what has an id and a name; either may be empty. A taken name warns; a taken id refuses it, which
// is the finding that is returned.
func (c *catalog) add(e entry, id, name, title string, findings *Errors) *Error {
	taken := func(code, what, key string, first entry) *Error {
		return &Error{Pos: e.pos, Rule: cmp.Or(id, title), Code: code,
			Err: fmt.Errorf("%s %s is taken by the rule at %s", what, key, first.pos)}
	}
	if id != "" {
		key := strings.ToLower(id)
		if first, ok := c.byID[key]; ok {
			return taken(CodeDuplicateID, "id", id, first)
		}
		c.byID[key] = e
	}
	if name != "" {
		if first, ok := c.byName[name]; ok {
			*findings = append(*findings, taken(CodeDuplicateName, "name", name, first))
		} else {
			c.byName[name] = e
		}
	}
	return nil
}

// replace enters a rule for one with the same id and name.
func (c *catalog) replace(old, r *Rule) {
	e := entry{pos: r.Pos, rule: r}
	if r.ID != "" {
		c.byID[strings.ToLower(r.ID)] = e
	}
	if r.Name != "" && c.byName[r.Name].rule == old {
		c.byName[r.Name] = e
	}
}

// find resolves a reference: an id, else a name.
func (c *catalog) find(ref string) (entry, bool) {
	if e, ok := c.byID[strings.ToLower(ref)]; ok && (e.rule != nil || e.correlation != nil) {
		return e, true
	}
	e, ok := c.byName[ref]
	return e, ok
}

// suggest gives the nearest name, for a reference that leads nowhere.
func (c *catalog) suggest(ref string) string {
	names := make([]string, 0, len(c.byName))
	for n := range c.byName {
		names = append(names, n)
	}
	slices.Sort(names)
	return didYouMean(ref, names)
}

// resolve sets what the correlation's references lead to. It reports each that leads nowhere, to the
// correlation itself, or round in a circle, and gives the correlations that are whole and the others.
func (c *catalog) resolve(correlations []*Correlation, findings *Errors) (sound []*Correlation, rejected []Rejected) {
	r := resolver{catalog: c, state: map[*Correlation]resolveState{}, why: map[*Correlation]Errors{}}
	for _, x := range correlations {
		if r.visit(x) == refused {
			*findings = append(*findings, r.why[x]...)
			rejected = append(rejected, x.rejected(r.why[x]))
		} else {
			sound = append(sound, x)
		}
	}
	return sound, rejected
}

type resolveState uint8

const (
	unseen resolveState = iota
	visiting
	whole
	refused
)

type resolver struct {
	*catalog
	state map[*Correlation]resolveState
	why   map[*Correlation]Errors // of those refused
}

// visit resolves x and what it refers to.
func (r *resolver) visit(x *Correlation) resolveState {
	if s := r.state[x]; s != unseen {
		return s
	}
	r.state[x] = visiting
	out := whole
	report := func(ref Reference, format string, args ...any) {
		r.why[x] = append(r.why[x], &Error{Pos: ref.Pos, Rule: cmp.Or(x.ID, x.Title), Code: CodeReference, Err: fmt.Errorf(format, args...)})
		out = refused
	}
	for i := range x.Rules {
		ref := &x.Rules[i]
		e, ok := r.find(ref.Text)
		switch {
		case !ok:
			report(ref.Reference, "no rule has the id or name %q%s", ref.Text, r.suggest(ref.Text))
			continue
		case e.correlation == x:
			report(ref.Reference, "the correlation refers to itself")
			continue
		}
		ref.Rule, ref.Correlation = e.rule, e.correlation
		if e.correlation == nil {
			continue
		}
		switch r.visit(e.correlation) {
		case visiting:
			report(ref.Reference, "correlation %q refers back to this one: neither could be first", ref.Text)
		case refused:
			report(ref.Reference, "correlation %q is refused", ref.Text)
		}
	}
	for _, a := range x.Aliases {
		for i := range a.Fields {
			f := &a.Fields[i]
			e, ok := r.find(f.ref.Text)
			f.Rule = slices.IndexFunc(x.Rules, func(u Referenced) bool {
				return u.Text == f.ref.Text || ok && u.Rule == e.rule && u.Correlation == e.correlation
			})
			if f.Rule < 0 {
				report(f.ref, "alias %q is about %q, which is none of the correlation's rules", a.Name, f.ref.Text)
			}
		}
	}
	r.state[x] = out
	return out
}
