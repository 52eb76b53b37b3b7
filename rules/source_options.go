package rules

import (
	"maps"
	"slices"
	"strings"
)

// SourceOptions are choices about the events that log sources stand for. The zero value is the Sigma
// taxonomy for hosts with Sysmon.
type SourceOptions struct {
	// Security4688 lets process_creation take event 4688 of the Security log as well. A host that has
	// both it and Sysmon alerts twice.
	Security4688 bool
	// DefenderAntivirus binds the category antivirus to the detections of Windows Defender.
	DefenderAntivirus bool
	// Custom binds log sources that the taxonomy does not, or to events that it does not know.
	Custom []CustomBinding
}

// CustomBinding binds one log source to events, beside those that the taxonomy binds to it. It serves rules
// that name no other part of the log source than it does, and none differently; texts compare ignoring
// case. LoadLogSources reads them from a file.
type CustomBinding struct {
	Category string
	Product  string
	Service  string
	Channels []string // what the event's shape gives as its channel; empty: every one
	EventIDs []uint32 // empty: every one
	Aliases  []FieldAlias
}

// FieldAlias says that an event has the field that rules call Field under the name Event, and only there.
type FieldAlias struct{ Field, Event string }

func (o SourceOptions) isZero() bool {
	return !o.Security4688 && !o.DefenderAntivirus && len(o.Custom) == 0
}

// table is the taxonomy with the options carried out; nil without any.
func (o SourceOptions) table() *sources {
	if o.isZero() {
		return nil
	}
	t := &sources{products: slices.Clone(products)}
	for i := range t.products {
		p := &t.products[i]
		if p.name != "windows" {
			continue
		}
		p.categories = maps.Clone(p.categories)
		if o.Security4688 {
			p.categories["process_creation"] = slices.Concat(p.categories["process_creation"], []Binding{processCreation4688})
		}
		if o.DefenderAntivirus {
			p.categories["antivirus"] = []Binding{defenderAntivirus}
		}
	}
	t.custom = slices.Clone(o.Custom)
	return t
}

func (c CustomBinding) serves(ls LogSource) bool {
	same := func(rule, own string) bool { return rule == "" || strings.EqualFold(rule, own) }
	return same(ls.Category, c.Category) && same(ls.Product, c.Product) && same(ls.Service, c.Service)
}

func (c CustomBinding) binding() Binding {
	b := Binding{EventIDs: slices.Clone(c.EventIDs), Aliases: slices.Clone(c.Aliases)}
	for _, name := range c.Channels {
		b.Channels = append(b.Channels, strings.ToLower(name))
	}
	return b
}

// View gives r as it has to be evaluated on the events of the binding: with their names of fields. It is
// r itself when it reads no field that has another name there. Everything else is shared with r.
func (b Binding) View(r *Rule) *Rule {
	if len(b.Aliases) == 0 {
		return r
	}
	changed := false
	rename := func(field string) string {
		for _, a := range b.Aliases {
			if a.Field == field {
				changed = true
				return a.Event
			}
		}
		return field
	}
	searches := make([]Search, len(r.Detection.Searches))
	for i, s := range r.Detection.Searches {
		s.Root = s.Root.renamed(rename)
		searches[i] = s
	}
	if !changed {
		return r
	}
	out := *r
	out.Detection.Searches = searches
	return &out
}

// renamed is n with every field renamed. Keywords have none.
func (n Node) renamed(rename func(string) string) Node {
	n.Children = slices.Clone(n.Children)
	for i := range n.Children {
		n.Children[i] = n.Children[i].renamed(rename)
	}
	if n.Kind != NodeItem {
		return n
	}
	item := *n.Item
	if item.Field != "" {
		item.Field = rename(item.Field)
	}
	item.Values = slices.Clone(item.Values)
	for i, v := range item.Values {
		if v.Alts[0].Kind != OperandFieldRef {
			continue
		}
		item.Values[i].Alts = slices.Clone(v.Alts)
		for j := range v.Alts {
			item.Values[i].Alts[j].FieldRef = rename(v.Alts[j].FieldRef)
		}
	}
	n.Item = &item
	return n
}
