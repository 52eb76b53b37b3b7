package reference

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/rules"
)

// material gives a folder of test material that is not part of the repository.
func material(t testing.TB, variable, dir string) string {
	t.Helper()
	if from := os.Getenv(variable); from != "" {
		dir = from
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v; %s says where it is", err, variable)
		}
		t.Logf("SKIPPED: %v; %s says where it is", err, variable)
		t.Skip("no test material")
	}
	return dir
}

func corpus(t testing.TB) string { return material(t, "PICKET_CORPUS", "../../../../shared/corpus") }

// sigmaHQ loads the three folders of SigmaHQ's rules.
func sigmaHQ(t testing.TB) *rules.Set {
	t.Helper()
	dir := material(t, "PICKET_SIGMA", "../../../../shared/sigma")
	set, err := rules.Load(filepath.Join(dir, "rules"), filepath.Join(dir, "rules-emerging-threats"), filepath.Join(dir, "rules-threat-hunting"))
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules) < 3752 { // two need placeholder values
		t.Fatalf("%d rules loaded, SigmaHQ has 3752", len(set.Rules))
	}
	return set
}

// lines reads a gzipped file.
func lines(t testing.TB, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		out = append(out, sc.Text())
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// byLogSource is a set's rules by the events whose gate they pass: the gate is the naive part that
// would cost most.
type byLogSource struct {
	set *rules.Set
	mu  sync.Mutex
	of  map[string][]*rules.Rule
}

func (b *byLogSource) rules(e Event) []*rules.Rule {
	key := fmt.Sprintf("%s\x00%d\x00%s", e.Channel, e.EventID, e.EventType)
	b.mu.Lock()
	defer b.mu.Unlock()
	passed, ok := b.of[key]
	if !ok {
		for _, r := range b.set.Rules {
			if len(gate(b.set, r.LogSource, e)) > 0 {
				passed = append(passed, r)
			}
		}
		b.of[key] = passed
	}
	return passed
}

// evaluate gives `index TAB rule id` for each match of the lines that take wants, sorted by line.
func evaluate(t *testing.T, set *rules.Set, records []string, take func(int) bool) (matches []string, events int) {
	t.Helper()
	gates := &byLogSource{set: set, of: map[string][]*rules.Rule{}}
	found := make([][]string, len(records))
	var next, tried atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(records) {
					return
				}
				if !take(i) {
					continue
				}
				tried.Add(1)
				e, err := Normalize([]byte(records[i]))
				if err != nil {
					continue // no event of a shape that picket reads: nothing matches it
				}
				for _, r := range gates.rules(e) {
					if Match(r, e.Fields) {
						found[i] = append(found[i], fmt.Sprintf("%d\t%s", i, r.ID))
					}
				}
				slices.Sort(found[i])
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...), int(tried.Load())
}

// TestCorpus compares the reference with the matches that an independent evaluator found in real
// events. By default it takes a part of the events with a match and a sample of the others (a process
// creation meets 1,400 rules, any other event 300 at most); with PICKET_FULL=1 all of them; under the race
// detector a sample of the smaller file, whatever is set.
func TestCorpus(t *testing.T) {
	dir := corpus(t)
	set := sigmaHQ(t)
	test := func(name string, events, matches, part int) {
		t.Run(name, func(t *testing.T) {
			records := lines(t, filepath.Join(dir, name+".jsonl.gz"))
			want := lines(t, filepath.Join(dir, name+".expected.tsv.gz"))
			if len(records) != events || len(want) != matches {
				t.Fatalf("%d events with %d matches, expected %d with %d", len(records), len(want), events, matches)
			}
			matching := map[int]bool{}
			for _, line := range want {
				matching[lineOf(t, line)] = true
			}
			take := func(i int) bool { return matching[i] && i%part == 0 || i%50 == 0 }
			switch {
			case underRace:
				take = func(i int) bool { return i%50 == 0 }
			case os.Getenv("PICKET_FULL") == "1":
				take = func(int) bool { return true }
			}
			got, tried := evaluate(t, set, records, take)
			want = slices.DeleteFunc(want, func(line string) bool { return !take(lineOf(t, line)) })
			if len(want) == 0 {
				t.Error("the sample has no match")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			t.Logf("%d of %d events, %d matches", tried, len(records), len(got))
		})
	}
	t.Run("regression", func(t *testing.T) { testRegression(t, set) })
	test("sysmon-process-creation-nxlog", 623, 213, 3)
	if underRace {
		t.Log("under the race detector: not the other 53723 events")
		return
	}
	test("sysmon-nxlog", 53723, 823, 1)
}

// lineOf is the index in a line of matches.
func lineOf(t *testing.T, match string) int {
	t.Helper()
	index, _, _ := strings.Cut(match, "\t")
	n, err := strconv.Atoi(index)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// testRegression: SigmaHQ's own events, one file for a rule, which fires on them. Five events are only
// what happened around the one that is meant, and say nothing that the rule looks for: cmd.exe and tasklist.exe before
// findstr.exe, and the Zone.Identifier streams of files that were downloaded.
func testRegression(t *testing.T, set *rules.Set) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "regression", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]*rules.Rule{}
	for _, r := range set.Rules {
		byID[r.ID] = r
	}
	around := map[string]int{"4fe074b4-b833-4081-8f24-7dcfeca72b42": 2, "8fbf3271-1ef6-4e94-8210-03c2317947f6": 3}
	events := 0
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".json")
		r := byID[id]
		if r == nil {
			t.Errorf("no rule %s", id)
			continue
		}
		missed := 0
		for _, raw := range values(t, file) {
			events++
			e, err := Normalize(raw)
			if err != nil {
				t.Errorf("%s: %v", id, err)
			} else if len(gate(set, r.LogSource, e)) == 0 || !Match(r, e.Fields) {
				missed++
			}
		}
		if missed != around[id] {
			t.Errorf("%s does not fire on %d of its events, expected %d", id, missed, around[id])
		}
	}
	if len(files) != 115 || events != 140 {
		t.Errorf("%d files with %d events, there are 115 with 140", len(files), events)
	}
}

// values reads the JSON values of a file.
func values(t *testing.T, path string) (out []json.RawMessage) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for dec := json.NewDecoder(f); ; {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, raw)
	}
}
