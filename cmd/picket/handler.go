package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/picketsigma/picket/console"
	"github.com/picketsigma/picket/consumer"
	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/producer"
)

// detection is what the handlers of all partitions share. It is safe for concurrent use.
type detection struct {
	rules   atomic.Pointer[ruleset] // read once per batch: a batch is matched by one set
	sink    producer.Sink
	metrics *console.Metrics
	log     *slog.Logger
	alerts  producer.EncoderConfig
	// deadLetters has no Topic when records that cannot be evaluated are to be skipped.
	deadLetters producer.DeadLetterConfig

	rejects  limiter // by code
	panics   limiter
	handlers busyList
	// Acknowledged by the brokers since the start.
	events, alertsSent atomic.Int64
}

// open makes the handler of a partition that was assigned. It is the consumer.Opener.
func (d *detection) open(_ context.Context, a consumer.Assignment) (consumer.Handler, error) {
	h := &handler{
		detection: d, assignment: a,
		log:     d.log.With("topic", a.Topic, "partition", a.Partition),
		encoder: producer.NewEncoder(d.alerts),
	}
	if d.deadLetters.Topic != "" {
		h.letters = producer.NewDeadLetters(d.deadLetters)
	}
	h.onRecord, h.onPanic = h.record, h.panicked
	d.handlers.add(&h.busy)
	return h, nil
}

// handler takes the batches of one partition of one generation from records to acknowledged alerts. The
// partition's worker owns it.
type handler struct {
	*detection
	evaluator
	assignment consumer.Assignment
	log        *slog.Logger
	encoder    *producer.Encoder
	letters    *producer.DeadLetters // nil without a topic for them
	busy       busy

	// Of the batch in hand.
	batch    *consumer.Batch
	observed time.Time
	stage    string // of the record in hand, for a panic
	tally    console.Tally
	sent     []sentAlert // parallel to the encoder's records
	// truncated is the encoder's count before the batch.
	truncated uint64

	onRecord func(i int)
	onPanic  func(i int, b *bug)
}

var _ consumer.Handler = (*handler)(nil)

// sentAlert is what the metrics want to know of an alert once it is acknowledged.
type sentAlert struct {
	rule, level string
	time        time.Time
}

// Handle returns nil when the alerts and dead letters of the batch are acknowledged. After an error the
// same batch comes again, and with it the same alert ids: nothing is counted before the end.
func (h *handler) Handle(ctx context.Context, b *consumer.Batch) error {
	h.begin(b)
	guarded(len(b.Records), h.onRecord, h.onPanic)
	h.busy.done()
	h.tally.Match = time.Since(h.observed)
	h.tally.Candidates = h.candidates() - h.tally.Candidates
	if err := h.encoder.Publish(ctx, h.sink); err != nil {
		return err
	}
	if h.letters != nil {
		if err := h.letters.Publish(ctx, h.sink); err != nil {
			return err
		}
	}
	h.count()
	return nil
}

// Close is called when the partition is no longer this member's.
func (h *handler) Close() { h.handlers.remove(&h.busy) }

// begin forgets the batch before.
func (h *handler) begin(b *consumer.Batch) {
	if r := h.detection.rules.Load(); r != h.evaluator.rules {
		h.use(r)
	}
	h.batch = b
	h.observed = time.Now()
	h.busy.since(h.observed)
	h.encoder.Reset()
	h.sent = h.sent[:0]
	if h.letters != nil {
		h.letters.Reset()
	}
	h.tally.Reset()
	h.tally.Topic, h.tally.Partition = b.Topic, b.Partition
	h.tally.Candidates = h.candidates()
	h.truncated = h.encoder.Stats().Truncated
}

// candidates is how many rules the session has tried so far.
func (h *handler) candidates() uint64 { return uint64(h.session.Stats().Candidates) }

// record evaluates record i of the batch.
func (h *handler) record(i int) {
	r := &h.batch.Records[i]
	h.stage = producer.StageEvaluate
	h.tally.Records++
	h.tally.Bytes += int64(len(r.Value))
	n, err := h.decoder.Decode(r.Value, r.Timestamp)
	for k := range n {
		ev, bad := h.decoder.Event(k)
		if bad != nil {
			if err == nil {
				err = bad // the other events of the record are evaluated all the same
			}
			continue
		}
		h.tally.Event(string(ev.Shape))
		if ev.InvalidUTF8() {
			h.repaired(r)
		}
		for j, hits := 0, h.session.Match(ev); j < len(hits); j++ {
			h.alert(r, ev, &hits[j], k)
		}
	}
	if err != nil {
		why := whyUndecodable(err)
		h.tally.Unroutable(why.Code)
		h.reject(r, producer.Cause{Stage: why.Stage, Code: why.Code, Message: why.Err.Error()})
	}
}

// alert encodes the alert of a hit on event k of a record.
func (h *handler) alert(r *wire.Record, ev *event.Event, hit *matcher.Hit, k int) {
	h.stage = producer.StageEncode
	a := producer.Alert{
		Rule: hit.Rule, Ruleset: h.evaluator.rules.set.Hash, Matches: hit.Matches, Observed: h.observed,
		Host: ev.Computer(), User: ev.User(), Event: ev.Raw,
		Source: producer.Source{
			Topic: h.batch.Topic, Partition: h.batch.Partition, Offset: r.Offset, Index: k, Timestamp: r.Timestamp,
			Key: r.Key, Traceparent: producer.Traceparent(r.Headers),
			Shape: ev.Shape, Provider: ev.Provider(), Channel: ev.Channel, EventID: ev.EventID,
		},
	}
	a.Time, a.TimeSource = ev.Time()
	a.Source.RecordID, a.Source.HasRecordID = ev.RecordID()
	h.encoder.Add(&a)
	if a.Time.IsZero() {
		a.Time = h.observed
	}
	h.sent = append(h.sent, sentAlert{rule: cmp.Or(hit.Rule.ID, hit.Rule.Hash), level: hit.Rule.Level, time: a.Time})
	h.stage = producer.StageEvaluate
}

// reject makes a dead letter of a record, or, without a topic for them, skips it. Either way it is counted
// and, at a limited rate, logged.
func (h *handler) reject(r *wire.Record, why producer.Cause) {
	if h.letters == nil {
		h.tally.Skipped(why.Stage)
	} else {
		h.tally.DeadLetter(why.Stage)
		h.letters.Add(h.batch.Topic, h.batch.Partition, r, why)
	}
	n, ok := h.rejects.allow(why.Code, h.observed)
	switch {
	case !ok:
	case h.letters == nil:
		h.log.Warn("record cannot be evaluated and is skipped; set dead_letters.topic to keep such records",
			"offset", r.Offset, "code", why.Code, "err", why.Message, "n", n)
	default:
		h.log.Warn("record cannot be evaluated and goes to the dead-letter topic",
			"offset", r.Offset, "code", why.Code, "err", why.Message, "n", n)
	}
}

// repaired counts an event that holds bytes that are not UTF-8: it is evaluated as it is.
func (h *handler) repaired(r *wire.Record) {
	h.tally.Repaired++
	if n, ok := h.rejects.allow("invalid_utf8", h.observed); ok {
		h.log.Warn("event holds bytes that are not UTF-8: it is evaluated as it is, and an alert will say U+FFFD in their place",
			"offset", r.Offset, "n", n)
	}
}

// panicked deals with record i, on which something panicked. The others are not affected, but what the
// decoder and the session were in the middle of is given up.
func (h *handler) panicked(i int, b *bug) {
	r := &h.batch.Records[i]
	h.use(h.evaluator.rules)
	h.tally.Candidates = 0 // the new session counts from zero
	h.tally.Panics++
	if n, ok := h.panics.allow(codePanic, h.observed); ok {
		h.log.Error("evaluating a record panicked: this is a bug of picket, please report it",
			"offset", r.Offset, "err", b, "n", n, "stack", string(b.stack))
	}
	h.reject(r, producer.Cause{Stage: h.stage, Code: codePanic,
		Message: fmt.Sprintf("BUG: picket %s panicked; its log has the stack", h.alerts.Version)})
}

// count brings the batch, which is acknowledged, to the metrics.
func (h *handler) count() {
	if len(h.sent) > 0 {
		now := time.Now()
		for i := range h.sent {
			s := &h.sent[i]
			h.tally.Alert(s.rule, s.level, max(0, now.Sub(s.time)))
		}
	}
	h.tally.Truncated = int(h.encoder.Stats().Truncated - h.truncated)
	h.metrics.Add(&h.tally)
	h.events.Add(int64(h.tally.Records))
	h.alertsSent.Add(int64(len(h.sent)))
}
