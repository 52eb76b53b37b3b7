package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// State says what becomes of a rule.
type State string

// The states of a rule.
const (
	StateActive   State = "active"
	StateUnmapped State = "unmapped" // no events are bound to its log source: loaded, never tried
	StateRejected State = "rejected" // refused; see its findings
	StateInert    State = "inert"    // no event of its log source can meet it
	// Waiting is a correlation: nothing evaluates them yet.
	StateWaiting State = "waiting"
)

// Status is a rule with its state.
type Status struct {
	State  State
	Reason string // empty when active
	Kind   Kind
	Pos    Pos
	ID     string // as far as the document could be read
	Title  string
}

// Report is what becomes of every document of a set.
type Report struct {
	Rules    []Status // by file and position; without filters that are sound and rules that were not chosen
	Findings Errors   // what the analysis adds to Set.Findings, sorted: inert rules, unknown fields
	Count    map[State]int
}

// Analyze says of each rule whether it can fire, and why not. It takes longer than loading and is meant for
// those who check rules, not for the start of a service.
//
// A rule is inert when no event of its log source can meet its condition: a required field is not in the
// manifest of any of these events, or the condition contradicts itself. Of events whose manifest is not
// known nothing is assumed, and what cannot be decided counts as able to fire.
func Analyze(s *Set) Report {
	a := analyzer{set: s, keys: itemKeys{}, envelope: fieldSet(envelopeFields), own: map[string]map[uint32]map[string]bool{}}
	for channel, events := range fieldTable {
		a.own[channel] = map[uint32]map[string]bool{}
		for id, fields := range events {
			a.own[channel][id] = fieldSet(fields)
		}
	}
	for _, r := range s.Rules {
		a.rule(r)
	}
	for _, c := range s.Correlations {
		a.add(Status{State: StateWaiting, Reason: "correlations are not evaluated yet", Kind: KindCorrelation, Pos: c.Pos, ID: c.ID, Title: c.Title})
	}
	for _, r := range s.Rejected {
		cause := r.Findings[slices.IndexFunc(r.Findings, (*Error).Refused)]
		a.add(Status{State: StateRejected, Reason: cause.Code + ": " + cause.Err.Error(), Kind: r.Kind, Pos: r.Pos, ID: r.ID, Title: r.Title})
	}
	slices.SortStableFunc(a.report.Rules, func(x, y Status) int { return comparePos(x.Pos, y.Pos) })
	a.report.Findings.sort()
	return a.report
}

func fieldSet(names string) map[string]bool {
	out := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		out[name] = true
	}
	return out
}

type analyzer struct {
	set      *Set
	keys     itemKeys
	envelope map[string]bool
	own      map[string]map[uint32]map[string]bool // fields by channel and event id
	report   Report
}

func (a *analyzer) add(s Status) {
	if a.report.Count == nil {
		a.report.Count = map[State]int{}
	}
	a.report.Rules = append(a.report.Rules, s)
	a.report.Count[s.State]++
}

// rule decides the state of one rule.
func (a *analyzer) rule(r *Rule) {
	out := Status{State: StateActive, Kind: KindRule, Pos: r.Pos, ID: r.ID, Title: r.Title}
	bindings, ok := a.set.Bind(r.LogSource)
	if !ok {
		out.State, out.Reason = StateUnmapped, "no events are bound to the log source "+r.LogSource.String()
		a.add(out)
		return
	}
	var alive []world // that can meet the rule
	why := ""
	for _, b := range bindings {
		view := b.View(r)
		for _, w := range a.worlds(b, view) {
			reason := w.inert(&view.Detection, a.keys)
			if reason == "" {
				alive = append(alive, w)
			} else if why == "" {
				why = reason
			}
		}
	}
	if len(alive) == 0 {
		out.State, out.Reason = StateInert, why
		a.report.Findings = append(a.report.Findings, &Error{Pos: r.Pos, Rule: r.label(), Code: CodeInert, Err: fmt.Errorf("the rule can never fire: %s", why)})
	}
	a.unknownFields(r, bindings)
	a.add(out)
}

// worlds gives the kinds of events of a binding, with what is known of each.
func (a *analyzer) worlds(b Binding, r *Rule) []world {
	channels := b.Channels
	if len(channels) == 0 {
		channels = []string{""}
	}
	var out []world
	for _, channel := range channels {
		known := a.own[channel]
		ids := b.EventIDs
		if len(ids) == 0 {
			ids = askedIDs(&r.Detection)
			for id, own := range known {
				if own["EventID"] && !slices.Contains(ids, id) {
					ids = append(ids, id) // an event that only seems to have the id asked for
				}
			}
		}
		for _, id := range ids {
			own := known[id]
			out = append(out, world{channel: channel, id: id, own: own, envelope: a.envelope, ids: known != nil && !own["EventID"]})
		}
		if len(b.EventIDs) == 0 {
			out = append(out, world{channel: channel, other: true, envelope: a.envelope, ids: known != nil})
		}
	}
	return out
}

// askedIDs gives the event ids that a rule mentions.
func askedIDs(d *Detection) []uint32 {
	var out []uint32
	for _, s := range d.Searches {
		s.Root.items(func(it *Item) {
			if it.Field != "EventID" {
				return
			}
			for _, v := range it.Values {
				for i := range v.Alts {
					text, _ := constantID(&v.Alts[i])
					if id, err := strconv.ParseUint(text, 10, 32); err == nil && !slices.Contains(out, uint32(id)) {
						out = append(out, uint32(id))
					}
				}
			}
		})
	}
	return out
}

// unknownFields warns about fields that no event of the log source has, when all of these are known.
func (a *analyzer) unknownFields(r *Rule, bindings []Binding) {
	union := map[string]bool{}
	for _, b := range bindings {
		view := b.View(r)
		for _, w := range a.worlds(b, view) {
			// An event that the ids of the rule rule out is none of its own.
			if w.ids && w.onlyIDs().inert(&view.Detection, a.keys) != "" {
				continue
			}
			if w.own == nil {
				return
			}
			maps.Copy(union, w.own)
			for _, alias := range b.Aliases {
				if w.own[alias.Event] {
					union[alias.Field] = true
				}
			}
		}
	}
	all := world{own: union, envelope: a.envelope}
	names := slices.Sorted(maps.Keys(union))
	warned := map[string]bool{}
	for _, s := range r.Detection.Searches[:len(r.Detection.Searches)-r.filtered()] {
		s.Root.items(func(it *Item) {
			if all.absent(it.Field) && !warned[it.Field] {
				warned[it.Field] = true
				a.report.Findings = append(a.report.Findings, &Error{Pos: it.Pos, Rule: r.label(), Code: CodeUnknownField,
					Err: fmt.Errorf("no event that the rule is about has field %q%s", it.Field, didYouMean(it.Field, names))})
			}
		})
	}
}

// onlyIDs is w with all fields but EventID unknown.
func (w *world) onlyIDs() *world {
	out := *w
	out.own = nil
	return &out
}
