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
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // a poll, not a guess
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

// franz is a client that shares no code with ours.
func franz(t testing.TB, b *broker.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	opts = append([]kgo.Opt{kgo.SeedBrokers(b.Addrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression())}, opts...)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// produce writes records to the partitions that they name.
func produce(t testing.TB, b *broker.Broker, records []*kgo.Record, opts ...kgo.Opt) {
	t.Helper()
	client := franz(t, b, opts...)
	defer client.Close()
	if err := client.ProduceSync(soon(t), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// soon is a context for one request of a test.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// numbered makes n records spread over the partitions, with values that name them.
func numbered(topic string, partitions, n int) []*kgo.Record {
	return numberedFrom(topic, partitions, 0, n)
}

func numberedFrom(topic string, partitions, first, n int) []*kgo.Record {
	out := make([]*kgo.Record, n)
	for i := range out {
		out[i] = &kgo.Record{
			Topic: topic, Partition: int32(i % partitions), Value: fmt.Appendf(nil, "value-%06d", first+i),
			Timestamp: time.UnixMilli(1_700_000_000_000 + int64(first+i)),
		}
	}
	return out
}

// place is where a record lies.
type place struct {
	slot
	offset int64
}

// ledger is what one or several members have handled.
type ledger struct {
	mu       sync.Mutex
	handled  map[place]int    // how often Handle has returned nil for it
	values   map[place]string //
	order    []place          // of those
	acked    map[slot]int64   // Next of the last batch that was handled
	inside   map[slot]string  // the member that is in Handle now
	overlaps []string         // partitions that two members had at once, or whose offsets went back
	opened   int
	closed   int
}

func newLedger() *ledger {
	return &ledger{handled: map[place]int{}, values: map[place]string{}, acked: map[slot]int64{}, inside: map[slot]string{}}
}

// handle is what a test does with a batch.
type handle func(ctx context.Context, b *Batch) error

// open makes handlers that write into the ledger what f lets pass; all of it when f is nil.
func (l *ledger) open(f handle) Opener {
	return func(_ context.Context, a Assignment) (Handler, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.opened++
		return &ledgerHandler{l: l, a: a, f: f}, nil
	}
}

// wait blocks a handler until the gate is closed, or it has to return.
func wait(ctx context.Context, gate <-chan struct{}) error {
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type ledgerHandler struct {
	l    *ledger
	a    Assignment
	f    handle
	next int64
}

var _ Handler = (*ledgerHandler)(nil)

func (h *ledgerHandler) Handle(ctx context.Context, b *Batch) error {
	s := slot{b.Topic, b.Partition}
	h.l.enter(s, h, b)
	var err error
	if h.f != nil {
		err = h.f(ctx, b)
	}
	h.l.leave(s, h, b, err)
	return err
}

func (h *ledgerHandler) Close() {
	h.l.mu.Lock()
	defer h.l.mu.Unlock()
	h.l.closed++
}

func (l *ledger) enter(s slot, h *ledgerHandler, b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.inside[s]; other != "" {
		l.overlaps = append(l.overlaps, fmt.Sprintf("%v is handled by %s and %s", s, other, h.a.MemberID))
	}
	l.inside[s] = h.a.MemberID
	if len(b.Records) == 0 || b.Records[0].Offset < h.next || b.Next <= b.Records[len(b.Records)-1].Offset || s != (slot{h.a.Topic, h.a.Partition}) {
		l.overlaps = append(l.overlaps, fmt.Sprintf("%v: batch of %d with next %d behind %d", s, len(b.Records), b.Next, h.next))
	}
}

func (l *ledger) leave(s slot, h *ledgerHandler, b *Batch, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.inside, s)
	if err != nil {
		return
	}
	h.next, l.acked[s] = b.Next, b.Next
	for _, r := range b.Records {
		p := place{s, r.Offset}
		l.handled[p]++
		l.values[p] = string(r.Value)
		l.order = append(l.order, p)
	}
}

// len is the number of different records handled.
func (l *ledger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.handled)
}

// twice is how many records were handled more than once, counting each time.
func (l *ledger) twice() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.handled {
		n += c - 1
	}
	return n
}

func (l *ledger) sortedValues() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, v := range l.values {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// inOrder writes a partition's values in the order in which they were handled.
func (l *ledger) inOrder(s slot) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, p := range l.order {
		if p.slot == s {
			out = append(out, l.values[p])
		}
	}
	return strings.Join(out, " ")
}

func (l *ledger) position(s slot) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked[s]
}

// complete checks that exactly the values 0 to n-1 of numbered were handled, each once.
func (l *ledger) complete(t *testing.T, n int) {
	t.Helper()
	for i, v := range l.sortedValues() {
		if want := fmt.Sprintf("value-%06d", i); v != want {
			t.Fatalf("record %d has value %q, want %q", i, v, want)
		}
	}
	if got := l.len(); got != n {
		t.Errorf("%d records were handled, want %d", got, n)
	}
	if twice := l.twice(); twice != 0 {
		t.Errorf("%d records were handled twice", twice)
	}
	l.sound(t)
}

// sound checks what must hold in every test: one owner at a time, offsets that rise, handlers closed.
func (l *ledger) sound(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.overlaps {
		t.Error(o)
	}
	if l.opened == 0 {
		t.Error("no partition was ever opened")
	}
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
		Logger: newLogs(t).logger,
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
			return err
		case <-time.After(patience):
			return fmt.Errorf("Run did not end within %v of its context", patience)
		}
	})
	t.Cleanup(func() { _ = m.stop() })
	return m
}

// stopped ends a member that has to end well.
func (m *member) stopped(t *testing.T) {
	t.Helper()
	if err := m.stop(); err != nil {
		t.Errorf("Run returned %v", err)
	}
}

// logs keeps what is logged, and writes it to the test's log.
type logs struct {
	logger *slog.Logger

	mu    sync.Mutex
	t     testing.TB
	ended bool
	lines []string
}

func newLogs(t testing.TB) *logs {
	l := &logs{t: t}
	l.logger = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true // what comes after the test is dropped
	})
	return l
}

// Write takes one line.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := strings.TrimSuffix(string(p), "\n")
	l.lines = append(l.lines, line)
	if !l.ended {
		l.t.Log(line)
	}
	return len(p), nil
}

// with lists the lines that hold all of the texts.
func (l *logs) with(texts ...string) (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if !slices.ContainsFunc(texts, func(s string) bool { return !strings.Contains(line, s) }) {
			out = append(out, line)
		}
	}
	return out
}

// once checks that exactly one line holds all of the texts.
func (l *logs) once(t *testing.T, texts ...string) {
	t.Helper()
	if got := l.with(texts...); len(got) != 1 {
		t.Errorf("%d lines with %q, want one:\n%s", len(got), texts, strings.Join(got, "\n"))
	}
}

// troubles lists the warnings and errors.
func (l *logs) troubles() []string {
	return append(l.with("level=ERROR"), l.with("level=WARN")...)
}

// commits watches the offset commits that reach the broker.
type commits struct {
	l *ledger

	mu      sync.Mutex
	last    map[slot]int64
	history []commit
	wrong   []string // commits that were ahead of the ledger, or behind an earlier one
}

type commit struct {
	place
	generation int32
	member     string
}

// watchCommits compares every commit with what the ledger knows to be handled. A partition begins at 0.
func watchCommits(b *broker.Broker, l *ledger) *commits {
	w := &commits{l: l, last: map[slot]int64{}}
	b.Cluster().ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		r, _ := request.(*kmsg.OffsetCommitRequest)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				w.see(commit{place{slot{t.Topic, p.Partition}, p.Offset}, r.Generation, r.MemberID})
			}
		}
		return nil, nil, false
	})
	return w
}

func (w *commits) see(c commit) {
	if acked := w.l.position(c.slot); c.offset > acked {
		w.wrong = append(w.wrong, fmt.Sprintf("%v committed %d when %d was handled", c.slot, c.offset, acked))
	}
	if c.offset < w.last[c.slot] {
		w.wrong = append(w.wrong, fmt.Sprintf("%v committed %d behind %d", c.slot, c.offset, w.last[c.slot]))
	}
	w.last[c.slot] = c.offset
	w.history = append(w.history, c)
}

// sound checks that no commit was ahead of its batch and none went backwards.
func (w *commits) sound(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range w.wrong {
		t.Error(text)
	}
	if len(w.history) == 0 {
		t.Error("nothing was committed")
	}
}

// committed is what the coordinator has for a partition; -1 when nothing.
func committed(b *broker.Broker, topic string, partition int32) int64 {
	g := b.Cluster().GroupInfo("g")
	if g == nil {
		return -1
	}
	c, ok := g.Commits[topic][partition]
	if !ok {
		return -1
	}
	return c.Offset
}

// requests counts the requests of one kind that reach the broker.
func requests(b *broker.Broker, key kmsg.Key) func() int {
	var mu sync.Mutex
	n := 0
	b.Cluster().ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
		mu.Lock()
		defer mu.Unlock()
		n++
		return nil, nil, false
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}
