package consumer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestConsumesEverythingOnceAndCommits(t *testing.T) {
	t.Parallel()
	for _, codec := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{
		{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()},
		{"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()},
	} {
		t.Run(codec.name, func(t *testing.T) {
			t.Parallel()
			const partitions, n = 3, 3000
			b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: partitions})
			records := numbered("in", partitions, n)
			l := newLedger()
			w := watchCommits(b, l)
			for i := 0; i < n; i += 500 { // several batches per partition
				produce(t, b, records[i:i+500], kgo.ProducerBatchCompression(codec.codec))
			}
			cfg := testConfig(t, b, "in")
			cfg.FetchMaxBytes = 4 << 10 // and several fetches
			cfg.Open = l.open(nil)
			m := startMember(t, cfg)
			eventually(t, "all records", func() bool { return l.len() == n })
			m.stopped(t)
			l.complete(t, n)
			w.sound(t)
			for p := range int32(partitions) {
				if got := committed(b, "in", p); got != n/partitions {
					t.Errorf("partition %d is committed up to %d, want %d", p, got, n/partitions)
				}
			}
			if l.opened != partitions || l.closed != partitions {
				t.Errorf("%d handlers were opened and %d closed, want %d", l.opened, l.closed, partitions)
			}
		})
	}
}

// TestCommitsOnlyWhatIsHandled holds one batch in Handle while its prefetched successor waits.
func TestCommitsOnlyWhatIsHandled(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	for i := range 10 {
		produce(t, b, numberedFrom("in", 1, 10*i, 10))
	}
	l := newLedger()
	w := watchCommits(b, l)
	gate, entered := make(chan struct{}), make(chan struct{}, 100)
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes = 1 // one batch per fetch
	cfg.Open = l.open(func(ctx context.Context, b *Batch) error {
		entered <- struct{}{}
		if b.Records[0].Offset == 50 {
			return wait(ctx, gate)
		}
		return nil
	})
	m := startMember(t, cfg)
	eventually(t, "the sixth batch in Handle", func() bool { return len(entered) == 6 })
	eventually(t, "the commit of the fifth", func() bool { return committed(b, "in", 0) == 50 })
	eventually(t, "the prefetched batch", func() bool { return m.Stats().InFlight == 20 })
	fetches := requests(b, 1)
	if p := m.Stats().Partitions[0]; p.Position != 50 {
		t.Errorf("position %d, want 50", p.Position)
	}
	close(gate)
	eventually(t, "all records", func() bool { return l.len() == 100 })
	eventually(t, "the last commit", func() bool { return committed(b, "in", 0) == 100 })
	m.stopped(t)
	l.complete(t, 100)
	w.sound(t)
	if s := m.Stats(); s.InFlight != 0 || s.CommitErrors != 0 || s.Joined || len(s.Partitions) != 0 {
		t.Errorf("after Run: %+v", s)
	}
	if fetches() == 0 {
		t.Error("the rest was fetched while the sixth batch was in Handle: prefetching has no bound")
	}
}

func TestStartOffset(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, reset OffsetReset) (*broker.Broker, *ledger, *logs, func() *member) {
		b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
		produce(t, b, numberedFrom("in", 1, 0, 5))
		l, lg := newLedger(), newLogs(t)
		return b, l, lg, func() *member {
			cfg := testConfig(t, b, "in")
			cfg.AutoOffsetReset, cfg.Logger, cfg.Open = reset, lg.logger, l.open(nil)
			return startMember(t, cfg)
		}
	}
	t.Run("earliest", func(t *testing.T) {
		t.Parallel()
		_, l, _, join := start(t, Earliest)
		m := join()
		eventually(t, "what was there", func() bool { return l.len() == 5 })
		m.stopped(t)
		l.complete(t, 5)
	})
	t.Run("latest, committed before anything comes", func(t *testing.T) {
		t.Parallel()
		b, l, lg, join := start(t, Latest)
		m := join()
		eventually(t, "the start offset's commit", func() bool { return committed(b, "in", 0) == 5 })
		m.stopped(t)
		lg.once(t, "no committed offset", "auto_offset_reset=latest", "offset=5")
		produce(t, b, numberedFrom("in", 1, 5, 3)) // while nobody is there
		m = join()
		eventually(t, "what came meanwhile", func() bool { return l.len() == 3 })
		m.stopped(t)
		if got := l.inOrder(slot{"in", 0}); got != "value-000005 value-000006 value-000007" {
			t.Errorf("handled %s", got)
		}
	})
	t.Run("none waits for somebody to commit one", func(t *testing.T) {
		t.Parallel()
		b, l, lg, join := start(t, None)
		m := join()
		eventually(t, "the partition to stand still", func() bool { return strings.Contains(strings.Join(m.NotReady(), ""), "stands still") })
		eventually(t, "a second attempt", func() bool { return m.Stats().FetchErrors["other"] >= 2 })
		lg.once(t, "level=ERROR", "start offset cannot be found", "kafka-consumer-groups.sh", "partition=0")
		m.stopped(t)

		var offsets kadm.Offsets
		offsets.AddOffset("in", 0, 3, -1)
		if err := kadm.NewClient(franz(t, b)).CommitAllOffsets(soon(t), "g", offsets); err != nil {
			t.Fatal(err)
		}
		m = join()
		eventually(t, "the rest", func() bool { return l.len() == 2 })
		if why := m.NotReady(); len(why) != 0 {
			t.Errorf("not ready: %v", why)
		}
		m.stopped(t)
		if got := l.inOrder(slot{"in", 0}); got != "value-000003 value-000004" {
			t.Errorf("handled %s", got)
		}
	})
}

// TestHandlerErrors: the same batch comes again until it works, and nothing overtakes it.
func TestHandlerErrors(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	produce(t, b, numberedFrom("in", 1, 0, 4))
	produce(t, b, numberedFrom("in", 1, 4, 4))
	l, lg := newLedger(), newLogs(t)
	w := watchCommits(b, l)
	var attempts []int64 // first offsets; only the worker writes
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes, cfg.Logger = 1, lg.logger
	cfg.Open = l.open(func(_ context.Context, b *Batch) error {
		attempts = append(attempts, b.Records[0].Offset)
		if len(b.Records) != 4 {
			return errors.New("another batch than the one produced")
		}
		if len(attempts) <= 3 {
			return errors.New("alerts topic is away")
		}
		return nil
	})
	m := startMember(t, cfg)
	eventually(t, "all records", func() bool { return l.len() == 8 })
	m.stopped(t)
	l.complete(t, 8)
	w.sound(t)
	if len(attempts) != 5 || attempts[2] != 0 || attempts[3] != 0 || attempts[4] != 4 {
		t.Errorf("batches came as %v, want 0 four times and then 4", attempts)
	}
	if s := m.Stats(); s.HandleErrors != 3 {
		t.Errorf("%d errors counted, want 3", s.HandleErrors)
	}
	lg.once(t, "level=ERROR", "batch cannot be handled", "alerts topic is away", "topic=in", "partition=0", "offset=0", "n=4")
	lg.once(t, "level=INFO", "batch handled after all")
}

// TestOpenerErrors: so does the Opener's error.
func TestOpenerErrors(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	produce(t, b, numberedFrom("in", 1, 0, 4))
	l, lg := newLedger(), newLogs(t)
	failures := 3
	cfg := testConfig(t, b, "in")
	cfg.Logger = lg.logger
	cfg.Open = func(ctx context.Context, a Assignment) (Handler, error) {
		if a.Topic != "in" || a.Partition != 0 || a.Group != "g" || a.Generation < 1 || a.MemberID == "" {
			t.Errorf("assignment %+v", a)
		}
		if failures--; failures >= 0 {
			return nil, errors.New("no fence yet")
		}
		return l.open(nil)(ctx, a)
	}
	m := startMember(t, cfg)
	eventually(t, "all records", func() bool { return l.len() == 4 })
	m.stopped(t)
	l.complete(t, 4)
	lg.once(t, "level=ERROR", "partition cannot be handled", "no fence yet", "partition=0")
}

// TestLag: numbers that stand still while the handler does, then grow with the log, then are gone.
func TestLag(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 2})
	at := func(age time.Duration, records []*kgo.Record) []*kgo.Record {
		for _, r := range records {
			r.Partition, r.Timestamp = 1, time.Now().Add(-age)
		}
		return records
	}
	produce(t, b, at(time.Hour, numberedFrom("in", 1, 0, 10)))
	produce(t, b, at(time.Minute, numberedFrom("in", 1, 10, 20)))
	l := newLedger()
	gate := make(chan struct{})
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes = 1
	cfg.Open = l.open(func(ctx context.Context, b *Batch) error {
		if b.Records[0].Offset == 10 {
			return wait(ctx, gate)
		}
		return nil
	})
	m := startMember(t, cfg)
	lag := func(p int) Partition {
		for _, s := range m.Stats().Partitions {
			if s.Topic == "in" && int(s.Partition) == p {
				return s
			}
		}
		return Partition{}
	}
	eventually(t, "the first batch", func() bool { return lag(1).Position == 10 && lag(0).HighWatermark == 0 })
	eventually(t, "the age of the second", func() bool { return lag(1).LagSeconds < 3000 })
	if p := lag(1); p.LagRecords != 20 || p.LagSeconds < 60 || p.LagSeconds > 120 || p.HighWatermark != 30 || p.Records != 10 || p.Bytes != 120 {
		t.Errorf("with 20 records of a minute ago to do: %+v", p)
	}
	if p := lag(0); p.LagRecords != 0 || p.LagSeconds != 0 || p.Position != 0 {
		t.Errorf("an empty partition: %+v", p)
	}
	produce(t, b, at(0, numberedFrom("in", 1, 30, 5)))
	produce(t, b, at(0, numberedFrom("in", 1, 35, 5)))
	eventually(t, "what came while the handler was busy", func() bool { return lag(1).LagRecords == 30 && lag(1).HighWatermark == 40 })
	close(gate)
	eventually(t, "the end", func() bool { return lag(1).LagRecords == 0 })
	if p := lag(1); p.LagSeconds != 0 || p.Position != 40 || p.Records != 40 {
		t.Errorf("caught up: %+v", p)
	}
	m.stopped(t)
	l.complete(t, 40)
}

// TestConfigRefuses lists all that is wrong at once.
func TestConfigRefuses(t *testing.T) {
	good := func() Config {
		return Config{Brokers: []string{"127.0.0.1:1"}, Topics: []string{"in"}, GroupID: "g", Open: newLedger().open(nil)}
	}
	if _, err := New(good()); err != nil {
		t.Fatalf("the defaults are refused: %v", err)
	}
	_, err := New(Config{})
	for _, want := range []string{"no broker", "no topic", "no group id", "no Opener"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of an empty Config nothing says %q: %v", want, err)
		}
	}
	for _, c := range []struct {
		name string
		edit func(*Config)
		want string
	}{
		{"an empty broker", func(c *Config) { c.Brokers = []string{"a:1", ""} }, "no broker"},
		{"an empty topic", func(c *Config) { c.Topics = []string{""} }, "no topic"},
		{"a drain that outlasts the session", func(c *Config) { c.SessionTimeout, c.DrainTimeout = 10*time.Second, 9*time.Second }, "session timeout"},
		{"a drain that just fits into a long session", func(c *Config) { c.SessionTimeout, c.DrainTimeout = 100*time.Second, 89*time.Second+1 }, "session timeout"},
		{"a drain that outlasts the rebalance", func(c *Config) { c.RebalanceTimeout = 10 * time.Second }, "rebalance timeout"},
		{"a negative duration", func(c *Config) { c.FetchMaxWait = -1 }, "fetch max wait"},
		{"a duration that Kafka cannot say", func(c *Config) { c.SessionTimeout = 1 << 62 }, "session timeout"},
		{"min above max bytes", func(c *Config) { c.FetchMinBytes = 2 << 20 }, "fetch min bytes"},
		{"negative max bytes", func(c *Config) { c.FetchMaxBytes = -1 }, "fetch max bytes -1"},
		{"a negative prefetch", func(c *Config) { c.PrefetchBatches = -1 }, "prefetch"},
		{"a negative batch limit", func(c *Config) { c.MaxBatchBytes = -1 }, "max batch bytes"},
		{"an unknown policy", func(c *Config) { c.AutoOffsetReset = "newest" }, `"newest"`},
		{"an unknown isolation", func(c *Config) { c.IsolationLevel = "dirty" }, `"dirty"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := good()
			c.edit(&cfg)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestRunOnce(t *testing.T) {
	c, err := New(Config{Brokers: []string{"127.0.0.1:1"}, Topics: []string{"in"}, GroupID: "g", Open: newLedger().open(nil)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Run(ctx); err != nil {
		t.Errorf("Run with a context that has ended: %v", err)
	}
	if err := c.Run(ctx); err == nil || !strings.Contains(err.Error(), "once") {
		t.Errorf("a second Run: %v", err)
	}
}
