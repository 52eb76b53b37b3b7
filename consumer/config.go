package consumer

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// OffsetReset says where a partition starts that has no usable committed offset.
type OffsetReset string

// The values of Kafka's auto.offset.reset.
const (
	Earliest OffsetReset = "earliest" // the default
	Latest   OffsetReset = "latest"
	None     OffsetReset = "none" // wait, and say so, until somebody commits an offset
)

// Isolation is Kafka's isolation.level.
type Isolation string

// The values of Kafka's isolation.level.
const (
	ReadCommitted   Isolation = "read_committed" // the default
	ReadUncommitted Isolation = "read_uncommitted"
)

// Config says what to consume and how. Brokers, Topics, GroupID and Open have to be set; the zero value
// of everything else works.
type Config struct {
	Brokers []string // host:port, to connect to first

	// Dialer connects to the group coordinator. Transport carries everything else; give it the same TLS
	// and SASL, and the topics as MetadataTopics. It should be the consumer's own: its idle connections
	// are closed when a leader has moved, and at the end of Run. Each is made from the other, or plain,
	// when nil.
	Dialer    *kafka.Dialer
	Transport *kafka.Transport
	ClientID  string // "picket"

	Topics  []string
	GroupID string

	SessionTimeout    time.Duration // 45 s
	RebalanceTimeout  time.Duration // 60 s
	HeartbeatInterval time.Duration // 1 s
	// DrainTimeout is how long a revoked partition may take to finish its batch: 15 s, or a third of
	// SessionTimeout if that is less. Heartbeats stop when a rebalance begins, so with HeartbeatInterval
	// it must leave a tenth of SessionTimeout, and it must fit into RebalanceTimeout.
	DrainTimeout time.Duration
	// ShutdownTimeout is how long Run may take to end after its context: 30 s. It takes longer only when
	// a Handler ignores its context.
	ShutdownTimeout time.Duration

	AutoOffsetReset OffsetReset
	IsolationLevel  Isolation

	FetchMinBytes   int           // 1
	FetchMaxBytes   int           // per fetch of one partition: 1 MiB; a larger first batch comes all the same
	FetchMaxWait    time.Duration // how long the broker may wait for FetchMinBytes: 500 ms
	PrefetchBatches int           // fetches that wait while one is handled, per partition: 1
	// MaxBatchBytes bounds what one record batch may decompress to: 128 MiB.
	MaxBatchBytes int

	// WatchInterval is how often the topics are looked at for partitions and topics that came or went:
	// 5 s. The Transport's MetadataTTL comes on top.
	WatchInterval time.Duration

	Open   Opener
	Logger *slog.Logger // none when nil
}

const (
	joinBackoff = 250 * time.Millisecond // between failed attempts to join
	maxGroupIO  = 5 * time.Second        // for one request to the group coordinator, beyond what it may wait
)

// withDefaults fills in what is zero.
func (cfg Config) withDefaults() Config {
	duration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	number := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	duration(&cfg.SessionTimeout, 45*time.Second)
	duration(&cfg.RebalanceTimeout, 60*time.Second)
	duration(&cfg.HeartbeatInterval, time.Second)
	duration(&cfg.DrainTimeout, min(15*time.Second, cfg.SessionTimeout/3))
	duration(&cfg.ShutdownTimeout, 30*time.Second)
	duration(&cfg.FetchMaxWait, 500*time.Millisecond)
	duration(&cfg.WatchInterval, 5*time.Second)
	number(&cfg.FetchMinBytes, 1)
	number(&cfg.FetchMaxBytes, 1<<20)
	number(&cfg.PrefetchBatches, 1)
	if cfg.AutoOffsetReset == "" {
		cfg.AutoOffsetReset = Earliest
	}
	if cfg.IsolationLevel == "" {
		cfg.IsolationLevel = ReadCommitted
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "picket"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg.withConnections()
}

// withConnections makes the Dialer and the Transport that are missing.
func (cfg Config) withConnections() Config {
	if cfg.Dialer == nil {
		cfg.Dialer = &kafka.Dialer{ClientID: cfg.ClientID, DualStack: true}
		if t := cfg.Transport; t != nil {
			cfg.Dialer.TLS, cfg.Dialer.SASLMechanism = t.TLS, t.SASL
		}
	}
	dialer := *cfg.Dialer // the caller's is not ours to change
	cfg.Dialer = &dialer
	if dialer.Timeout == 0 {
		dialer.Timeout = 10 * time.Second
	}
	if dialer.ClientID == "" {
		dialer.ClientID = cfg.ClientID
	}
	if cfg.Transport == nil {
		cfg.Transport = &kafka.Transport{
			ClientID: cfg.ClientID, TLS: cfg.Dialer.TLS, SASL: cfg.Dialer.SASLMechanism,
			DialTimeout: cfg.Dialer.Timeout, MetadataTopics: cfg.Topics,
		}
	}
	return cfg
}

// check refuses what cannot work, all of it at once. It wants the defaults filled in.
func (cfg *Config) check() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(len(cfg.Brokers) == 0 || slices.Contains(cfg.Brokers, ""), "no broker to connect to")
	refuse(len(cfg.Topics) == 0 || slices.Contains(cfg.Topics, ""), "no topic to consume")
	refuse(cfg.GroupID == "", "no group id")
	refuse(cfg.Open == nil, "no Opener")
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"session timeout", cfg.SessionTimeout}, {"rebalance timeout", cfg.RebalanceTimeout},
		{"heartbeat interval", cfg.HeartbeatInterval}, {"drain timeout", cfg.DrainTimeout},
		{"shutdown timeout", cfg.ShutdownTimeout}, {"fetch max wait", cfg.FetchMaxWait}, {"watch interval", cfg.WatchInterval},
	} {
		refuse(d.d < time.Millisecond || d.d.Milliseconds() > math.MaxInt32, "%s of %v", d.name, d.d)
	}
	refuse(cfg.slack() < cfg.SessionTimeout/10,
		"drain timeout %v and heartbeat interval %v do not fit into nine tenths of session timeout %v: heartbeats stop when a rebalance begins",
		cfg.DrainTimeout, cfg.HeartbeatInterval, cfg.SessionTimeout)
	refuse(cfg.DrainTimeout >= cfg.RebalanceTimeout,
		"drain timeout %v does not fit into rebalance timeout %v: the group would go on without this member",
		cfg.DrainTimeout, cfg.RebalanceTimeout)
	refuse(cfg.FetchMinBytes < 0 || cfg.FetchMinBytes > cfg.FetchMaxBytes, "fetch min bytes %d with fetch max bytes %d", cfg.FetchMinBytes, cfg.FetchMaxBytes)
	refuse(cfg.FetchMaxBytes < 1 || cfg.FetchMaxBytes > math.MaxInt32, "fetch max bytes %d", cfg.FetchMaxBytes)
	refuse(cfg.PrefetchBatches < 1, "prefetch of %d batches", cfg.PrefetchBatches)
	refuse(cfg.MaxBatchBytes < 0, "max batch bytes %d", cfg.MaxBatchBytes)
	refuse(!slices.Contains([]OffsetReset{Earliest, Latest, None}, cfg.AutoOffsetReset), "auto offset reset %q", cfg.AutoOffsetReset)
	refuse(!slices.Contains([]Isolation{ReadCommitted, ReadUncommitted}, cfg.IsolationLevel), "isolation level %q", cfg.IsolationLevel)
	return errors.Join(errs...)
}

// slack is what the session leaves when the next heartbeat and then the drain take all the time that they
// may.
func (cfg *Config) slack() time.Duration {
	return cfg.SessionTimeout - cfg.DrainTimeout - cfg.HeartbeatInterval
}

// groupIO is how long a request to the coordinator may take, so that a hung heartbeat and the drain after
// it end inside the session, before somebody else gets the partitions.
func (cfg *Config) groupIO() time.Duration { return min(maxGroupIO, cfg.slack()/2) }
