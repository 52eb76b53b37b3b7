package main

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/picketsigma/picket/consumer"
	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/internal/broker"
	"github.com/picketsigma/picket/producer"
	"github.com/segmentio/kafka-go"
)

// recording is a morning in an office that does not exist, made by recording_test.go.
//
//go:embed demo/recording.jsonl.gz
var recording []byte

// Topics of the demo, by their usual names.
const (
	demoEvents      = "sysmon"
	demoAlerts      = "alerts"
	demoDeadLetters = "sysmon-dead-letters"
	demoPartitions  = 4
)

// demoPatience bounds every wait of the demo for something that takes milliseconds.
const demoPatience = 20 * time.Second

// demo is `picket demo`: a broker, the service of `run`, somebody who sends events, somebody who reads
// alerts.
type demo struct {
	app     *app
	rules   *ruleset
	events  []kafka.Message
	shapes  []string
	printer *alertPrinter
}

// newDemo loads the rules and unpacks the recording.
func newDemo(a *app, cfg *RulesConfig) (*demo, error) {
	rules, err := loadRuleset(cfg)
	if err != nil {
		return nil, err
	}
	if refused := rules.refusals(); refused != nil {
		a.say("%v\n", refused)
	}
	d := &demo{app: a, rules: rules, printer: &alertPrinter{out: a.stdout, style: a.style(a.stdoutTTY)}}
	unzipped, err := gzip.NewReader(bytes.NewReader(recording))
	if err != nil {
		return nil, fmt.Errorf("the bundled recording: %w", err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, fmt.Errorf("the bundled recording: %w", err)
	}
	decoder := event.NewDecoder(rules.engine.Schema())
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if _, err := decoder.Decode(line, -1); err != nil {
			return nil, fmt.Errorf("the bundled recording: %w", err)
		}
		ev, err := decoder.Event(0)
		if err != nil {
			return nil, fmt.Errorf("the bundled recording: %w", err)
		}
		if shape := string(ev.Shape); !slices.Contains(d.shapes, shape) {
			d.shapes = append(d.shapes, shape)
		}
		// As a shipper would: the events of a host stay in order.
		d.events = append(d.events, kafka.Message{Topic: demoEvents, Key: []byte(ev.Computer()), Value: line})
	}
	return d, nil
}

// run plays the demo; once says to end after the summary.
func (d *demo) run(ctx context.Context, once bool) error {
	kafkaBroker, err := broker.Start(broker.Config{})
	if err != nil {
		return err
	}
	defer kafkaBroker.Close()
	err = kafkaBroker.CreateTopics(
		broker.Topic{Name: demoEvents, Partitions: demoPartitions},
		broker.Topic{Name: demoAlerts, Partitions: demoPartitions},
		broker.Topic{Name: demoDeadLetters})
	if err != nil {
		return err
	}
	cfg, err := demoConfig(kafkaBroker.Addr())
	if err != nil {
		return err
	}
	log := newLogger(d.app.stderr, &cfg.Log)
	s, err := newService(cfg, d.rules, log)
	if err != nil {
		return err
	}
	d.printer.intro(len(d.events), d.shapes, d.rules.summary(), kafkaBroker.Addr())
	return untilSignal(ctx, log, cfg.ShutdownTimeout, func(ctx context.Context) error {
		return d.play(ctx, s, cfg, log, once)
	})
}

// demoConfig is the default settings, with a Kafka at addr.
func demoConfig(addr string) (*Config, error) {
	cfg, err := loadConfig(configSources{flags: map[string][]string{
		"kafka.bootstrap_servers": {addr},
		"kafka.group_id":          {"picket-demo"},
		"input.topics":            {demoEvents},
		"alerts.topic":            {demoAlerts},
		"dead_letters.topic":      {demoDeadLetters},
		"http.listen":             {"127.0.0.1:0"},
		"shutdown_timeout":        {"10s"},
		"log.level":               {"warn"},
	}})
	if err != nil {
		return nil, err
	}
	return &cfg.Config, nil
}

// play runs the service and the reader of its alerts, sends the recording, and waits for the outcome.
func (d *demo) play(ctx context.Context, s *service, cfg *Config, log *slog.Logger, once bool) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	reader, err := consumer.New(consumer.Config{
		Brokers: cfg.Kafka.BootstrapServers, GroupID: "picket-demo-reader", Topics: []string{demoAlerts}, Logger: log,
		Open: func(context.Context, consumer.Assignment) (consumer.Handler, error) { return d.printer, nil },
	})
	if err != nil {
		return err
	}
	var both sync.WaitGroup
	var errs [2]error
	for i, run := range []func(context.Context) error{s.run, reader.Run} {
		both.Go(func() {
			errs[i] = run(running)
			stop(errs[i]) // neither is of use without the other
		})
	}
	outcome := d.watch(running, s, reader, cfg)
	if outcome == nil && !once {
		d.printer.invite(cfg.Kafka.BootstrapServers[0], s.console.Addr())
		<-running.Done()
	}
	stop(nil)
	both.Wait()
	for _, err := range append(errs[:], outcome) {
		if err != nil {
			return err
		}
	}
	return nil
}

// watch sends the recording once both are ready, waits until its last alert is printed, and sums up.
func (d *demo) watch(ctx context.Context, s *service, reader *consumer.Consumer, cfg *Config) error {
	ready := func() bool { return len(s.notReady()) == 0 && len(reader.NotReady()) == 0 }
	if err := waitFor(ctx, "the group to be joined", ready); err != nil {
		return err
	}
	began := time.Now()
	if err := d.replay(ctx, cfg); err != nil {
		return err
	}
	var lag int64
	done := func() bool {
		lag = 0
		for _, p := range s.consumer.Stats().Partitions {
			lag += p.LagRecords
		}
		return lag == 0 && s.detection.events.Load() >= int64(len(d.events))
	}
	if err := waitFor(ctx, "all events to be handled", done); err != nil {
		return err
	}
	took := time.Since(began)
	alerts := s.detection.alertsSent.Load()
	if err := waitFor(ctx, "all alerts to be read", func() bool { return d.printer.count() >= alerts }); err != nil {
		return err
	}
	d.printer.summary(len(d.events), int(alerts), took, lag)
	return nil
}

// replayAtOnce is how many events go out together.
const replayAtOnce = 60

func (d *demo) replay(ctx context.Context, cfg *Config) error {
	transport := &kafka.Transport{ClientID: "picket-demo"}
	defer transport.CloseIdleConnections()
	sender, err := producer.NewPublisher(producer.PublisherConfig{Addr: kafka.TCP(cfg.Kafka.BootstrapServers...), Transport: transport})
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(d.events, replayAtOnce) {
		if err := sender.Publish(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// waitFor polls for something that is a matter of milliseconds.
func waitFor(ctx context.Context, what string, happened func() bool) error {
	deadline := time.Now().Add(demoPatience)
	for !happened() {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s for %s; this is a bug of picket, please report it", demoPatience, what)
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return nil
}
