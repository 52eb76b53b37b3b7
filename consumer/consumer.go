package consumer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

// Consumer is one member of a consumer group. Run it once. Stats and NotReady may be called from any
// goroutine, before, during and after.
type Consumer struct {
	cfg    Config
	log    *slog.Logger
	addr   net.Addr
	client *kafka.Client

	buffers      wire.Buffers
	decompressor *wire.Decompressor
	fetches      sync.Pool // *fetched
	outage       outage
	metadata     refresher

	groupNotice notice // consume's

	rejoin  chan struct{} // one pending wish to have the partitions distributed anew
	running atomic.Bool
	counts  counters
}

// New checks the configuration and connects to nothing. The error lists all that is wrong.
func New(cfg Config) (*Consumer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("consumer: %w", err)
	}
	c := &Consumer{
		cfg: cfg, log: cfg.Logger, addr: kafka.TCP(cfg.Brokers...),
		decompressor: wire.NewDecompressor(cfg.MaxBatchBytes),
		rejoin:       make(chan struct{}, 1),
	}
	c.client = &kafka.Client{Addr: c.addr, Transport: cfg.Transport, Timeout: maxGroupIO}
	c.fetches.New = func() any { return &fetched{walker: wire.Walker{Decompressor: c.decompressor}} }
	c.outage.log, c.outage.look = cfg.Logger, c.lookCloser
	c.metadata.transport = cfg.Transport
	c.counts.init()
	return c, nil
}

// Run joins the group and consumes until ctx ends. Then it stops fetching, lets the batches in flight
// finish, commits, leaves the group, and returns nil. What is not done within the drain timeout is left
// uncommitted and makes Run return ErrAbandoned; leaving the group is cut short by the shutdown timeout.
//
// Nothing that Run started outlives it, save what the Transport does with a connection that was waiting
// for a broker's answer. Brokers that are down, topics that do not exist and requests that are refused
// do not end Run: they are logged, counted and tried again.
func (c *Consumer) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errors.New("consumer: Run may be called once")
	}
	defer c.cfg.Transport.CloseIdleConnections()
	for ctx.Err() == nil {
		partitions, err := c.awaitTopics(ctx)
		if err != nil {
			break // only ctx ends it
		}
		if err := c.consume(ctx, partitions); err != nil {
			return fmt.Errorf("consumer: %w", err)
		}
	}
	if c.counts.cutShort.Load() {
		return fmt.Errorf("consumer: %w", ErrAbandoned)
	}
	return nil
}

// consume is a member of the group for as long as the topics stay the same. partitions holds the
// topics that exist and how many partitions each had before joining.
func (c *Consumer) consume(ctx context.Context, partitions map[string]int) error {
	select {
	case <-c.rejoin: // a wish that joining grants
	default:
	}
	same, changed := context.WithCancel(ctx)
	defer changed()
	connections := newConnections(c.cfg.Dialer)
	group, err := c.newGroup(partitions, connections)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer changed()
	wg.Go(func() {
		c.watchTopics(same, partitions)
		changed()
	})
	for same.Err() == nil {
		// kafka-go's goroutine waits until its errors are read here.
		gen, err := group.Next(same)
		switch {
		case err == nil && same.Err() == nil:
			c.outage.ok(sourceGroup)
			c.groupNotice.clear(c.log, "group can be joined again")
			gen.Start(func(ended context.Context) { c.generation(ctx, ended, gen) })
		case err != nil && same.Err() == nil:
			c.groupError(same, err)
		}
	}
	c.closeGroup(group, connections)
	return nil
}

func (c *Consumer) newGroup(partitions map[string]int, conns *connections) (*kafka.ConsumerGroup, error) {
	dialer := *c.cfg.Dialer
	dialer.DialFunc = conns.open
	var topics []string
	for _, t := range c.cfg.Topics { // in the order of the settings: all members should agree
		if partitions[t] > 0 {
			topics = append(topics, t)
		}
	}
	return kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                c.cfg.GroupID,
		Brokers:           c.cfg.Brokers,
		Dialer:            &dialer,
		Topics:            topics,
		HeartbeatInterval: c.cfg.HeartbeatInterval,
		SessionTimeout:    c.cfg.SessionTimeout,
		RebalanceTimeout:  c.cfg.RebalanceTimeout,
		JoinGroupBackoff:  joinBackoff,
		Timeout:           c.cfg.groupIO(),
		// kafka-go's own watcher rejoins in a tight loop while a topic does not exist, and ends the
		// generation on errors that pass; watchTopics does its work.
		WatchPartitionChanges: false,
	})
}

// closeGroup ends the generation, which drains, and leaves the group. kafka-go waits without a limit
// for a coordinator that does not answer: after the shutdown timeout its connections are closed under it.
func (c *Consumer) closeGroup(group *kafka.ConsumerGroup, conns *connections) {
	force := time.AfterFunc(c.cfg.ShutdownTimeout, conns.close)
	defer force.Stop()
	if err := group.Close(); err != nil {
		c.log.Warn("leaving the group", "group", c.cfg.GroupID, "err", err)
	}
	conns.close()
}

// groupError reports why joining did not work. kafka-go tries again by itself.
func (c *Consumer) groupError(ctx context.Context, err error) {
	if disconnected(err) {
		c.outage.fail(ctx, sourceGroup, err)
		return
	}
	if errors.Is(err, kafka.RebalanceInProgress) || errors.Is(err, kafka.UnknownMemberId) {
		c.log.Debug("joining the group", "group", c.cfg.GroupID, "err", err)
		return
	}
	c.groupNotice.report(c.log, "group cannot be joined", err, "group", c.cfg.GroupID)
}
