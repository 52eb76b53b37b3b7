package rules

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sigmaHQDirs are the three folders of SigmaHQ's rules.
func sigmaHQDirs() []string {
	dir := os.Getenv("PICKET_SIGMA")
	if dir == "" {
		dir = "../../shared/sigma"
	}
	var out []string
	for _, name := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		out = append(out, filepath.Join(dir, name))
	}
	return out
}

// sigmaHQ gives these folders, or skips the test: loudly, and never in CI.
func sigmaHQ(t testing.TB) []string {
	t.Helper()
	dirs := sigmaHQDirs()
	if _, err := os.Stat(dirs[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no SigmaHQ rules: %v; PICKET_SIGMA says where they are", err)
		}
		t.Logf("SKIPPED: no SigmaHQ rules: %v; PICKET_SIGMA says where they are", err)
		t.Skip("no SigmaHQ rules")
	}
	return dirs
}

var loadSigmaHQ = sync.OnceValues(func() (*Set, error) { return Load(sigmaHQDirs()...) })

// sigmaHQSet gives all of SigmaHQ's rules, loaded once for all tests: a Set is immutable.
func sigmaHQSet(t testing.TB) *Set {
	t.Helper()
	sigmaHQ(t)
	set, err := loadSigmaHQ()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestSigmaHQ: of 3,754 rules all load but the two with placeholders that have no values, each Windows
// log source is bound, and what is found in them is worth reading.
func TestSigmaHQ(t *testing.T) {
	set := sigmaHQSet(t)
	type counts struct{ Files, Loaded, Refused, Windows int }
	got := counts{Files: set.Files, Loaded: len(set.Rules), Refused: len(set.Rejected)}
	for _, r := range set.Rules {
		if r.LogSource.Product != "windows" {
			continue
		}
		got.Windows++
		if _, ok := set.Bind(r.LogSource); !ok {
			t.Errorf("%s: log source %s is not bound", r.Pos, r.LogSource)
		}
	}
	if diff := cmp.Diff(counts{Files: 3754, Loaded: 3752, Refused: 2, Windows: 2856}, got); diff != "" {
		t.Error(diff)
	}
	var refused []string
	for _, r := range set.Rejected {
		refused = append(refused, filepath.Base(r.Pos.File)+": "+r.Findings[0].Err.Error())
	}
	if diff := cmp.Diff([]string{
		`win_security_adcs_certighost_cdc_chase_request.yml: placeholder "known_cdcs" has no values`,
		`win_security_adcs_certighost_cert_issued_via_chase.yml: placeholder "known_cdcs" has no values`,
	}, refused); diff != "" {
		t.Error(diff)
	}
	report := Analyze(set)
	if diff := cmp.Diff(map[State]int{StateActive: 3016, StateUnmapped: 729, StateInert: 7, StateRejected: 2}, report.Count); diff != "" {
		t.Error(diff)
	}
	found := map[string]int{}
	for _, f := range slices.Concat(set.Findings, report.Findings) {
		found[f.Code]++
	}
	want := map[string]int{CodePlaceholder: 2, CodeUnknownField: 27, CodeInert: 7, CodePlainRegex: 7, CodeWildcard: 41, CodeFilterSearch: 5}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("findings by code:\n%s", diff)
	}
}

// TestSigmaHQPlaceholders: with values the two load as well.
func TestSigmaHQPlaceholders(t *testing.T) {
	set, err := LoadOptions{Placeholders: map[string][]string{"known_cdcs": {"cdc1"}}}.Load(sigmaHQ(t)...)
	if err != nil || len(set.Rules) != 3754 {
		t.Errorf("%v, %d rules", err, len(set.Rules))
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

// BenchmarkAnalyzeSigmaHQ decides the state of all of it once.
func BenchmarkAnalyzeSigmaHQ(b *testing.B) {
	set := sigmaHQSet(b)
	b.ReportAllocs()
	for b.Loop() {
		Analyze(set)
	}
}
