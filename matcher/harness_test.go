package matcher

import (
	"fmt"
	"slices"
	"testing"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/rules"
)

// variants are the engine with each optimisation off by itself, and with none.
var variants = []struct {
	name string
	opts Options
}{
	{"all on", Options{}},
	{"no clauses", Options{NoClauses: true}},
	{"no index", Options{NoIndex: true}},
	{"no memo", Options{NoMemo: true}},
	{"no sieve", Options{NoSieve: true}},
	{"no required literals", Options{NoRequired: true}},
	{"all off", Options{NoClauses: true, NoIndex: true, NoMemo: true, NoRequired: true, NoSieve: true}},
}

// lane is one variant of an engine with what it takes to run it.
type lane struct {
	name    string
	engine  *Engine
	session *Session
	decoder *event.Decoder
}

func newLane(t testing.TB, name string, set *rules.Set, opts Options) *lane {
	t.Helper()
	e, refused := Compile(set, opts)
	if len(refused) > 0 {
		t.Fatalf("%s: %v", name, refused)
	}
	return &lane{name: name, engine: e, session: e.NewSession(), decoder: event.NewDecoder(e.Schema())}
}

func newLanes(t testing.TB, set *rules.Set) []*lane {
	t.Helper()
	var out []*lane
	for _, v := range variants {
		out = append(out, newLane(t, v.name, set, v.opts))
	}
	return out
}

// match gives the ids of the rules that a record's event meets, sorted; a rule without an id is there by
// its title. Every hit has to have the evidence it can have.
func (l *lane) match(t testing.TB, record []byte) []string {
	t.Helper()
	n, err := l.decoder.Decode(record, 0)
	if err != nil || n != 1 {
		t.Fatalf("%d events, %v: %s", n, err, record)
	}
	return l.matchDecoded(t)
}

// tryMatch is match for records that need not be events.
func (l *lane) tryMatch(t testing.TB, record []byte) []string {
	t.Helper()
	if n, err := l.decoder.Decode(record, 0); err != nil || n != 1 {
		return nil
	}
	return l.matchDecoded(t)
}

func (l *lane) matchDecoded(t testing.TB) []string {
	t.Helper()
	ev, err := l.decoder.Event(0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range l.session.Match(ev) {
		out = append(out, nameOf(h.Rule))
		for _, e := range h.Matches {
			if e.Selection == "" || e.Op == "" || e.Field != "" && e.Value != "" && e.Path == "" {
				t.Errorf("%s: %s: evidence without a place: %+v", l.name, nameOf(h.Rule), e)
			}
		}
	}
	slices.Sort(out)
	return out
}

// parseRules parses rules that have to load.
func parseRules(t testing.TB, texts ...string) *rules.Set {
	t.Helper()
	var all []*rules.Rule
	for i, text := range texts {
		rs, findings := rules.Parse(fmt.Sprintf("%d.yml", i), []byte(text))
		if len(rs) == 0 {
			t.Fatalf("%v\n%s", findings, text)
		}
		all = append(all, rs...)
	}
	return rules.NewSet(all, nil)
}
