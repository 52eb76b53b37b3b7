package console

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// filledMetrics has at least one series of every metric.
func filledMetrics() *Metrics {
	m := NewMetrics("v1.2.3", "go1.26")
	m.SetRuleset(Ruleset{Hash: "sha256:aa", Active: 3, Rejected: 2, Unmapped: 1})
	m.ReloadFailed()
	m.Observe(func() Group {
		return Group{Rebalances: 2, CommitErrors: 1, InFlight: 40, Partitions: []Partition{
			{Topic: "sysmon", Partition: 0, LagRecords: 12, LagSeconds: 1.5},
			{Topic: "sysmon", Partition: 7},
		}}
	}, func() map[string]uint64 { return map[string]uint64{"NOT_LEADER_OR_FOLLOWER": 3} })
	m.Add(filledTally())
	return m
}

func filledTally() *Tally {
	t := &Tally{Topic: "sysmon", Partition: 7, Records: 5, Bytes: 5000, Repaired: 1, Panics: 1, Truncated: 1, Candidates: 9, Match: 3 * time.Millisecond}
	t.Event("nxlog")
	t.Event("nxlog")
	t.Event("winlogbeat")
	t.Unroutable("not_json")
	t.DeadLetter("decode")
	t.Skipped("shape")
	t.Alert("758ff488", "medium", 400*time.Millisecond)
	t.Alert("758ff488", "medium", 2*time.Second)
	t.Alert("other-rule", "high", time.Second)
	return t
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// own keeps what picket itself exports: not the Go runtime's and the process's metrics, whose names
// change with the toolchain.
func own(exposition string) string {
	var out []string
	for line := range strings.Lines(exposition) {
		if strings.HasPrefix(line, "picket_") || strings.Contains(line, " picket_") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func TestMetricsGolden(t *testing.T) {
	code, body := get(t, New(Config{Metrics: filledMetrics()}).Handler(), "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	if !strings.Contains(body, "go_goroutines") {
		t.Error("the Go runtime's metrics are missing")
	}
	golden(t, "metrics.txt", own(body))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", file, diff)
	}
}

// TestMetricsContract holds the names and labels that contracts promise, apart from the golden file,
// so that -update cannot drop one.
func TestMetricsContract(t *testing.T) {
	_, body := get(t, New(Config{Metrics: filledMetrics()}).Handler(), "/metrics")
	for _, want := range []string{
		`picket_build_info{goversion="go1.26",version="v1.2.3"} 1`,
		`picket_records_consumed_total{partition="7",topic="sysmon"} 5`,
		`picket_record_bytes_total{topic="sysmon"} 5000`,
		`picket_consumer_lag_records{partition="0",topic="sysmon"} 12`,
		`picket_consumer_lag_seconds{partition="0",topic="sysmon"} 1.5`,
		`picket_events_total{shape="nxlog"} 2`,
		`picket_events_unroutable_total{reason="not_json"} 1`,
		`picket_match_duration_seconds_count 1`,
		`picket_event_to_alert_seconds_count 3`,
		`picket_alerts_total{level="medium",rule_id="758ff488"} 2`,
		`picket_rule_candidates_total 9`,
		`picket_rules{state="active"} 3`,
		`picket_rules{state="rejected"} 2`,
		`picket_ruleset_info{hash="sha256:aa"} 1`,
		`picket_rules_reloads_total{result="success"} 1`,
		`picket_dead_letters_total{stage="decode"} 1`,
		`picket_produce_errors_total{code="NOT_LEADER_OR_FOLLOWER"} 3`,
		`picket_commit_errors_total 1`,
		`picket_rebalances_total 2`,
		`picket_assigned_partitions 2`,
		`picket_in_flight_records 40`,
	} {
		if !slices.Contains(strings.Split(body, "\n"), want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestMetricsBounded(t *testing.T) {
	m := NewMetrics("", "")
	var tally Tally
	for i := range maxRules + 500 {
		tally.Reset()
		tally.Alert(fmt.Sprint("rule-", i), "low", 0)
		m.Add(&tally)
	}
	_, body := get(t, New(Config{Metrics: m}).Handler(), "/metrics")
	if n := strings.Count(body, "\npicket_alerts_total{"); n != maxRules+1 {
		t.Errorf("%d series of alerts_total, want %d and one for the rest", n, maxRules)
	}
	if !strings.Contains(body, `picket_alerts_total{level="low",rule_id="other"} 500`) {
		t.Error("alerts beyond the cap are not counted under rule_id other")
	}
}

func TestRulesetReplaced(t *testing.T) {
	m := NewMetrics("", "")
	m.SetRuleset(Ruleset{Hash: "old"})
	m.SetRuleset(Ruleset{Hash: "new"})
	_, body := get(t, New(Config{Metrics: m}).Handler(), "/metrics")
	if strings.Contains(body, `hash="old"`) || !strings.Contains(body, `hash="new"`) {
		t.Errorf("ruleset_info shows the wrong set:\n%s", own(body))
	}
}

func TestTallyReset(t *testing.T) {
	tally := filledTally()
	if tally.Alerts() != 3 {
		t.Fatalf("%d alerts, want 3", tally.Alerts())
	}
	tally.Reset()
	if tally.Alerts() != 0 || len(tally.shapes) != 0 || tally.Records != 0 || tally.Topic != "" {
		t.Errorf("Reset left %+v", tally)
	}
	if cap(tally.latencies) == 0 {
		t.Error("Reset gave its memory away")
	}
}

func TestHealth(t *testing.T) {
	reasons := []string{"alerts topic \"alerts\" does not exist", "group not joined"}
	h := New(Config{Ready: func() []string { return reasons }}).Handler()
	for _, tt := range []struct {
		path string
		code int
		body string
	}{
		{"/livez", 200, "live\n"},
		{"/readyz", 503, "not ready:\n- alerts topic \"alerts\" does not exist\n- group not joined\n"},
	} {
		if code, body := get(t, h, tt.path); code != tt.code || body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.path, code, body, tt.code, tt.body)
		}
	}
	reasons = nil
	if code, body := get(t, h, "/readyz"); code != 200 || body != "ready\n" {
		t.Errorf("/readyz: %d %q once nothing is missing", code, body)
	}
	if code, _ := get(t, h, "/nothing"); code != 404 {
		t.Errorf("/nothing: %d, want 404", code)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/livez", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /livez: %d, want 405", w.Code)
	}
}

func TestRun(t *testing.T) {
	s := New(Config{})
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/livez", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || string(body) != "live\n" {
		t.Fatalf("GET /livez: %q, %v", body, err)
	}
	busy := New(Config{Listen: s.Addr()})
	if err := busy.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a busy address: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run returned %v after its context ended", err)
	}
	if err := s.Listen(t.Context()); err != nil {
		t.Errorf("the address is not free after Run: %v", err)
	}
	s.listener.Close()
}
