package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/picketsigma/picket/console"
	"github.com/picketsigma/picket/consumer"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/picketsigma/picket/producer"
	"github.com/segmentio/kafka-go"
)

// service is picket as `run` and `demo` run it: consumer, detection, publisher and console, wired by the
// settings. Run it once.
type service struct {
	cfg       *Config
	log       *slog.Logger
	detection *detection
	probe     consumer.Config // what the probe connects with
	consumer  *consumer.Consumer
	publisher *producer.Publisher
	metrics   *console.Metrics
	console   *console.Server // nil when http.listen is empty
	idle      []*kafka.Transport

	brokers, topics trouble
}

// trouble is why something is not ready, in words; the zero value is that it is not known yet. It is safe
// for concurrent use.
type trouble struct{ words atomic.Pointer[string] }

func (t *trouble) set(words string) { t.words.Store(&words) }

// reason gives the words, or unknown when nothing was set yet, or "" when all is well.
func (t *trouble) reason(unknown string) string {
	if p := t.words.Load(); p != nil {
		return *p
	}
	return unknown
}

// newService wires the service. Nothing is connected yet; files of certificates are read.
func newService(cfg *Config, rules *ruleset, log *slog.Logger) (*service, error) {
	conn, err := newConnection(&cfg.Kafka)
	if err != nil {
		return nil, err
	}
	version, _ := buildVersion()
	s := &service{cfg: cfg, log: log, metrics: console.NewMetrics(version, runtime.Version())}
	s.metrics.SetRuleset(rules.forMetrics())
	if err := s.makePublisher(conn); err != nil {
		return nil, err
	}
	key, err := producer.ParseKeyBy(cfg.Alerts.Key)
	if err != nil {
		return nil, err
	}
	style, err := producer.ParseHeaderStyle(cfg.DeadLetters.HeaderStyle)
	if err != nil {
		return nil, err
	}
	s.detection = &detection{
		sink: s.publisher, metrics: s.metrics, log: log,
		alerts: producer.EncoderConfig{Topic: cfg.Alerts.Topic, Key: key, Version: version, MaxRecordBytes: int(cfg.Alerts.MaxRecordBytes)},
		deadLetters: producer.DeadLetterConfig{
			Topic: cfg.DeadLetters.Topic, Group: cfg.Kafka.GroupID, Version: version, Style: style, MaxRecordBytes: maxDeadLetter,
		},
	}
	s.detection.rules.Store(rules)
	if err := s.makeConsumer(conn); err != nil {
		return nil, err
	}
	s.metrics.Observe(s.group, func() map[string]uint64 { return s.publisher.Stats().Errors })
	if cfg.HTTP.Listen != "" {
		s.console = console.New(console.Config{Listen: cfg.HTTP.Listen, Metrics: s.metrics, Log: log, Live: s.notLive, Ready: s.notReady})
	}
	return s, nil
}

// maxDeadLetter lets every dead letter be tried as it is: only its topic knows how large a record it takes.
const maxDeadLetter = 64 << 20

func (s *service) makePublisher(conn *connection) error {
	codec, err := wire.ParseCodec(s.cfg.Alerts.Compression)
	if err != nil {
		return err
	}
	topics := []string{s.cfg.Alerts.Topic}
	if t := s.cfg.DeadLetters.Topic; t != "" && t != s.cfg.Alerts.Topic {
		topics = append(topics, t)
	}
	transport := conn.transport(topics...)
	s.idle = append(s.idle, transport)
	s.publisher, err = producer.NewPublisher(producer.PublisherConfig{
		Addr: kafka.TCP(s.cfg.Kafka.BootstrapServers...), Transport: transport, Topics: topics, Compression: codec,
		MaxBatchBytes: int(s.cfg.Alerts.MaxRecordBytes), Logger: s.log,
	})
	return err
}

func (s *service) makeConsumer(conn *connection) error {
	k := &s.cfg.Kafka
	transport := conn.transport(s.cfg.Input.Topics...)
	s.idle = append(s.idle, transport)
	cfg := consumer.Config{
		Brokers: k.BootstrapServers, Dialer: conn.dialer(), Transport: transport, ClientID: k.ClientID,
		Topics: s.cfg.Input.Topics, GroupID: k.GroupID,
		SessionTimeout: k.SessionTimeout, RebalanceTimeout: k.RebalanceTimeout, HeartbeatInterval: k.HeartbeatInterval,
		DrainTimeout: k.DrainTimeout, ShutdownTimeout: s.cfg.ShutdownTimeout,
		AutoOffsetReset: consumer.OffsetReset(k.AutoOffsetReset), IsolationLevel: consumer.Isolation(k.IsolationLevel),
		FetchMinBytes: int(k.FetchMinBytes), FetchMaxBytes: int(k.FetchMaxBytes), FetchMaxWait: k.FetchMaxWait,
		Open: s.detection.open, Logger: s.log,
	}
	s.probe = cfg
	var err error
	s.consumer, err = consumer.New(cfg)
	return err
}

// run consumes until ctx ends, and then until what is in flight is acknowledged and committed.
//
// Start: the console first, so that it can say what is missing; then the brokers have to answer; then the
// group. Stop: the group, which drains; the watch over the topics; the console last, so that it can be
// asked to the end.
func (s *service) run(ctx context.Context) error {
	last, stop := context.WithCancel(context.WithoutCancel(ctx))
	var rest sync.WaitGroup
	defer rest.Wait()
	defer stop()
	if s.console != nil {
		if err := s.console.Listen(ctx); err != nil {
			return fmt.Errorf("%w; choose another address with http.listen", err)
		}
		s.log.Info("console is listening", "addr", s.console.Addr())
		rest.Go(func() {
			if err := s.console.Run(last); err != nil {
				s.log.Error("console has ended", "err", err)
			}
		})
	}
	defer func() {
		for _, t := range s.idle {
			t.CloseIdleConnections()
		}
	}()
	if err := s.awaitBrokers(ctx); err != nil {
		return err
	}
	rest.Go(func() { s.watchTopics(last) })
	return s.consumer.Run(ctx)
}

// remindEvery is how often a trouble that lasts is logged again.
const remindEvery = 30 * time.Second

// awaitBrokers returns when a broker answers, or ctx ends. What no waiting can help is an error: a refused
// password must not be tried again and again, and encryption that does not fit will not begin to.
func (s *service) awaitBrokers(ctx context.Context) error {
	var began, logged time.Time
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := consumer.Probe(ctx, s.probe)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // a probe that was cut short says nothing about the brokers
		}
		if isFinal(err, s.cfg.Kafka.usesSASL()) {
			return err
		}
		if !errors.Is(err, consumer.ErrUnreachable) && !errors.Is(err, consumer.ErrAuthentication) {
			s.brokers.set("")
			if !logged.IsZero() {
				s.log.Info("brokers answer", "dur", time.Since(began).Round(time.Millisecond))
			}
			return nil // what is wrong with topics, the consumer waits for and says
		}
		s.brokers.set(err.Error())
		now := time.Now()
		if logged.IsZero() {
			began = now
		}
		if now.Sub(logged) >= remindEvery {
			s.log.Error("brokers do not answer; consuming begins when they do", "err", err)
			logged = now
		}
		if !sleep(ctx, wait) {
			return nil
		}
	}
}

// isFinal reports whether waiting cannot help. A connection that is closed while a password is being sent
// is no refusal: a proxy does that when its broker has not started.
func isFinal(err error, sasl bool) bool {
	closed := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	return errors.Is(err, consumer.ErrTLS) || errors.Is(err, consumer.ErrAuthentication) && (!sasl || !closed)
}

// How often the topics of alerts and dead letters are looked at.
const (
	watchWell = 10 * time.Second
	watchIll  = time.Second
)

// watchTopics keeps readiness informed on whether alerts and dead letters can be published.
func (s *service) watchTopics(ctx context.Context) {
	var logged time.Time
	for {
		err := s.publisher.Check(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := watchWell
		if err == nil {
			s.topics.set("")
			if !logged.IsZero() {
				s.log.Info("alerts can be published")
			}
			logged = time.Time{}
		} else {
			wait = watchIll
			s.topics.set(err.Error())
			if now := time.Now(); now.Sub(logged) >= remindEvery {
				s.log.Error("alerts or dead letters cannot be published", "err", err)
				logged = now
			}
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// sleep waits, or returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// notReady lists what keeps picket from doing its work.
func (s *service) notReady() []string {
	if why := s.brokers.reason("the brokers have not been reached yet"); why != "" {
		return []string{why}
	}
	why := s.consumer.NotReady()
	if topics := s.topics.reason("the topics for alerts have not been looked at yet"); topics != "" {
		why = append(why, topics)
	}
	return slices.Compact(why)
}

// stuckAfter is how long one batch may be evaluated before the process is taken for stuck. It is thousands
// of times what the slowest takes.
const stuckAfter = time.Minute

// notLive says whether a batch is being evaluated that does not end. Waiting for brokers is no reason: a
// restart would not help.
func (s *service) notLive() []string {
	if d := s.detection.handlers.longest(time.Now()); d > stuckAfter {
		return []string{fmt.Sprintf("a batch has been evaluated for %s", d.Round(time.Second))}
	}
	return nil
}

// group translates the consumer's own counts for the console.
func (s *service) group() console.Group {
	stats := s.consumer.Stats()
	g := console.Group{Rebalances: stats.Rebalances, CommitErrors: stats.CommitErrors, InFlight: stats.InFlight}
	for _, p := range stats.Partitions {
		g.Partitions = append(g.Partitions, console.Partition{
			Topic: p.Topic, Partition: p.Partition, LagRecords: p.LagRecords, LagSeconds: p.LagSeconds,
		})
	}
	return g
}
