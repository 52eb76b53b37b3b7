package matcher

import (
	"slices"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/rules"
)

// Options switch optimisations off, each by itself: with any of them the same rules match the same
// events. The zero value has everything on; the others are for tests and measurements.
type Options struct {
	NoClauses  bool // evaluate the condition of every rule of the log source, not of candidates only
	NoIndex    bool // compare predicates one by one, instead of looking for all literals of a field at once
	NoMemo     bool // do not remember what is true for values
	NoSieve    bool // look for keywords in every value, without a glance at the record
	NoRequired bool // run regular expressions without looking whether the value holds their literals
}

// Stats is what an Engine was made of.
type Stats struct {
	Rules      int           // in the set
	Active     int           // tried on events
	Unmapped   []*rules.Rule // no binding for the log source: never tried
	Refused    int           // by Compile
	Fields     int           // that the rules read
	Buckets    int           // pairs of channel and event id with a program of their own, and the rest
	Programs   int           // different ones among the buckets' programs
	Predicates int           // distinct tests of a field
}

// Engine is a compiled rule set. It is immutable and safe for concurrent use.
type Engine struct {
	set    *rules.Set
	schema *event.Schema
	opts   Options
	rules  []*compiledRule // in the order of the set
	gate   gate
	stats  Stats

	size sessionSize
}

// sessionSize is what a Session has to hold: for the largest program, and of all slots something.
type sessionSize struct {
	slots, words, lates, globs, clauseWords int
	allSlots                                int
}

// Compile makes an Engine of a rule set. The errors are rules that the engine itself has to refuse, with
// the rule and its place: a construct that it does not know is never skipped. The others run.
func Compile(set *rules.Set, opts Options) (*Engine, rules.Errors) {
	e := &Engine{set: set, opts: opts, stats: Stats{Rules: len(set.Rules)}}
	var views []view
	var names []string
	for _, r := range set.Rules {
		bindings, ok := set.Bind(r.LogSource)
		if !ok {
			e.stats.Unmapped = append(e.stats.Unmapped, r)
		}
		for _, v := range viewsOf(r, bindings) {
			views = append(views, v)
			for _, s := range v.names.Detection.Searches {
				names = fieldsOf(names, s.Root)
			}
		}
	}
	e.schema = event.NewSchema(names)
	e.stats.Fields = e.schema.Len()
	t := &translator{schema: e.schema, known: map[string]*predicate{}}
	var refused rules.Errors
	var active []bound
	for _, v := range views {
		c, refusal := t.rule(v.rule, v.names)
		if refusal != nil {
			if len(refused) == 0 || refused[len(refused)-1].Rule != refusal.Rule {
				refused = append(refused, refusal)
			}
			continue
		}
		if n := len(e.rules); n == 0 || e.rules[n-1].rule != v.rule {
			e.stats.Active++
		}
		active = append(active, bind(len(e.rules), c, v.bindings))
		e.rules = append(e.rules, c)
	}
	e.stats.Refused, e.stats.Predicates = len(refused), len(t.known)
	e.makePrograms(active)
	return e, refused
}

// view is a rule for the events of some of its bindings.
type view struct {
	rule     *rules.Rule
	names    *rules.Rule // the same with the names that those events have for its fields
	bindings []rules.Binding
}

// viewsOf puts the bindings together that have the same names for the rule's fields.
func viewsOf(r *rules.Rule, bindings []rules.Binding) []view {
	var out []view
	for _, b := range bindings {
		names := b.View(r)
		if i := slices.IndexFunc(out, func(v view) bool { return v.names == names }); i >= 0 {
			out[i].bindings = append(out[i].bindings, b)
		} else {
			out = append(out, view{rule: r, names: names, bindings: []rules.Binding{b}})
		}
	}
	return out
}

func (e *Engine) makePrograms(active []bound) {
	var programs []*program
	e.gate, programs = newGate(active, e.opts)
	e.stats.Programs = len(programs)
	e.stats.Buckets = len(e.gate.other.byID) + 1
	for _, c := range e.gate.channels {
		e.stats.Buckets += len(c.byID) + 1
	}
	for _, p := range programs {
		e.size.slots = max(e.size.slots, len(p.slots))
		e.size.words = max(e.size.words, p.words)
		e.size.lates = max(e.size.lates, p.lates)
		e.size.clauseWords = max(e.size.clauseWords, len(p.base))
		e.size.allSlots += len(p.slots)
		for i := range p.slots {
			e.size.globs = max(e.size.globs, len(p.slots[i].globs))
		}
	}
}

// Schema names the fields that an event.Decoder has to take out of the records.
func (e *Engine) Schema() *event.Schema { return e.schema }

// Set is what the engine was compiled from.
func (e *Engine) Set() *rules.Set { return e.set }

// Stats says what the engine was made of. The slice in it is shared: do not change it.
func (e *Engine) Stats() Stats { return e.stats }
