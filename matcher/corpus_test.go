package matcher

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/matcher/internal/reference"
	"github.com/picketsigma/picket/rules"
)

// outside gives a folder that is not part of the repository: named by an environment variable, or where a
// checkout has it beside it.
func outside(t testing.TB, env, beside string) string {
	t.Helper()
	dir := os.Getenv(env)
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", beside)
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v; %s says where it is", err, env)
		}
		t.Logf("SKIPPED: %v; %s says where it is", err, env)
		t.Skip("no " + beside)
	}
	return dir
}

var loadSigmaHQ = sync.OnceValues(func() (*rules.Set, error) {
	var dirs []string
	for _, name := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		dirs = append(dirs, filepath.Join(sigmaDir, name))
	}
	return rules.Load(dirs...)
})

var sigmaDir string // set before loadSigmaHQ is called

// sigmaHQ gives all of SigmaHQ's rules.
func sigmaHQ(t testing.TB) *rules.Set {
	t.Helper()
	sigmaDir = outside(t, "PICKET_SIGMA", "sigma")
	set, err := loadSigmaHQ()
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules) < 3750 {
		t.Fatalf("only %d rules", len(set.Rules))
	}
	return set
}

// corpusLines gives the lines of a file of the corpus.
func corpusLines(t testing.TB, name string) [][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join(outside(t, "PICKET_CORPUS", "corpus"), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

// TestCorpus: recorded events against all of SigmaHQ, in every variant, as an independent evaluator has
// it.
func TestCorpus(t *testing.T) {
	set := sigmaHQ(t)
	for name, want := range map[string]struct{ events, matches int }{
		"sysmon-nxlog":                  {53_723, 823},
		"sysmon-process-creation-nxlog": {623, 213},
	} {
		t.Run(name, func(t *testing.T) {
			expected := strings.Split(strings.TrimSpace(string(bytes.Join(corpusLines(t, name+".expected.tsv.gz"), []byte("\n")))), "\n")
			events := corpusLines(t, name+".jsonl.gz")
			if len(events) != want.events || len(expected) != want.matches {
				t.Fatalf("%d events and %d expected matches", len(events), len(expected))
			}
			slices.Sort(expected)
			for _, l := range newLanes(t, set) {
				if l.name != "all on" && raceDetector {
					continue
				}
				var got []string
				for i, e := range events {
					for _, id := range l.tryMatch(t, e) {
						got = append(got, fmt.Sprintf("%d\t%s", i, id))
					}
				}
				slices.Sort(got)
				if diff := cmp.Diff(expected, got); diff != "" {
					t.Errorf("%s: (-expected +got)\n%s", l.name, diff)
				}
			}
		})
	}
}

// TestRegressionEvents: SigmaHQ's own test events fire their rules (where a recording has several events,
// some of them are what came before), and what else they fire is what the reference evaluator finds.
func TestRegressionEvents(t *testing.T) {
	set := sigmaHQ(t)
	files, err := filepath.Glob(filepath.Join(outside(t, "PICKET_CORPUS", "corpus"), "regression", "*.json"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if raceDetector {
		files = files[:len(files)/10]
	}
	lanes := newLanes(t, set)
	events := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		id, fired := strings.TrimSuffix(filepath.Base(f), ".json"), false
		for dec := json.NewDecoder(bytes.NewReader(src)); ; {
			var record json.RawMessage
			if err := dec.Decode(&record); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			events++
			e, err := reference.Normalize(record)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			want := reference.MatchSet(set, e)
			fired = fired || slices.Contains(want, id)
			for _, l := range lanes {
				if diff := cmp.Diff(want, l.match(t, record)); diff != "" {
					t.Errorf("%s: %s: (-reference +engine)\n%s", f, l.name, diff)
				}
			}
		}
		if !fired {
			t.Errorf("%s: no event of it fires its rule", f)
		}
	}
	if events < len(files) {
		t.Errorf("%d events of %d files", events, len(files))
	}
}

// TestCorpusAllocatesNothing: once a session has seen the events, those without a hit cost no memory. What is left is
// now and then a machine of package regexp, whose pool the collector empties.
func TestCorpusAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	l := newLane(t, "all on", sigmaHQ(t), Options{})
	var quiet [][]byte
	for range 2 {
		quiet = quiet[:0]
		for _, record := range corpusLines(t, "sysmon-nxlog.jsonl.gz") {
			if n, err := l.decoder.Decode(record, 0); err != nil || n != 1 {
				continue
			}
			if ev, err := l.decoder.Event(0); err == nil && len(l.session.Match(ev)) == 0 {
				quiet = append(quiet, record)
			}
		}
	}
	if len(quiet) < 50_000 {
		t.Fatalf("only %d events without a hit", len(quiet))
	}
	allocations := testing.AllocsPerRun(1, func() {
		for _, record := range quiet {
			if _, err := l.decoder.Decode(record, 0); err != nil {
				t.Fatal(err)
			}
			ev, err := l.decoder.Event(0)
			if err != nil {
				t.Fatal(err)
			}
			l.session.Match(ev)
		}
	})
	if allocations > float64(len(quiet))/1000 {
		t.Errorf("%v allocations for %d events", allocations, len(quiet))
	}
}
