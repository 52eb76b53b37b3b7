package matcher

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/picketsigma/picket/matcher/internal/generate"
	"github.com/picketsigma/picket/matcher/internal/reference"
	"github.com/picketsigma/picket/rules"
)

// seed is the clock's, or PICKET_SEED's; it is printed, so that a failure can be had again.
func seed(t testing.TB) uint64 {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if s := os.Getenv("PICKET_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PICKET_SEED=%d", n)
	return n
}

// TestGenerated compares every variant with the reference evaluator on rules and events at random: sets
// of many rules that share fields and predicates, and several events for each, so that sessions remember.
func TestGenerated(t *testing.T) {
	rng := rand.New(rand.NewPCG(seed(t), 0))
	rounds := 60
	if raceDetector {
		rounds = 6
	}
	events, hits, bound := 0, 0, 0
	for range rounds {
		var texts []string
		for range 1 + rng.IntN(80) {
			texts = append(texts, generate.Rule(rng))
		}
		set := parseRules(t, texts...)
		if rng.IntN(2) == 0 {
			set = rules.Assemble([]rules.File{{Rules: set.Rules}}, rules.LoadOptions{Sources: otherNames})
			bound++
		}
		lanes := newLanes(t, set)
		for range 40 {
			record := []byte(generate.Record(rng))
			normal, err := reference.Normalize(record)
			if err != nil {
				t.Fatalf("%v: %s", err, record)
			}
			events++
			want := reference.MatchSet(set, normal)
			hits += len(want)
			compare(t, lanes, record, want)
		}
	}
	if events != 40*rounds || hits < 2*events || bound == 0 {
		t.Errorf("%d hits on %d events, %d sets with bindings of their own: too few to mean anything", hits, events, bound)
	}
}

// otherNames binds what generate makes a second time, with fields under other names: two that change
// places, one under a name with dots, and one that is there under both names.
var otherNames = rules.SourceOptions{Security4688: true, Custom: []rules.CustomBinding{
	{Product: "windows", Category: "process_creation", Service: "sysmon", Channels: []string{"Security"}, EventIDs: []uint32{4625, 4688},
		Aliases: []rules.FieldAlias{{Field: "A", Event: "B"}, {Field: "B", Event: "A"}, {Field: "CommandLine", Event: "C.B"}, {Field: "Port", Event: "EventID"}}},
	{Product: "windows", Category: "process_creation", Channels: []string{"microsoft-windows-sysmon/operational"}, EventIDs: []uint32{1},
		Aliases: []rules.FieldAlias{{Field: "Payload", Event: "CommandLine"}, {Field: "A.B", Event: "A"}}},
}}

// compare runs a record through every lane, twice: the second time from memory.
func compare(t testing.TB, lanes []*lane, record []byte, want []string) {
	t.Helper()
	for _, l := range lanes {
		for range 2 {
			got := l.match(t, record)
			if slices.Equal(got, want) {
				continue
			}
			t.Errorf("%s: got %v, want %v on %s", l.name, got, want, record)
			for _, r := range l.engine.Set().Rules {
				if slices.Contains(got, nameOf(r)) != slices.Contains(want, nameOf(r)) {
					t.Errorf("%s", r.Source)
				}
			}
			t.FailNow()
		}
	}
}

// FuzzMatch compares every variant with the reference evaluator on a rule and an event.
func FuzzMatch(f *testing.F) {
	for i := range uint64(20) {
		rng := rand.New(rand.NewPCG(i, 1))
		f.Add([]byte(generate.Rule(rng)), []byte(generate.Record(rng)))
	}
	f.Fuzz(func(t *testing.T, rule, record []byte) {
		parsed, findings := rules.Parse("fuzz.yml", rule)
		normal, err := reference.Normalize(record)
		if err != nil || len(parsed) == 0 || len(rule) > 4096 || len(record) > 4096 {
			return
		}
		set := rules.NewSet(parsed, findings)
		lanes := newLanes(t, set)
		if n, err := lanes[0].decoder.Decode(record, 0); err != nil || n != 1 {
			return // package event has its own fuzz against the reference
		}
		compare(t, lanes, record, reference.MatchSet(set, normal))
	})
}
