package rules

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestRejected: what is known of a refused document, whichever way it was refused.
func TestRejected(t *testing.T) {
	type row struct {
		Kind              Kind
		Line              int
		ID, Title, Level  string
		Codes, LogSources string
	}
	check := func(src string, want ...row) {
		t.Helper()
		var got []row
		for _, r := range assemble(src).Rejected {
			x := row{Kind: r.Kind, Line: r.Pos.Line, ID: r.ID, Title: r.Title, Level: r.Level, LogSources: r.LogSource.Product}
			for _, f := range r.Findings {
				x.Codes += f.Code + " "
			}
			got = append(got, x)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", src, diff)
		}
	}
	sound := "title: a\nid: 00000000-0000-4000-8000-00000000000A\nlevel: low\nstatus: test\nlogsource: {product: windows}\ndetection: {s: {F: 1}, condition: s}\n"
	check(sound)
	check("title: a\nlevel: hihg\nlogsource: {product: linux}\ndetection: {s: {F|startwith: 1}, condition: t}\n",
		row{KindRule, 1, "", "a", "hihg", "W013 W001 E014 E019 ", "linux"})
	check(sound+"---\n"+sound, row{KindRule, 8, "00000000-0000-4000-8000-00000000000A", "a", "low", "E011 ", "windows"})
	check("a: [\n---\n"+sound, row{Line: 1, Codes: "E001 "})
	check("- x\n", row{Kind: KindRule, Line: 1, Codes: "E004 "})
	check("\xff", row{Codes: "E001 "})
	check("title: t\naction: globl\n", row{Kind: KindRule, Line: 1, Codes: "E026 "})
	check("title: f\nlogsource: {product: windows}\nfilter: {rules: any, condition: [s], s: {F: 1}}\n",
		row{KindFilter, 1, "", "f", "", "E027 ", "windows"})
	check("title: c\nlevel: high\ncorrelation: {type: event_count, rules: nobody, timespan: 1d, condition: {gt: 1}}\n---\n"+
		"title: d\ncorrelation: {type: event_counts}\n",
		row{KindCorrelation, 1, "", "c", "high", "E029 ", ""},
		row{KindCorrelation, 5, "", "d", "", "W013 E028 ", ""})
}

// TestEachRefusalRejects: in every golden, each finding that refuses belongs to one rejected document, which is
// in no other list.
func TestEachRefusalRejects(t *testing.T) {
	goldens, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(goldens) < 40 {
		t.Fatalf("%d goldens, %v", len(goldens), err)
	}
	for _, golden := range goldens {
		ar, err := txtar.ParseFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		var files []File
		for _, f := range ar.Files {
			if f.Name != "findings" {
				files = append(files, ParseFile(f.Name, f.Data, LoadOptions{}))
			}
		}
		set := Assemble(files, LoadOptions{})
		belongs := map[*Error]int{}
		at := map[Pos]bool{}
		for _, r := range set.Rejected {
			at[r.Pos] = true
			for _, f := range r.Findings {
				belongs[f]++
			}
		}
		if len(at) != len(set.Rejected) {
			t.Errorf("%s: %d documents at %d places", golden, len(set.Rejected), len(at))
		}
		for _, f := range set.Findings {
			if f.Refused() && belongs[f] != 1 {
				t.Errorf("%s: %v belongs to %d rejected documents", golden, f, belongs[f])
			}
		}
		for _, r := range set.Rules {
			if at[r.Pos] {
				t.Errorf("%s: the rule at %s is loaded and rejected", golden, r.Pos)
			}
		}
	}
}
