package main

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/picketsigma/picket/console"
	"github.com/picketsigma/picket/consumer"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/picketsigma/picket/producer"
	"github.com/segmentio/kafka-go"
)

// fakeSink keeps copies of what is published, or fails.
type fakeSink struct {
	mu      sync.Mutex
	records []kafka.Message
	err     error
}

var _ producer.Sink = (*fakeSink)(nil)

func (s *fakeSink) Publish(_ context.Context, records []kafka.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	for _, r := range records {
		r.Value = []byte(string(r.Value))
		s.records = append(s.records, r)
	}
	return nil
}

// to counts the records for a topic.
func (s *fakeSink) to(topic string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		if r.Topic == topic {
			n++
		}
	}
	return n
}

func testHandler(t testing.TB, sink producer.Sink) (*handler, *logBuffer) {
	t.Helper()
	rules, err := loadRuleset(&RulesConfig{})
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{t: t}
	t.Cleanup(log.close)
	d := &detection{
		sink: sink, metrics: console.NewMetrics("", ""), log: slog.New(slog.NewTextHandler(log, nil)),
		alerts: producer.EncoderConfig{Topic: "alerts"}, deadLetters: producer.DeadLetterConfig{Topic: "dead"},
	}
	d.rules.Store(rules)
	h, err := d.open(t.Context(), consumer.Assignment{Topic: "sysmon", Partition: 3})
	if err != nil {
		t.Fatal(err)
	}
	out, ok := h.(*handler)
	if !ok {
		t.Fatalf("open gave %T", h)
	}
	return out, log
}

func batchOf(values ...string) *consumer.Batch {
	b := &consumer.Batch{Topic: "sysmon", Partition: 3}
	for i, v := range values {
		b.Records = append(b.Records, wire.Record{Offset: int64(100 + i), Timestamp: 1_795_000_000_000, Value: []byte(v)})
	}
	return b
}

// TestPanicIsOneDeadLetter: a record on which evaluating panics is a dead letter with the stage at which it
// happened; the others get their alerts, and the log has one stack.
func TestPanicIsOneDeadLetter(t *testing.T) {
	sink := &fakeSink{}
	h, log := testHandler(t, sink)
	const n = 9
	poison := map[int]string{0: producer.StageEvaluate, 4: producer.StageEncode, 5: producer.StageEvaluate, n - 1: producer.StageEvaluate}
	h.onRecord = func(i int) {
		if stage, bad := poison[i]; bad {
			h.stage = stage
			panic("no such luck")
		}
		h.record(i)
	}
	var values []string
	for range n {
		values = append(values, goodEvent)
	}
	if err := h.Handle(t.Context(), batchOf(values...)); err != nil {
		t.Fatal(err)
	}
	if alerts, dead := sink.to("alerts"), sink.to("dead"); alerts != n-len(poison) || dead != len(poison) {
		t.Errorf("%d alerts and %d dead letters, want %d and %d", alerts, dead, n-len(poison), len(poison))
	}
	for _, r := range sink.records {
		if r.Topic != "dead" {
			continue
		}
		headers := map[string]string{}
		for _, h := range r.Headers {
			headers[h.Key] = string(h.Value)
		}
		offset, err := strconv.Atoi(headers["picket.error.offset"])
		if err != nil || headers["picket.error.stage"] != poison[offset-100] || headers["picket.error.code"] != codePanic ||
			strings.Contains(headers["picket.error.message"], "luck") {
			t.Errorf("dead letter headers %v", headers)
		}
	}
	if lines := log.lines("this is a bug of picket"); len(lines) != 1 || !strings.Contains(lines[0], "stack=") || !strings.Contains(lines[0], "offset=100") {
		t.Errorf("log: %s", strings.Join(lines, "\n"))
	}
	if got := h.tally.Panics; got != len(poison) {
		t.Errorf("%d panics counted", got)
	}
}

// TestNothingIsCountedTwice: a batch that could not be published is handled again, and counted once.
func TestNothingIsCountedTwice(t *testing.T) {
	sink := &fakeSink{err: errors.New("no broker")}
	h, _ := testHandler(t, sink)
	b := batchOf(goodEvent, "bad")
	for range 3 {
		if err := h.Handle(t.Context(), b); !errors.Is(err, sink.err) {
			t.Fatalf("error %v", err)
		}
	}
	if n := h.detection.events.Load(); n != 0 {
		t.Errorf("%d events counted before they are acknowledged", n)
	}
	sink.err = nil
	if err := h.Handle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if events, alerts := h.detection.events.Load(), h.alertsSent.Load(); events != 2 || alerts != 1 || sink.to("alerts") != 1 || sink.to("dead") != 1 {
		t.Errorf("%d events, %d alerts counted; %d alerts, %d dead letters published", events, alerts, sink.to("alerts"), sink.to("dead"))
	}
}

// TestRulesAreSwappedBetweenBatches: a batch is matched by the set that was current when it began.
func TestRulesAreSwappedBetweenBatches(t *testing.T) {
	sink := &fakeSink{}
	h, _ := testHandler(t, sink)
	if err := h.Handle(t.Context(), batchOf(goodEvent)); err != nil {
		t.Fatal(err)
	}
	old := h.evaluator.rules
	next := *old
	set := *old.set
	set.Hash = "sha256:another"
	next.set = &set
	h.detection.rules.Store(&next)
	if err := h.Handle(t.Context(), batchOf(goodEvent)); err != nil {
		t.Fatal(err)
	}
	if len(sink.records) != 2 || !strings.Contains(string(sink.records[0].Value), old.set.Hash) || !strings.Contains(string(sink.records[1].Value), "sha256:another") {
		t.Errorf("%d alerts, or not of the sets in force", len(sink.records))
	}
}

// TestNoHitAllocatesNothing: most batches have no hit.
func TestNoHitAllocatesNothing(t *testing.T) {
	h, _ := testHandler(t, &fakeSink{})
	b := batchOf(strings.Replace(goodEvent, "NetSupport Ltd", "Another", 1), `{"EventID":3,"Channel":"Microsoft-Windows-Sysmon/Operational"}`)
	handle := func() {
		h.begin(b)
		guarded(len(b.Records), h.onRecord, h.onPanic)
	}
	handle()
	if n := testing.AllocsPerRun(100, handle); n != 0 {
		t.Errorf("%v allocations for a batch without a hit", n)
	}
}

// TestNotLive: a batch that is evaluated for ever makes the process not live; one that waits does not.
func TestNotLive(t *testing.T) {
	h, _ := testHandler(t, &fakeSink{})
	s := &service{detection: h.detection}
	if why := s.notLive(); len(why) != 0 {
		t.Errorf("not live without a reason: %q", why)
	}
	h.busy.since(time.Now().Add(-2 * stuckAfter))
	if why := s.notLive(); len(why) != 1 || !strings.Contains(why[0], "evaluated for 2m0s") {
		t.Errorf("a batch that does not end: %q", why)
	}
	h.busy.done()
	if why := s.notLive(); len(why) != 0 {
		t.Errorf("after it has ended: %q", why)
	}
	h.busy.since(time.Now().Add(-2 * stuckAfter))
	h.Close()
	if why := s.notLive(); len(why) != 0 {
		t.Errorf("after the partition was taken away: %q", why)
	}
}

func TestLimiter(t *testing.T) {
	var l limiter
	now := time.Now()
	for i, c := range []struct {
		code  string
		after time.Duration
		n     int
		ok    bool
	}{
		{"a", 0, 1, true},
		{"a", time.Second, 0, false},
		{"b", time.Second, 1, true},
		{"a", limitEvery - 1, 0, false},
		{"a", limitEvery, 3, true},
		{"a", limitEvery, 0, false},
		{"a", 3 * limitEvery, 2, true},
	} {
		if n, ok := l.allow(c.code, now.Add(c.after)); n != c.n || ok != c.ok {
			t.Errorf("call %d: %d, %v; want %d, %v", i, n, ok, c.n, c.ok)
		}
	}
}
