package reference

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/picketsigma/picket/matcher/internal/conformance"
	"github.com/picketsigma/picket/rules"
)

func decode(t testing.TB, raw string) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return out
}

func TestConformance(t *testing.T) {
	cases, err := conformance.Load("../../testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	checks := 0
	for _, c := range cases {
		rs, findings := rules.Parse("conformance.yml", c.Rule())
		if c.Refused {
			checks++
			if len(rs) != 0 {
				t.Errorf("%s: loaded, has to be refused", c.Name())
			}
			continue
		}
		if len(rs) != 1 {
			t.Errorf("%s: refused: %v", c.Name(), findings)
			continue
		}
		for _, e := range c.Events {
			checks++
			if got := Match(rs[0], decode(t, string(e.JSON))); got != e.Match {
				t.Errorf("%s: got %v on %s", c.Name(), got, e.JSON)
			}
		}
	}
	if len(cases) < 480 || checks < 1400 {
		t.Errorf("ran %d cases and %d checks, there are 480 and 1400 and more", len(cases), checks)
	}
}
