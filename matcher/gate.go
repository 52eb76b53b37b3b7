package matcher

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/picketsigma/picket/rules"
)

// gate finds the program for an event by its channel and id: the first thing the engine does, so that
// a rule is never tried on an event of another source (sigma-specification, "Log Sources"). Immutable.
type gate struct {
	channels map[string]*channelGate // by folded name
	other    channelGate             // of every channel that no rule names
}

// channelGate is the programs of one channel.
type channelGate struct {
	byID  map[uint32]*program // for the ids that rules name
	other *program            // for every other id
}

func (c *channelGate) program(id uint32) *program {
	if p := c.byID[id]; p != nil {
		return p
	}
	return c.other
}

// bound is a rule with the events it is meant for.
type bound struct {
	n        int
	rule     *compiledRule
	bindings []rules.Binding // texts folded
}

// bind folds the texts of the bindings, as an event's are.
func bind(n int, rule *compiledRule, bindings []rules.Binding) bound {
	for i := range bindings {
		for j, c := range bindings[i].Channels {
			bindings[i].Channels[j] = fold(c)
		}
		for j, t := range bindings[i].EventTypes {
			bindings[i].EventTypes[j] = fold(t)
		}
	}
	return bound{n: n, rule: rule, bindings: bindings}
}

// newGate makes the buckets: one for each pair of channel and id that the bindings name, one per channel
// for other ids, and the same for all other channels. Buckets with the same rules share a program.
func newGate(rs []bound, opts Options) (gate, []*program) {
	m := gateMaker{rules: rs, opts: opts, made: map[string]*program{}}
	g := gate{channels: map[string]*channelGate{}}
	names := map[string]bool{}
	for _, r := range rs {
		for _, b := range r.bindings {
			for _, c := range b.Channels {
				names[c] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c := m.channel(name)
		g.channels[name] = &c
	}
	g.other = m.channel("")
	return g, m.programs
}

type gateMaker struct {
	rules    []bound
	opts     Options
	made     map[string]*program // by their rules
	programs []*program
	slots    int // of all programs so far
}

// channel makes the programs of a channel; "" stands for those that no rule names.
func (m *gateMaker) channel(name string) channelGate {
	var here []bound
	ids := map[uint32]bool{}
	for _, r := range m.rules {
		var bs []rules.Binding
		for _, b := range r.bindings {
			if len(b.Channels) == 0 || slices.Contains(b.Channels, name) {
				bs = append(bs, b)
				for _, id := range b.EventIDs {
					ids[id] = true
				}
			}
		}
		if len(bs) > 0 {
			here = append(here, bound{n: r.n, rule: r.rule, bindings: bs})
		}
	}
	c := channelGate{byID: make(map[uint32]*program, len(ids))}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		c.byID[id] = m.program(here, func(b rules.Binding) bool {
			return len(b.EventIDs) == 0 || slices.Contains(b.EventIDs, id)
		})
	}
	c.other = m.program(here, func(b rules.Binding) bool { return len(b.EventIDs) == 0 })
	return c
}

// program compiles the rules of which a binding passes.
func (m *gateMaker) program(here []bound, passes func(rules.Binding) bool) *program {
	var members []member
	for _, r := range here {
		types, any, in := []string{}, false, false
		for _, b := range r.bindings {
			if passes(b) {
				in = true
				any = any || len(b.EventTypes) == 0
				types = append(types, b.EventTypes...)
			}
		}
		if !in {
			continue
		}
		if any {
			types = nil
		}
		slices.Sort(types)
		members = append(members, member{n: r.n, rule: r.rule, types: slices.Compact(types)})
	}
	name := memberKey(members)
	if p := m.made[name]; p != nil {
		return p
	}
	p := newProgram(members, m.slots, m.opts)
	m.slots += len(p.slots)
	m.made[name] = p
	m.programs = append(m.programs, p)
	return p
}

// memberKey is equal for the same rules under the same conditions.
func memberKey(ms []member) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%d %q;", m.n, m.types)
	}
	return b.String()
}
