package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/picketsigma/picket/internal/broker"
	"github.com/picketsigma/picket/producer"
	"github.com/picketsigma/picket/rules"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// recordedEvents unpacks the recording of the demo, and says which of its events the built-in rule meets.
func recordedEvents(t testing.TB) (events [][]byte, hits []int) {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		// The maker of the recording writes the version information of NetSupport into starts only.
		if bytes.Contains(line, []byte(`"NetSupport Ltd"`)) {
			hits = append(hits, len(events))
		}
		events = append(events, line)
	}
	if len(events) != recordingEvents || len(hits) < 5 {
		t.Fatalf("%d events, %d with NetSupport: the recording is not what it was", len(events), len(hits))
	}
	return events, hits
}

// spread makes records of events, over three partitions in turn.
func spread(events [][]byte) []*kgo.Record {
	out := make([]*kgo.Record, len(events))
	for i, e := range events {
		out[i] = &kgo.Record{Topic: "sysmon", Partition: int32(i % 3), Key: fmt.Appendf(nil, "k%d", i%7), Value: e, Timestamp: time.UnixMilli(1_795_000_000_000 + int64(i))}
	}
	return out
}

// TestRun: events in, exactly the alerts that they deserve out, everything counted and committed.
func TestRun(t *testing.T) {
	k := startKafka(t, broker.Config{}, usualTopics()...)
	events, hits := recordedEvents(t)
	k.produce(spread(events)...)
	r := start(t, k, nil).ready()
	r.handled(k, len(events))

	rule := rules.Default().Rules[0]
	var want, got []string
	for _, i := range hits {
		want = append(want, string(producer.AppendID(nil, rule.ID, rule.Hash, "sysmon", int32(i%3), int64(i/3), 0)))
	}
	for _, a := range k.consume("alerts", len(hits)) {
		var alert struct {
			ID, Host string
			Event    json.RawMessage
			Source   struct {
				Topic     string
				Partition int
				Offset    int
			}
		}
		if err := json.Unmarshal(a.Value, &alert); err != nil {
			t.Fatal(err)
		}
		got = append(got, alert.ID)
		i := alert.Source.Offset*3 + alert.Source.Partition
		if !bytes.Equal(alert.Event, events[i]) {
			t.Errorf("alert of event %d holds another event: %s", i, alert.Event)
		}
		if string(a.Key) != alert.Host || !strings.HasSuffix(alert.Host, ".corp.example") {
			t.Errorf("key %q, host %q", a.Key, alert.Host)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alert ids (-want +got):\n%s", diff)
	}
	for series, want := range map[string]float64{
		`alerts_total{level="medium",rule_id="758ff488-18d5-4cbe-8ec4-02b6285a434f"}`: float64(len(hits)),
		`records_consumed_total{partition="0",topic="sysmon"}`:                        140,
		`consumer_lag_records{partition="2",topic="sysmon"}`:                          0,
		`assigned_partitions`:            3,
		`in_flight_records`:              0,
		`rules{state="active"}`:          1,
		`event_to_alert_seconds_count`:   float64(len(hits)),
		`events_total{shape="nxlog"}`:    float64(count(events, `{"EventTime"`)),
		`commit_errors_total`:            0,
		`alerts_truncated_total`:         0,
		`dead_letters_total{stage=""}`:   0,
		`rules_reloads_total{result=""}`: 0,
	} {
		if got := r.metric(series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if status, body := r.get(path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if err := r.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if bad := r.log.lines(""); len(bad) > 0 {
		t.Errorf("warnings of a run without trouble: %s", strings.Join(bad, "\n"))
	}
}

func count(events [][]byte, prefix string) (n int) {
	for _, e := range events {
		if bytes.HasPrefix(e, []byte(prefix)) {
			n++
		}
	}
	return n
}

// gatedSink lets so many calls pass and holds the others until it is opened.
type gatedSink struct {
	producer.Sink
	pass    atomic.Int64
	waiting atomic.Int64
	open    chan struct{}
}

var _ producer.Sink = (*gatedSink)(nil)

func (s *gatedSink) Publish(ctx context.Context, records []kafka.Message) error {
	if s.pass.Add(-1) < 0 {
		s.waiting.Add(1)
		select {
		case <-s.open:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.Sink.Publish(ctx, records)
}

// TestStopDrains: a stop while alerts are under way waits for them, commits what they came from and
// nothing else. The next run handles the rest: no event is lost, none is handled twice.
func TestStopDrains(t *testing.T) {
	k := startKafka(t, broker.Config{}, usualTopics()...)
	events, hits := recordedEvents(t)
	const rounds = 20
	for range rounds {
		k.produce(spread(events)...)
	}
	total := int64(rounds * len(events))
	gate := &gatedSink{open: make(chan struct{})}
	gate.pass.Store(4)
	first := startWith(t, k, map[string]string{"kafka.fetch_max_bytes": "64KiB"}, func(s *service) {
		gate.Sink, s.detection.sink = s.detection.sink, gate
	})
	// The recording's alerts come from two of the three partitions.
	eventually(t, "two partitions to wait for their alerts", func() bool { return gate.waiting.Load() == 2 })
	eventually(t, "the third to be done", func() bool {
		return first.metric(`records_consumed_total{partition="2",topic="sysmon"}`) == float64(total/3)
	})
	before := first.detection.events.Load()
	stopped := make(chan error, 1)
	go func() { stopped <- first.stop() }()
	eventually(t, "the partitions to be revoked", func() bool { return first.log.has("partitions revoked") })
	if got := first.detection.events.Load(); got != before {
		t.Errorf("%d events counted while their alerts wait", got-before)
	}
	close(gate.open)
	if err := <-stopped; err != nil {
		t.Fatalf("stop: %v", err)
	}
	done := first.detection.events.Load()
	if done <= before || done >= total {
		t.Fatalf("%d events before the stop, %d after it, %d in all: nothing was in flight", before, done, total)
	}
	if got := k.committed("picket", "sysmon"); got != done {
		t.Errorf("%d events acknowledged, but %d committed", done, got)
	}
	second := start(t, k, nil).ready()
	second.handled(k, int(total))
	if again := second.detection.events.Load(); again != total-done {
		t.Errorf("the second run handled %d events, want the %d that were left", again, total-done)
	}
	ids := map[string]bool{}
	for _, a := range k.consume("alerts", rounds*len(hits)) {
		ids[headerOf(a, "picket.alert.id")] = true
	}
	if len(ids) != rounds*len(hits) {
		t.Errorf("%d different alerts of %d", len(ids), rounds*len(hits))
	}
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// TestSoundSettingsMakeAService: what passes the checks of the settings, no package refuses later.
func TestSoundSettingsMakeAService(t *testing.T) {
	rules, err := loadRuleset(&RulesConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []map[string][]string{
		{},
		{"kafka.session_timeout": {"5m"}, "kafka.rebalance_timeout": {"5m"}, "kafka.drain_timeout": {"4m"}},
		{"kafka.session_timeout": {"20s"}, "kafka.drain_timeout": {"17s"}},
		{"kafka.heartbeat_interval": {"15s"}},
		{"kafka.fetch_max_bytes": {"1B"}},
		{"kafka.fetch_min_bytes": {"1MiB"}},
		{"alerts.compression": {"none"}, "alerts.key": {"source"}, "alerts.max_record_bytes": {"32KiB"}},
		{"alerts.compression": {"zstd"}, "alerts.key": {"rule"}, "dead_letters.topic": {"alerts"}},
		{"dead_letters.topic": {"dead"}, "dead_letters.header_style": {"connect"}},
		{"kafka.auto_offset_reset": {"latest"}, "kafka.isolation_level": {"read_uncommitted"}, "http.listen": {""}},
		{"kafka.security_protocol": {"SSL"}, "kafka.tls.server_name": {"kafka"}},
	} {
		cfg, err := loadConfig(configSources{flags: set})
		if err != nil {
			t.Errorf("%v: %v", set, err)
			continue
		}
		if _, err := newService(&cfg.Config, rules, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("%v: %v", set, err)
		}
	}
}
