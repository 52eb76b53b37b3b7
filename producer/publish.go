package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

// PublisherConfig says how a Publisher reaches Kafka. Addr and Transport have to be set; the rest works
// as it is.
type PublisherConfig struct {
	Addr net.Addr // of the cluster, for instance kafka.TCP(brokers...)
	// Transport carries TLS, SASL and the client id. It should be the Publisher's own: its idle
	// connections are closed when a partition has moved. Its MetadataTopics, if set, must hold every
	// topic that is published to.
	Transport *kafka.Transport
	// Topics are those that Check looks at.
	Topics      []string
	Compression wire.Codec // none when zero
	// MaxBatchBytes bounds a batch before compression; a larger record travels alone. 0 means 1 MB. A
	// topic that takes less is learned from its refusals.
	MaxBatchBytes   int
	MaxBatchRecords int           // 0 means 10,000
	RequestTimeout  time.Duration // for one attempt; the broker is given half of it to replicate. 0 means 10 s
	BackoffMin      time.Duration // 0 means 50 ms
	BackoffMax      time.Duration // 0 means 1 s, as in Kafka's own clients
	// DisableIdempotence is for brokers without InitProducerId: a retry may then store a batch twice.
	DisableIdempotence bool
	Logger             *slog.Logger // nothing is logged when nil
}

// Publisher is the Sink for at-least-once delivery. It is safe for concurrent use.
//
// Records go to partitions by key as with Java's default partitioner; those without a key to one
// partition per Publish, in turn. Each partition has a lane: the records waiting for it and the one batch
// that is out. Publish calls drive the lanes themselves, in their own goroutine: a call takes every idle
// lane that it needs, encodes what is waiting there, from all calls, into one batch each, and sends the
// batches in one request per leader. The others wait for it.
//
// Everything is retried for as long as the caller's context lives, with the very same bytes and sequence,
// so that the broker stores a batch once and in order. After a refused sequence, or when a batch whose
// fate is unknown was given up by all its callers, the lane takes a new producer id and starts at zero:
// from then on a batch may be stored twice, with equal alert ids, and never lost.
//
// A Publisher has no goroutines between calls and nothing to close; the Transport's idle connections are
// its owner's to close.
type Publisher struct {
	cfg        PublisherConfig
	client     *kafka.Client
	compressor *wire.Compressor
	ids        chan struct{} // held while the current producer id is looked at or replaced
	current    wire.Producer // the newest producer id, under ids
	calls      sync.Pool     // *call
	requests   sync.Pool     // *wire.ProduceRequest

	mu          sync.Mutex
	encoded     *sync.Cond // a flight's encoding has ended
	topics      map[string]*topic
	flights     []*flight // to reuse
	lastCall    uint64
	lastRefresh time.Time
	stats       Stats
	trouble     trouble
}

// NewPublisher makes a Publisher. It does not connect: Check says whether the topics can be reached.
func NewPublisher(cfg PublisherConfig) (*Publisher, error) {
	if cfg.Addr == nil || cfg.Transport == nil {
		return nil, errors.New("publisher: Addr and Transport have to be set")
	}
	setDefault(&cfg.MaxBatchBytes, 1_000_000)
	setDefault(&cfg.MaxBatchRecords, 10_000)
	setDefault(&cfg.RequestTimeout, 10*time.Second)
	setDefault(&cfg.BackoffMin, 50*time.Millisecond)
	setDefault(&cfg.BackoffMax, time.Second)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	compressor, err := wire.NewCompressor(cfg.Compression)
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	p := &Publisher{
		cfg:        cfg,
		client:     &kafka.Client{Addr: cfg.Addr, Transport: cfg.Transport},
		compressor: compressor,
		ids:        make(chan struct{}, 1),
		current:    wire.NoProducer(),
		topics:     map[string]*topic{},
		stats:      Stats{Errors: map[string]uint64{}},
		trouble:    trouble{},
	}
	p.encoded = sync.NewCond(&p.mu)
	p.calls.New = func() any { return &call{wake: make(chan struct{}, 1)} }
	p.requests.New = func() any {
		return &wire.ProduceRequest{ClientID: cfg.Transport.ClientID, Timeout: cfg.RequestTimeout / 2}
	}
	return p, nil
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}

var _ Sink = (*Publisher)(nil)

// call is one Publish.
type call struct {
	id      uint64
	records []kafka.Message
	parts   []int32 // of each record
	lanes   []*lane // that got some of the records
	wake    chan struct{}

	left    int   // records not yet done, under Publisher.mu; so is the rest
	refused []int // too large
	largest int
}

// Publish sends the records and returns when all are acknowledged. It retries for as long as ctx lives,
// and returns early only with a *TooLargeError. When ctx ends, the error wraps ctx's and the last one seen.
func (p *Publisher) Publish(ctx context.Context, records []kafka.Message) error {
	if len(records) == 0 {
		return nil
	}
	c, _ := p.calls.Get().(*call)
	c.records = records
	defer p.putCall(c)
	if err := p.route(ctx, c); err != nil {
		return err
	}
	p.enqueue(c)
	for {
		work, wait, done := p.claim(c)
		if done {
			return c.result()
		}
		if len(work) > 0 {
			p.drive(ctx, work)
		} else if err := c.sleep(ctx, wait); err == nil {
			continue
		}
		if ctx.Err() != nil {
			if done, err := p.abandon(ctx, c); !done {
				return err
			}
			return c.result()
		}
	}
}

// putCall empties a call for its next use. Nobody refers to it any more: its records are done, or abandoned.
func (p *Publisher) putCall(c *call) {
	select {
	case <-c.wake:
	default:
	}
	clear(c.lanes)
	*c = call{parts: c.parts[:0], lanes: c.lanes[:0], wake: c.wake}
	p.calls.Put(c)
}

// sleep waits until a lane of the call is free, or for the time that the earliest retry is away.
func (c *call) sleep(ctx context.Context, wait time.Duration) error {
	if wait == 0 {
		select {
		case <-c.wake:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-c.wake:
		return nil
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes the call's Publish.
func (c *call) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// result is the outcome of a call that has nothing left to wait for.
func (c *call) result() error {
	if len(c.refused) == 0 {
		return nil
	}
	slices.Sort(c.refused)
	return &TooLargeError{Topic: c.records[c.refused[0]].Topic, Records: c.refused, Size: c.largest}
}

// route finds the partition of each record, waiting for topics that are not there.
func (p *Publisher) route(ctx context.Context, c *call) error {
	c.parts = c.parts[:0]
	name, partitions, keyless := "", 0, int32(-1)
	for i := range c.records {
		r := &c.records[i]
		if i == 0 || r.Topic != name {
			var err error
			if partitions, err = p.awaitTopic(ctx, r.Topic); err != nil {
				return fmt.Errorf("publish to %s: %w", r.Topic, err)
			}
			name, keyless = r.Topic, -1
		}
		if r.Key != nil {
			c.parts = append(c.parts, partitionFor(r.Key, partitions))
			continue
		}
		if keyless < 0 {
			keyless = p.nextPartition(name)
		}
		c.parts = append(c.parts, keyless)
	}
	return nil
}

// enqueue puts the records on their lanes.
func (p *Publisher) enqueue(c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastCall++
	c.id = p.lastCall
	c.left = len(c.records)
	for i := range c.records {
		l := p.topics[c.records[i].Topic].lanes[c.parts[i]]
		l.queue = append(l.queue, item{call: c, index: i})
		if l.lastCall != c.id {
			l.lastCall = c.id
			c.lanes = append(c.lanes, l)
		}
	}
}

// claim takes the idle lanes that the call needs. With none to take, wait is the time until the first may
// be retried, or 0 when all are in other hands.
func (p *Publisher) claim(c *call) (work []*lane, wait time.Duration, done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.left == 0 {
		return nil, 0, true
	}
	var now time.Time
	for _, l := range c.lanes {
		if l.busy || (l.flight == nil && len(l.queue) == 0) {
			continue
		}
		if !l.retryAt.IsZero() {
			if now.IsZero() {
				now = time.Now()
			}
			if d := l.retryAt.Sub(now); d > 0 {
				if wait == 0 || d < wait {
					wait = d
				}
				continue
			}
		}
		l.busy = true
		work = append(work, l)
	}
	return work, wait, false
}

// abandon takes the call's records back when its context has ended. What is being sent may be stored.
func (p *Publisher) abandon(ctx context.Context, c *call) (done bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.left == 0 {
		return true, nil
	}
	var last error
	for _, l := range c.lanes {
		l.dropQueued(c)
		for l.flight != nil && l.flight.encoding {
			p.encoded.Wait() // another call is reading our records; it is not waiting for anything
		}
		if l.flight != nil {
			l.flight.forget(c)
			if l.flight.live == 0 && !l.busy {
				p.drop(l)
			}
		}
		if l.err != nil {
			last = l.err
		}
	}
	if last == nil {
		return false, fmt.Errorf("publish %d records: %w", len(c.records), context.Cause(ctx))
	}
	return false, fmt.Errorf("publish %d records: %w (%w)", len(c.records), context.Cause(ctx), last)
}
