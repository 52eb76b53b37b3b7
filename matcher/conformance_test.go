package matcher

import (
	"encoding/json"
	"testing"

	"github.com/picketsigma/picket/matcher/internal/conformance"
	"github.com/picketsigma/picket/matcher/internal/reference"
	"github.com/picketsigma/picket/rules"
)

// nxlog makes the record of a case's event: the fields, with what tells that it is an event.
func nxlog(t testing.TB, fields []byte) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(fields, &members); err != nil {
		t.Fatal(err)
	}
	members["Channel"] = json.RawMessage(`"\u0444"`)
	if members["EventID"] == nil {
		members["EventID"] = json.RawMessage(`0`)
	}
	record, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// TestConformance runs each case by itself, in every variant.
func TestConformance(t *testing.T) {
	cases, err := conformance.Load("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	checks, enveloped := 0, 0
	for _, c := range cases {
		if c.Refused {
			continue
		}
		rs, findings := rules.Parse("conformance.yml", c.Rule())
		if len(rs) != 1 {
			t.Errorf("%s: refused: %v", c.Name(), findings)
			continue
		}
		lanes := newLanes(t, rules.NewSet(rs, nil))
		for _, e := range c.Events {
			record := nxlog(t, e.JSON)
			normal, err := reference.Normalize(record)
			if err != nil {
				t.Fatal(err)
			}
			want := reference.Match(rs[0], normal.Fields)
			if want != e.Match {
				enveloped++
			}
			for _, l := range lanes {
				checks++
				if got := len(l.match(t, record)) == 1; got != want {
					t.Errorf("%s: %s: got %v on %s", c.Name(), l.name, got, e.JSON)
				}
			}
		}
	}
	if len(cases) < 400 || checks < 5000 {
		t.Errorf("ran %d cases and %d checks, there are 400 and 5,000", len(cases), checks)
	}
	// [''] is found in the channel too, which the events of the suite do not have.
	if enveloped > 4 {
		t.Errorf("on %d events the channel decides: give it another name", enveloped)
	}
}
