package event

import (
	"fmt"
	"strings"
	"testing"
)

// TestHugeRecords reads records made to cost more than they should. What is quadratic in one of them does
// not end within the test's time.
func TestHugeRecords(t *testing.T) {
	const mib = 1 << 20
	p := newPair([]string{"F", "F.G", "F.G.H", "A", "Data", "param1", "ThreatName"})
	check := func(name, record string, kind Kind, field string) {
		t.Helper()
		e := p.check(t, []byte(record), false)
		if e == nil {
			t.Errorf("%s: no event", name)
			return
		}
		f, _ := p.schema.Field(field)
		if e.Values[f].Kind != kind {
			t.Errorf("%s: %s is of kind %d, want %d", name, field, e.Values[f].Kind, kind)
		}
		leaves := e.AppendLeaves(nil)
		if len(leaves) == 0 || e.LeafPath(leaves[len(leaves)-1]) == "" {
			t.Errorf("%s: %d leaves", name, len(leaves))
		}
	}
	flat := func(members string) string { return `{"EventID":1,` + members + `}` }
	deep := func(inner string) string {
		return strings.Repeat("[", 9_000) + inner + strings.Repeat("]", 9_000)
	}
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	check("one string", flat(`"F":"`+strings.Repeat("x", 10*mib)+`"`), String, "F")
	check("escapes", flat(`"F":"`+strings.Repeat(`\\`, 5*mib)+`"`), String, "F")
	check("open brackets in a string", flat(`"F":"`+strings.Repeat(`[{`, mib)+`"`), String, "F")
	check("deep", flat(`"F":`+deep(many(mib/32, `{"G":%d}`))), Array, "F.G")
	check("deep objects", flat(`"F":`+strings.Repeat(`{"G":`, 9_000)+"1"+strings.Repeat("}", 9_000)), Missing, "A")
	check("many elements", flat(`"F":[`+many(mib/16, `{"G":{"H":%d}}`)+`]`), Array, "F.G.H")
	check("many keys", flat(many(mib/32, `"k%d":1`)), Missing, "F")
	check("many of one key", flat(many(mib/16, `"A":%d`)), Number, "A")
	check("many of one spaced key", flat(many(mib/16, `"Threat Name":%d`)), Number, "ThreatName")
	check("many of one object", `{`+many(mib/32, `"winlog":{"event_id":%d,"event_data":{"A":1,"A":2}}`)+`}`, Number, "A")
	check("white space", flat(strings.Repeat(" ", mib)+`"A":`+strings.Repeat("\n", mib)+`1`), Number, "A")
}
