package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testApp is an invocation whose output is kept.
func testApp() (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &app{stdin: strings.NewReader(""), stdout: stdout, stderr: stderr}, stdout, stderr
}

// writeFile puts text into a file of the test's own.
func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestScanKeepsTheOrder: many chunks over several workers come out in the order of the file, with broken
// and blank lines counted, whatever number of workers there is.
func TestScanKeepsTheOrder(t *testing.T) {
	var text, want strings.Builder
	other := strings.Replace(goodEvent, "NetSupport Ltd", "Another "+strings.Repeat("x", 3000), 1)
	const n = 3000
	hits, bad := 0, 0
	for i := range n {
		switch {
		case i%97 == 0:
			bad++
			text.WriteString(`{"broken":` + "\n")
		case i%89 == 0:
			text.WriteString("\n")
		case i%7 == 0:
			hits++
			fmt.Fprintf(&want, "%d\t758ff488-18d5-4cbe-8ec4-02b6285a434f\n", i)
			text.WriteString(goodEvent + "\n")
		default:
			text.WriteString(other + "\n")
		}
	}
	file := writeFile(t, "events.jsonl", text.String())
	rules, err := loadRuleset(&RulesConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2, 7} {
		a, stdout, stderr := testApp()
		s := &scan{app: a, rules: rules, files: []string{file}, workers: workers, out: newScanWriter("tsv", a, false, "")}
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), stdout.String()); diff != "" {
			t.Errorf("%d workers (-want +got):\n%s", workers, diff)
		}
		if s.alerts != hits || s.undecodable != bad || s.unreadable != 0 {
			t.Errorf("%d workers: %d alerts, %d undecodable; want %d, %d", workers, s.alerts, s.undecodable, hits, bad)
		}
		if want := fmt.Sprintf("%d of 3,000 records could not be read as an event, the first at index 0: ", bad); strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr: %s", stderr)
		}
	}
}

// TestScanPanic: a record on which evaluating panics costs that record; the first stack is printed.
func TestScanPanic(t *testing.T) {
	rules, err := loadRuleset(&RulesConfig{})
	if err != nil {
		t.Fatal(err)
	}
	w := newScanWorker(rules)
	j := &scanJob{}
	w.job = j
	guarded(3, func(i int) {
		if i == 1 {
			panic("no such luck")
		}
		j.places++
	}, func(_ int, b *bug) { w.broken(b) })
	if j.places != 3 || j.bad.n != 1 || j.bad.first != 1 || j.bad.bug == nil {
		t.Errorf("job %+v", j)
	}
	a, _, stderr := testApp()
	s := &scan{app: a, progress: a.newProgress(0)}
	s.reportBug(j.bad.bug)
	s.reportBug(j.bad.bug)
	if strings.Count(stderr.String(), "please report it") != 1 || !strings.Contains(stderr.String(), "scan_test.go") {
		t.Errorf("stderr: %s", stderr)
	}
}

// failingWriter is a disk that is full.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errDiskFull }

var errDiskFull = errors.New("disk is full")

// TestScanEndsWhenNobodyReads: an output that fails ends the scan, with everything it started.
func TestScanEndsWhenNobodyReads(t *testing.T) {
	file := writeFile(t, "events.jsonl", strings.Repeat(goodEvent+"\n", 20_000))
	rules, err := loadRuleset(&RulesConfig{})
	if err != nil {
		t.Fatal(err)
	}
	a, _, _ := testApp()
	a.stdout = failingWriter{}
	s := &scan{app: a, rules: rules, files: []string{file, file}, workers: 3, out: newScanWriter("ndjson", a, false, "")}
	if err := s.run(t.Context()); !errors.Is(err, errDiskFull) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, _, _ = testApp()
	s = &scan{app: a, rules: rules, files: []string{file}, workers: 3, out: newScanWriter("ndjson", a, false, "")}
	if err := s.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

// TestTableOnATerminal: colors unless they are not wanted, lines that fit, and nothing of an event that
// could move the cursor.
func TestTableOnATerminal(t *testing.T) {
	hostile := strings.Replace(goodEvent, `"pc-1"`, `"pc\u001b[2J\u202e1"`, 1)
	file := writeFile(t, "events.jsonl", hostile+"\n")
	for name, c := range map[string]struct {
		env     []string
		noColor bool
		colors  bool
	}{
		"colors":     {[]string{"TERM=xterm"}, false, true},
		"NO_COLOR":   {[]string{"NO_COLOR=1"}, false, false},
		"empty one":  {[]string{"NO_COLOR="}, false, true},
		"--no-color": {nil, true, false},
		"dumb":       {[]string{"TERM=dumb"}, false, false},
	} {
		a, stdout, _ := testApp()
		a.stdoutTTY, a.columns, a.env, a.noColor = true, 110, c.env, c.noColor
		if err := a.scan(t.Context(), &RulesConfig{}, []string{file}, ""); err != nil {
			t.Fatal(err)
		}
		got := stdout.String()
		if strings.Contains(got, "\x1b[33m") != c.colors || strings.Contains(got, "\x1b[2J") || strings.Contains(got, "\u202e") || !strings.Contains(got, `pc\x1b[2J\u202e1`) {
			t.Errorf("%s: %q", name, got)
		}
		if !c.colors {
			for line := range strings.Lines(got) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 110 {
					t.Errorf("%s: a line of %d columns: %q", name, n, line)
				}
			}
		}
	}
}

// TestProgress: a line on a terminal, nothing elsewhere.
func TestProgress(t *testing.T) {
	a, _, stderr := testApp()
	p := a.newProgress(1000)
	p.started = p.started.Add(-5 * time.Second)
	p.show(50_000)
	a.stderrTTY, a.quiet = true, true
	p.show(50_000)
	if stderr.Len() != 0 {
		t.Errorf("not on a terminal, or quiet: %q", stderr)
	}
	a.quiet = false
	if _, err := io.Copy(io.Discard, p.reader(strings.NewReader(strings.Repeat("x", 250)))); err != nil {
		t.Fatal(err)
	}
	p.show(50_000)
	for _, part := range []string{"\r\x1b[K██████░░", " 25 %", "10,000 events/s", "15s left"} {
		if !strings.Contains(stderr.String(), part) {
			t.Errorf("%q lacks %q", stderr, part)
		}
	}
	before := stderr.Len()
	p.show(60_000) // too soon
	if stderr.Len() != before {
		t.Error("drawn again at once")
	}
	p.clear()
	p.clear()
	if !strings.HasSuffix(stderr.String(), "left\r\x1b[K") {
		t.Errorf("not cleared once: %q", stderr)
	}
}

// TestScanCorpus compares scan with an independent evaluator of SigmaHQ's rules on recorded events.
func TestScanCorpus(t *testing.T) {
	corpus, sigma := sharedFolder(t, "PICKET_CORPUS", "corpus"), sharedFolder(t, "PICKET_SIGMA", "sigma")
	rules, err := loadRuleset(&RulesConfig{
		Paths: []string{filepath.Join(sigma, "rules"), filepath.Join(sigma, "rules-emerging-threats"), filepath.Join(sigma, "rules-threat-hunting")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, alerts := range map[string]int{"sysmon-nxlog": 823, "sysmon-process-creation-nxlog": 213} {
		if raceEnabled && name == "sysmon-nxlog" {
			continue // ten times slower; the other one goes through the same code
		}
		want := unzip(t, filepath.Join(corpus, name+".expected.tsv.gz"))
		a, stdout, _ := testApp()
		s := &scan{app: a, rules: rules, files: []string{filepath.Join(corpus, name+".jsonl.gz")}, workers: 2, out: newScanWriter("tsv", a, false, "")}
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.alerts != alerts || stdout.String() != want {
			t.Errorf("%s: %d alerts, want %d\n%s", name, s.alerts, alerts, cmp.Diff(strings.Split(want, "\n"), strings.Split(stdout.String(), "\n")))
		}
	}
}

func unzip(t testing.TB, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sharedFolder finds data that is not part of the repository. Without it the test is skipped, but in CI
// it fails.
func sharedFolder(t *testing.T, variable, name string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", name)
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: %v; set %s", name, err, variable)
		}
		t.Logf("SKIPPED: %v; set %s to run this test", err, variable)
		t.Skip()
	}
	return dir
}
