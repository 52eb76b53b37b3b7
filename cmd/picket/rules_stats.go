package main

import (
	"cmp"
	"slices"

	"github.com/picketsigma/picket/rules"
)

// ruleStats counts the rules of a set from several sides. Its JSON form is in docs/checking-rules.md.
type ruleStats struct {
	Files int `json:"files"`
	Rules int `json:"rules"`
	stateCounts
	Filters     int          `json:"filters"`
	Deselected  int          `json:"deselected"`
	Ruleset     string       `json:"ruleset"`
	ByLevel     []statsGroup `json:"by_level"`     // most severe first
	ByStatus    []statsGroup `json:"by_status"`    // ripest first
	ByLogSource []statsGroup `json:"by_logsource"` // largest first
	ByTactic    []statsGroup `json:"by_tactic"`
	ByTechnique []statsGroup `json:"by_technique"` // in the order of ids; a rule counts for each that it names
	NotActive   []ruleEntry  `json:"not_active"`
}

// statsGroup counts the rules that have something in common.
type statsGroup struct {
	Name  string `json:"name"`
	Rules int    `json:"rules"`
	stateCounts
}

// tally makes groups: first those whose names are known before, then others as they are met.
type tally struct {
	groups []statsGroup
	at     map[string]int
}

func newTally(names ...string) *tally {
	t := &tally{at: map[string]int{}}
	for _, n := range names {
		t.group(n)
	}
	return t
}

func (t *tally) group(name string) *statsGroup {
	i, ok := t.at[name]
	if !ok {
		i = len(t.groups)
		t.at[name] = i
		t.groups = append(t.groups, statsGroup{Name: name})
	}
	return &t.groups[i]
}

func (t *tally) add(name string, state rules.State) {
	g := t.group(name)
	g.Rules++
	g.stateCounts.add(state)
}

// counted gives the groups that have a rule, never nil.
func (t *tally) counted(compare func(a, b statsGroup) int) []statsGroup {
	out := []statsGroup{}
	for _, g := range t.groups {
		if g.Rules > 0 {
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, compare)
	return out
}

// Orders of groups.
func asMet(statsGroup, statsGroup) int { return 0 }
func byName(a, b statsGroup) int       { return cmp.Compare(a.Name, b.Name) }
func largestFirst(a, b statsGroup) int { return cmp.Or(cmp.Compare(b.Rules, a.Rules), byName(a, b)) }

func newRuleStats(inv *inventory) *ruleStats {
	s := &ruleStats{
		Files: inv.set.Files, Rules: len(inv.rules), stateCounts: countStates(inv.rules), Filters: len(inv.set.Filters),
		Deselected: inv.set.Deselected, Ruleset: inv.set.Hash, NotActive: []ruleEntry{},
	}
	severe := rules.Levels()
	slices.Reverse(severe)
	levels, statuses := newTally(severe...), newTally(rules.Statuses()...)
	sources, tactics, techniques := newTally(), newTally(), newTally()
	for i := range inv.rules {
		r := &inv.rules[i]
		levels.add(cmp.Or(r.Level, none), r.State)
		statuses.add(cmp.Or(r.SigmaStatus, none), r.State)
		sources.add(cmp.Or(r.LogSource.String(), none), r.State)
		attack := rules.AttackOf(r.Tags)
		for _, t := range attack.Tactics {
			tactics.add(t.Name, r.State)
		}
		for _, t := range attack.Techniques {
			techniques.add(t, r.State)
		}
		if r.State != rules.StateActive {
			s.NotActive = append(s.NotActive, newRuleEntry(r))
		}
	}
	s.ByLevel, s.ByStatus, s.ByLogSource = levels.counted(asMet), statuses.counted(asMet), sources.counted(largestFirst)
	s.ByTactic, s.ByTechnique = tactics.counted(largestFirst), techniques.counted(byName)
	return s
}
