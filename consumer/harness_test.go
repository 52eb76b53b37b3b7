package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// patience bounds every wait of a test for something that has to happen.
const patience = 30 * time.Second

// eventually waits for a condition, and fails with what it says is missing.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for: %s", what)
		}
		time.Sleep(5 * time.Millisecond) // a poll, not a guess
	}
}

func startBroker(t testing.TB, cfg broker.Config, topics ...broker.Topic) *broker.Broker {
	t.Helper()
	cfg.MinSessionTimeout = time.Millisecond
	b, err := broker.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.CreateTopics(topics...); err != nil {
		t.Fatal(err)
	}
	return b
}

// produce writes records with an independent client, to the partitions that they name.
func produce(t testing.TB, b *broker.Broker, records []*kgo.Record, opts ...kgo.Opt) {
	t.Helper()
	opts = append([]kgo.Opt{kgo.SeedBrokers(b.Addrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression())}, opts...)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// numbered makes n records spread over the partitions, with values that name them.
func numbered(topic string, partitions, n int) []*kgo.Record {
	out := make([]*kgo.Record, n)
	for i := range out {
		out[i] = &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: fmt.Appendf(nil, "value-%06d", i), Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i))}
	}
	return out
}

// place is where a record lies.
type place struct {
	topic     string
	partition int32
	offset    int64
}

// seen is what one or several members have handled.
type seen struct {
	mu     sync.Mutex
	counts map[place]int
	values map[place]string
	order  []place
}

func newSeen() *seen { return &seen{counts: map[place]int{}, values: map[place]string{}} }

func (s *seen) add(b *Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range b.Records {
		p := place{b.Topic, b.Partition, r.Offset}
		s.counts[p]++
		s.values[p] = string(r.Value)
		s.order = append(s.order, p)
	}
}

func (s *seen) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.counts)
}

func (s *seen) twice() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.counts {
		n += c - 1
	}
	return n
}

func (s *seen) sortedValues() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, v := range s.values {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// fakeHandler hands batches to a function.
type fakeHandler struct {
	handle func(ctx context.Context, b *Batch) error
	close  func()
}

var _ Handler = (*fakeHandler)(nil)

func (h *fakeHandler) Handle(ctx context.Context, b *Batch) error { return h.handle(ctx, b) }

func (h *fakeHandler) Close() {
	if h.close != nil {
		h.close()
	}
}

// opener makes handlers that all do the same.
func opener(handle func(ctx context.Context, b *Batch) error) Opener {
	return func(context.Context, Assignment) (Handler, error) { return &fakeHandler{handle: handle}, nil }
}

// record is an opener that only remembers.
func record(s *seen) Opener {
	return opener(func(_ context.Context, b *Batch) error { s.add(b); return nil })
}

// testConfig has timeouts that fit a test.
func testConfig(t testing.TB, b *broker.Broker, topics ...string) Config {
	return Config{
		Brokers: b.Addrs(), Topics: topics, GroupID: "g",
		Transport: &kafka.Transport{
			ClientID: "test", MetadataTopics: topics, MetadataTTL: 200 * time.Millisecond,
		},
		SessionTimeout: 4 * time.Second, RebalanceTimeout: 5 * time.Second, HeartbeatInterval: 50 * time.Millisecond,
		DrainTimeout: 2 * time.Second, ShutdownTimeout: 10 * time.Second,
		FetchMaxWait: 50 * time.Millisecond, WatchInterval: 50 * time.Millisecond,
		Logger: testLogger(t),
	}
}

// member is a running Consumer.
type member struct {
	*Consumer
	stop func() error // ends Run and gives what it returned
}

func startMember(t *testing.T, cfg Config) *member {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	m := &member{Consumer: c}
	m.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			cfg.Transport.CloseIdleConnections()
			return err
		case <-time.After(patience):
			return fmt.Errorf("Run did not end within %v of its context", patience)
		}
	})
	t.Cleanup(func() { _ = m.stop() })
	return m
}

// testLogger writes to the test's log.
func testLogger(t testing.TB) *slog.Logger {
	w := &testWriter{t: t}
	t.Cleanup(w.close)
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// testWriter drops what comes after the test has ended.
type testWriter struct {
	mu    sync.Mutex
	t     testing.TB
	ended bool
}

func (w *testWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.t.Log(strings.TrimSuffix(string(p), "\n"))
	}
	return len(p), nil
}

func (w *testWriter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// commits watches the offset commits that reach the broker.
type commits struct {
	mu      sync.Mutex
	last    map[place]int64 // by partition; offset -1
	history []commit
}

type commit struct {
	place
	generation int32
	member     string
}

func watchCommits(b *broker.Broker) *commits {
	w := &commits{last: map[place]int64{}}
	b.Cluster().ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.Cluster().KeepControl()
		r, _ := request.(*kmsg.OffsetCommitRequest)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				w.last[place{t.Topic, p.Partition, -1}] = p.Offset
				w.history = append(w.history, commit{place{t.Topic, p.Partition, p.Offset}, r.Generation, r.MemberID})
			}
		}
		return nil, nil, false
	})
	return w
}

// total is the sum of the last committed offsets: how many records are behind them in a topic without gaps.
func (w *commits) total() (n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, offset := range w.last {
		n += offset
	}
	return n
}

// backwards lists commits that moved a partition back.
func (w *commits) backwards() (out []commit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := map[place]int64{}
	for _, c := range w.history {
		p := place{c.topic, c.partition, -1}
		if c.offset < at[p] {
			out = append(out, c)
		}
		at[p] = c.offset
	}
	return out
}
