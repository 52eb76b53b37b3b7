package producer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

// maxRequestBytes bounds one request; the broker's own limit, socket.request.max.bytes, is 100 MB.
const maxRequestBytes = 16 << 20

// drive sends what waits on lanes that the caller has made busy, once, and releases each of them as soon
// as its outcome is known.
func (p *Publisher) drive(ctx context.Context, lanes []*lane) {
	ready := lanes[:0]
	for _, l := range lanes {
		ok, err := p.prepare(ctx, l)
		if ok {
			ready = append(ready, l)
			continue
		}
		p.mu.Lock()
		if err != nil && ctx.Err() == nil {
			p.failed(l, err)
		}
		p.release(l)
		p.mu.Unlock()
	}
	groups := p.groupByLeader(ctx, ready)
	if len(groups) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, g := range groups[1:] {
		others.Go(func() { p.send(ctx, g) })
	}
	p.send(ctx, groups[0])
	others.Wait()
}

// prepare gets the lane's batch ready to be sent: taken from the queue, stamped with a producer, encoded.
// It returns false with no error when there is nothing to send.
func (p *Publisher) prepare(ctx context.Context, l *lane) (ok bool, err error) {
	producer := l.producer
	if producer.ID < 0 && !p.cfg.DisableIdempotence {
		if producer, err = p.producerID(ctx, l.retired); err != nil {
			return false, err
		}
	}
	p.mu.Lock()
	l.producer = producer
	if l.flight == nil {
		if len(l.queue) == 0 {
			p.mu.Unlock()
			return false, nil
		}
		l.take(p.newFlight(), p.cfg.MaxBatchBytes, p.cfg.MaxBatchRecords)
	}
	f := l.flight
	if f.live == 0 {
		p.drop(l)
		p.mu.Unlock()
		return p.prepare(ctx, l)
	}
	if f.data == nil {
		f.items = slices.DeleteFunc(f.items, func(it item) bool { return it.call == nil })
		f.encoding = true
	}
	p.mu.Unlock()
	switch {
	case f.data == nil:
		err = f.encode(p.compressor, producer)
		p.mu.Lock()
		f.encoding = false
		p.encoded.Broadcast()
		p.mu.Unlock()
	case f.producer != producer:
		f.restamp(producer)
	}
	return err == nil, err
}

// groupByLeader puts lanes with the same leader together, ordered by topic. Lanes without a leader are
// released as failed.
func (p *Publisher) groupByLeader(ctx context.Context, lanes []*lane) [][]*lane {
	type group struct {
		leader int32
		bytes  int
		lanes  []*lane
	}
	var groups []group
	for _, l := range lanes {
		leader, err := p.leaderOf(ctx, l)
		if err != nil {
			p.mu.Lock()
			switch {
			case errors.Is(err, errPartitionGone):
				p.reroute(l)
			case ctx.Err() == nil:
				p.failed(l, err)
			}
			p.release(l)
			p.mu.Unlock()
			continue
		}
		i := slices.IndexFunc(groups, func(g group) bool {
			return g.leader == leader && g.bytes+len(l.flight.data) <= maxRequestBytes
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{leader: leader})
		}
		groups[i].lanes = append(groups[i].lanes, l)
		groups[i].bytes += len(l.flight.data)
	}
	out := make([][]*lane, len(groups))
	for i, g := range groups {
		slices.SortStableFunc(g.lanes, func(a, b *lane) int { return strings.Compare(a.topic.name, b.topic.name) })
		out[i] = g.lanes
	}
	return out
}

// send sends the batches of lanes with one leader in one request, and releases the lanes.
func (p *Publisher) send(ctx context.Context, lanes []*lane) {
	req, _ := p.requests.Get().(*wire.ProduceRequest)
	for _, l := range lanes {
		req.Parts = append(req.Parts, wire.Part{Topic: l.topic.name, Partition: l.partition, Batch: l.flight.data})
	}
	attempt, cancel := context.WithTimeout(ctx, p.cfg.RequestTimeout)
	_, err := p.cfg.Transport.RoundTrip(attempt, p.cfg.Addr, req)
	// A round trip that its context has ended goes on inside the Transport: the request and the batches
	// may still be read, and be stored.
	untouched := err != nil && attempt.Err() == nil && !req.Started()
	cancel()

	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Requests++
	for i, l := range lanes {
		switch {
		case err == nil:
			p.answered(l, &req.Parts[i])
		case untouched:
			p.failed(l, err)
		default:
			l.flight.doubt, l.flight.shared = true, true
			if ctx.Err() == nil { // a caller that stops waiting is nobody's failure
				p.failed(l, err)
			}
		}
		p.release(l)
	}
	if err == nil {
		req.Reset()
		p.requests.Put(req)
	}
}

// answered deals with what the broker said about the lane's batch. Called under mu.
func (p *Publisher) answered(l *lane, res *wire.Part) {
	f := l.flight
	switch res.Code {
	case 0, kafka.DuplicateSequenceNumber: // the broker has it, from this attempt or an earlier one
		p.stored(l)
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		p.count(res.Code)
		p.split(l)
	case kafka.OutOfOrderSequenceNumber, kafka.UnknownProducerId, kafka.InvalidProducerEpoch,
		kafka.InvalidProducerIDMapping, kafka.ProducerFenced:
		// The broker has lost our state, or never saw a batch that we believe stored. A new id starts at
		// zero; the batch keeps its bytes but for the stamp.
		p.retire(l)
		f.doubt = false // under the old id
		p.failed(l, res.Code)
	case kafka.InvalidTimestamp:
		p.failed(l, res.Code)
		if f.useWallClock(res.Refused) {
			l.retryAt = time.Time{}
			p.stats.Restamped++
		}
	case kafka.RequestTimedOut, kafka.NotEnoughReplicasAfterAppend:
		f.doubt = true // the leader has it
		p.failed(l, res.Code)
	default:
		p.failed(l, res.Code)
	}
}

// useWallClock has the batch encoded again, with the wall clock for the records the broker named, or for
// all when it named none. It returns false when that has been tried.
func (f *flight) useWallClock(refused []int32) bool {
	changed := false
	for i := range f.items {
		named := len(refused) == 0 || slices.Contains(refused, int32(i))
		if named && !f.items[i].now {
			f.items[i].now, changed = true, true
		}
	}
	if changed {
		f.data = nil
	}
	return changed
}

// stored completes the lane's batch. Called under mu.
func (p *Publisher) stored(l *lane) {
	f := l.flight
	p.stats.Batches++
	p.stats.Records += uint64(len(f.items))
	p.stats.Bytes += uint64(len(f.data))
	l.producer = f.producer
	if f.producer.ID >= 0 {
		l.producer = f.producer.After(len(f.items))
	}
	l.attempts, l.retryAt, l.err = 0, time.Time{}, nil
	for i := range f.items {
		if c := f.items[i].call; c != nil {
			c.left--
			if c.left == 0 {
				c.signal()
			}
		}
	}
	p.freeFlight(l)
	if !slices.ContainsFunc(l.topic.lanes, func(l *lane) bool { return l.err != nil }) {
		p.trouble.over(p.cfg.Logger, l.topic.name)
	}
}

// split puts a batch that the topic does not take back on the queue, to be sent in halves; a record that
// is too large alone is its caller's to cut. Called under mu.
func (p *Publisher) split(l *lane) {
	f := l.flight
	if f.doubt {
		p.retire(l)
	}
	if len(f.items) == 1 {
		if c := f.items[0].call; c != nil {
			c.refused = append(c.refused, f.items[0].index)
			c.largest = max(c.largest, f.size)
			c.left--
			if c.left == 0 {
				c.signal()
			}
		}
		p.stats.TooLarge++
		p.freeFlight(l)
		return
	}
	if half := f.size / 2; l.topic.limit == 0 || half < l.topic.limit {
		l.topic.limit = half
	}
	back := slices.DeleteFunc(slices.Clone(f.items), func(it item) bool { return it.call == nil })
	l.queue = append(back, l.queue...)
	p.freeFlight(l)
}

// retire makes the lane take a new producer id before its next batch.
func (p *Publisher) retire(l *lane) {
	l.retired = l.flight.producer.ID
	l.producer = wire.NoProducer()
}

// drop gives up a batch that nobody waits for. If the broker may have it, the next batch must not look
// like a repetition of it. Called under mu.
func (p *Publisher) drop(l *lane) {
	if l.flight.doubt {
		p.retire(l)
	}
	p.freeFlight(l)
}

// failed notes a failed attempt and when the next may be made. Called under mu.
func (p *Publisher) failed(l *lane, err error) {
	l.err = explain(err, l.topic.name)
	l.attempts++
	l.retryAt = time.Now().Add(p.backoff(l.attempts))
	p.stats.Retries++
	p.count(err)
	p.trouble.seen(p.cfg.Logger, l.topic.name, l.err)
	if needsMetadata(err) {
		p.refreshLocked(l.topic)
	}
}

// release hands the lane to the calls that wait for it. Called under mu.
func (p *Publisher) release(l *lane) {
	l.busy = false
	if l.flight != nil && l.flight.live == 0 {
		p.drop(l)
	}
	l.wakeAll()
}

// newFlight takes a flight with its buffers from the free list. Called under mu.
func (p *Publisher) newFlight() *flight {
	if n := len(p.flights); n > 0 {
		f := p.flights[n-1]
		p.flights[n-1] = nil
		p.flights = p.flights[:n-1]
		return f
	}
	return &flight{batch: new(wire.Batch)}
}

// keptFlights bounds the buffers that an idle Publisher holds on to, at about two batches each.
const keptFlights = 8

// freeFlight ends the lane's flight and keeps its buffers, unless a connection may still read them.
// Called under mu.
func (p *Publisher) freeFlight(l *lane) {
	f := l.flight
	l.flight = nil
	if f.shared || len(p.flights) >= keptFlights {
		return
	}
	clear(f.items)
	*f = flight{items: f.items[:0], batch: f.batch}
	p.flights = append(p.flights, f)
}

// producerID gives an idempotent producer id other than the retired one, at sequence 0. Lanes share an id
// until the broker refuses it to one of them.
func (p *Publisher) producerID(ctx context.Context, retired int64) (wire.Producer, error) {
	select {
	case p.ids <- struct{}{}:
	case <-ctx.Done():
		return wire.Producer{}, ctx.Err()
	}
	defer func() { <-p.ids }()
	if p.current.ID >= 0 && p.current.ID != retired {
		return p.current, nil
	}
	attempt, cancel := context.WithTimeout(ctx, p.cfg.RequestTimeout)
	defer cancel()
	req := &wire.InitProducerID{ClientID: p.cfg.Transport.ClientID}
	if _, err := p.cfg.Transport.RoundTrip(attempt, p.cfg.Addr, req); err != nil {
		return wire.Producer{}, err
	}
	if req.Code != 0 {
		return wire.Producer{}, req.Code
	}
	p.current = req.Producer
	return p.current, nil
}
