package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
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
		time.Sleep(5 * time.Millisecond) // a poll, not a guess
	}
}

// testKafka is a broker and an independent client of it.
type testKafka struct {
	*broker.Broker
	t testing.TB
}

func startKafka(t testing.TB, cfg broker.Config, topics ...broker.Topic) *testKafka {
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
	return &testKafka{Broker: b, t: t}
}

// usualTopics are those of the settings' defaults, with one for dead letters.
func usualTopics() []broker.Topic {
	return []broker.Topic{{Name: "sysmon", Partitions: 3}, {Name: "alerts", Partitions: 2}, {Name: "dead"}}
}

func (k *testKafka) client(opts ...kgo.Opt) *kgo.Client {
	k.t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(k.Addrs()...)}, opts...)...)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(c.Close)
	return c
}

// saslFor authenticates a client.
func saslFor(name, password string) kgo.Opt {
	return kgo.SASL(scram.Auth{User: name, Pass: password}.AsSha512Mechanism())
}

// produce writes records to the partitions that they name.
func (k *testKafka) produce(records ...*kgo.Record) {
	k.t.Helper()
	k.produceWith(nil, records...)
}

func (k *testKafka) produceWith(opts []kgo.Opt, records ...*kgo.Record) {
	k.t.Helper()
	c := k.client(append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(32<<20))...)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
		k.t.Fatal(err)
	}
}

// consume reads a topic from its beginning until it has n records, and a little longer to see that there
// are no more.
func (k *testKafka) consume(topic string, n int) []*kgo.Record {
	k.t.Helper()
	c := k.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond), kgo.FetchMaxBytes(64<<20))
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out []*kgo.Record
	for len(out) < n && ctx.Err() == nil {
		out = append(out, c.PollFetches(ctx).Records()...)
	}
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	if err != nil {
		k.t.Fatal(err)
	}
	total := 0
	ends.Each(func(o kadm.ListedOffset) { total += int(o.Offset) })
	if len(out) != n || total != n {
		k.t.Fatalf("topic %s: read %d records of %d, want %d", topic, len(out), total, n)
	}
	return out
}

// committed is the sum of the group's committed offsets of a topic.
func (k *testKafka) committed(group, topic string) (n int64) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	offsets, err := kadm.NewClient(k.client()).FetchOffsets(ctx, group)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, p := range offsets[topic] {
		n += max(p.At, 0)
	}
	return n
}

// port is the broker's, to start another in its place.
func (k *testKafka) port() int {
	_, port, err := net.SplitHostPort(k.Addr())
	if err != nil {
		k.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// runningService is a service under test.
type runningService struct {
	*service
	t    testing.TB
	log  *logBuffer
	stop func() error // ends run and gives what it returned
	done chan error
}

// settingsFor gives settings for a test: what is said wins over what is quick.
func settingsFor(t testing.TB, k *testKafka, set map[string]string) *Config {
	t.Helper()
	flags := map[string][]string{}
	for path, v := range map[string]string{
		"kafka.bootstrap_servers": k.Addr(), "kafka.session_timeout": "5s", "kafka.rebalance_timeout": "5s",
		"kafka.heartbeat_interval": "50ms", "kafka.drain_timeout": "2s", "kafka.fetch_max_wait": "50ms",
		"dead_letters.topic": "dead", "http.listen": "127.0.0.1:0", "log.level": "debug", "shutdown_timeout": "10s",
	} {
		flags[path] = []string{v}
	}
	for path, v := range set {
		flags[path] = splitList(v)
		if s, ok := lookupSetting(path); ok && !s.isList() {
			flags[path] = []string{v}
		}
	}
	cfg, err := loadConfig(configSources{flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return &cfg.Config
}

// start runs the service on k with the built-in rules, or those of rules.paths, and waits for nothing.
func start(t testing.TB, k *testKafka, set map[string]string) *runningService {
	t.Helper()
	return startWith(t, k, set, func(*service) {})
}

// startWith is start with a service that was changed before it runs.
func startWith(t testing.TB, k *testKafka, set map[string]string, change func(*service)) *runningService {
	t.Helper()
	cfg := settingsFor(t, k, set)
	rules, err := loadRuleset(&cfg.Rules)
	if err != nil {
		t.Fatal(err)
	}
	r := &runningService{t: t, log: &logBuffer{t: t}, done: make(chan error, 1)}
	t.Cleanup(r.log.close)
	if r.service, err = newService(cfg, rules, slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))); err != nil {
		t.Fatal(err)
	}
	change(r.service)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { r.done <- r.run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-r.done:
			return err
		case <-time.After(patience):
			t.Errorf("the service did not end within %v", patience)
			return nil
		}
	})
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// ready waits until /readyz says so.
func (r *runningService) ready() *runningService {
	r.t.Helper()
	eventually(r.t, "/readyz to be ready", func() bool { status, _ := r.get("/readyz"); return status == http.StatusOK })
	return r
}

func (r *runningService) get(path string) (int, string) {
	w := &recorded{header: http.Header{}}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.console.Handler().ServeHTTP(w, request)
	return w.status, w.body.String()
}

// recorded is an answer of the console.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorded) Header() http.Header { return w.header }
func (w *recorded) WriteHeader(s int)   { w.status = s }
func (w *recorded) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.body.Write(b)
}

// metric gives the value of a series, written as in /metrics but without picket_; 0 when it is not there.
func (r *runningService) metric(series string) float64 {
	r.t.Helper()
	status, text := r.get("/metrics")
	if status != http.StatusOK {
		r.t.Fatalf("/metrics: %d %s", status, text)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "picket_"+series+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return f
		}
	}
	return 0
}

// handled waits until so many records of the events topic are committed by the group.
func (r *runningService) handled(k *testKafka, n int) {
	r.t.Helper()
	eventually(r.t, "all offsets to be committed", func() bool { return k.committed("picket", "sysmon") >= int64(n) })
}

// logBuffer keeps the log for the test, and shows it if the test fails.
type logBuffer struct {
	t     testing.TB
	mu    sync.Mutex
	text  bytes.Buffer
	ended bool
}

var _ io.Writer = (*logBuffer)(nil)

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	if !b.ended {
		b.t.Log(strings.TrimSuffix(string(p), "\n"))
	}
	return len(p), nil
}

func (b *logBuffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// has says whether text is in the log.
func (b *logBuffer) has(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.text.String(), text)
}

// lines gives the lines at level warn or above that contain text.
func (b *logBuffer) lines(text string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if (strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR")) && strings.Contains(line, text) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}
