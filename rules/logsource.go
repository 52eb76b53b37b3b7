package rules

import (
	"slices"
	"strings"
)

// Binding is one kind of event that a log source stands for. Channels, EventIDs and EventTypes are ANDed;
// an empty one does not restrict. Texts are in lower case: they compare ignoring case.
type Binding struct {
	Channels []string
	EventIDs []uint32
	// EventTypes are the values of Sysmon's EventType that id 12 is told apart by. An event without a
	// usable EventType passes by its id alone.
	EventTypes []string
	// Aliases are the fields that these events have under another name than the one rules use.
	Aliases []FieldAlias
}

// Bind gives the events that a log source stands for when no options are set. See Set.Bind.
func Bind(ls LogSource) (bindings []Binding, ok bool) { return defaultSources.bind(ls) }

// Bind gives the events that a log source stands for. An event belongs to the log source when one of
// the bindings takes it. ok is false when nothing is bound: the rule is unmapped, and no event is
// ever its own. product windows alone is every event. The result is the caller's.
func (s *Set) Bind(ls LogSource) (bindings []Binding, ok bool) {
	if s.sources == nil {
		return Bind(ls)
	}
	return s.sources.bind(ls)
}

// sources is the table of log sources under one choice of options.
type sources struct {
	products []product
	custom   []CustomBinding
}

func (t *sources) bind(ls LogSource) (bindings []Binding, ok bool) {
	if ls.Product == "" && ls.Category == "" && ls.Service == "" {
		return nil, false
	}
	for _, p := range t.products {
		bindings = append(bindings, p.bind(ls)...)
	}
	for _, c := range t.custom {
		if c.serves(ls) {
			bindings = append(bindings, c.binding())
		}
	}
	return bindings, len(bindings) > 0
}

// product is the log sources of one product. An absent product of a rule means every one of these.
type product struct {
	name       string
	events     []Binding // of the product alone; nil: not bound
	categories map[string][]Binding
	services   map[string]channels
}

func (p *product) bind(ls LogSource) []Binding {
	switch {
	case ls.Product != "" && !strings.EqualFold(ls.Product, p.name):
		return nil
	case ls.Category == "" && ls.Service == "":
		return slices.Clone(p.events)
	}
	got := []Binding{{}}
	if ls.Category != "" {
		got = intersect(got, p.categories[strings.ToLower(ls.Category)])
	}
	if ls.Service != "" {
		got = intersect(got, p.services[strings.ToLower(ls.Service)].bindings())
	}
	return got
}

// intersect gives the bindings that take what one of a and one of b both take.
func intersect(a, b []Binding) []Binding {
	var out []Binding
	for _, x := range a {
		for _, y := range b {
			channels, ok1 := narrow(x.Channels, y.Channels)
			ids, ok2 := narrow(x.EventIDs, y.EventIDs)
			types, ok3 := narrow(x.EventTypes, y.EventTypes)
			if ok1 && ok2 && ok3 {
				out = append(out, Binding{channels, ids, types, slices.Concat(x.Aliases, y.Aliases)})
			}
		}
	}
	return out
}

// narrow intersects two lists in which empty means any; ok is false when nothing is in both.
func narrow[T comparable](a, b []T) (out []T, ok bool) {
	switch {
	case len(a) == 0:
		return slices.Clone(b), true
	case len(b) == 0:
		return slices.Clone(a), true
	}
	for _, x := range a {
		if slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out, len(out) > 0
}

// channels are the event logs of a service, every event id of them.
type channels []string

func (c channels) bindings() []Binding {
	if len(c) == 0 {
		return nil
	}
	out := Binding{}
	for _, name := range c {
		out.Channels = append(out.Channels, strings.ToLower(name))
	}
	return []Binding{out}
}

// sysmon binds event ids of Sysmon.
func sysmon(ids ...uint32) []Binding { return in(sysmonLog, ids...) }

// in binds event ids of a service's channels.
func in(logs channels, ids ...uint32) []Binding {
	b := logs.bindings()
	b[0].EventIDs = ids
	return b
}

// keyEvents binds Sysmon's id 12 with the EventType that tells what happened to the key.
func keyEvents(types ...string) []Binding {
	b := sysmon(12)
	b[0].EventTypes = types
	return b
}
