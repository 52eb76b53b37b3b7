package rules

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sigmaHQ gives the three folders of SigmaHQ's rules.
func sigmaHQ(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("PICKET_SIGMA")
	if dir == "" {
		dir = "../../shared/sigma"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no SigmaHQ rules: %v; PICKET_SIGMA says where they are", err)
		}
		t.Logf("SKIPPED: no SigmaHQ rules: %v; PICKET_SIGMA says where they are", err)
		t.Skip("no SigmaHQ rules")
	}
	var out []string
	for _, name := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		out = append(out, filepath.Join(dir, name))
	}
	return out
}

// TestSigmaHQ: of 3,754 rules all load but the two with placeholders that have no values, and each
// Windows log source is bound.
func TestSigmaHQ(t *testing.T) {
	set, err := Load(sigmaHQ(t)...)
	if err != nil {
		t.Fatal(err)
	}
	type counts struct{ Loaded, Refused, Windows int }
	got, found := counts{Loaded: len(set.Rules), Refused: len(set.Rejected)}, map[string]int{}
	for _, f := range set.Findings {
		found[f.Code]++
	}
	for _, r := range set.Rules {
		if r.LogSource.Product != "windows" {
			continue
		}
		got.Windows++
		if _, ok := Bind(r.LogSource); !ok {
			t.Errorf("%s: log source %+v is not bound", r.Pos, r.LogSource)
		}
	}
	if diff := cmp.Diff(counts{Loaded: 3752, Refused: 2, Windows: 2856}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{CodePlaceholder: 2}, found); diff != "" {
		t.Errorf("findings by code:\n%s", diff)
	}
}

// BenchmarkLoadSigmaHQ reads and parses all of it once.
func BenchmarkLoadSigmaHQ(b *testing.B) {
	dirs := sigmaHQ(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(dirs...); err != nil {
			b.Fatal(err)
		}
	}
}
