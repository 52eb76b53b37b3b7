package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

// fetchGrace is how long a fetch may take beyond what the broker may wait: connecting, and a slow line.
const fetchGrace = 15 * time.Second

// errCutOff says that a response held less than one batch. Brokers since Kafka 0.10.1 send the first
// batch whole whatever its size (KIP-74).
var errCutOff = errors.New("the broker sent only part of a batch")

// fetched is one fetch, walked: the batch and the memory it lies in. It goes from the prefetcher to the
// worker, which gives it back once it is handled.
type fetched struct {
	batch    Batch
	records  int
	bytes    int // keys and values
	walker   wire.Walker
	response *wire.FetchResponse
}

// release gives the memory back. Nothing may use the batch any longer.
func (f *fetched) release(w *worker) {
	w.c.counts.inFlight.Add(-int64(f.records))
	f.batch, f.records, f.bytes = Batch{}, 0, 0
	f.walker.Reset()
	if f.response != nil {
		f.response.Release(&w.c.buffers)
		f.response = nil
	}
	w.c.fetches.Put(f)
}

// fetcher fetches one partition ahead of its worker, in a goroutine of its own, which checks,
// decompresses and walks as well. It owns the position up to which was fetched.
type fetcher struct {
	w        *worker
	position int64
	out      chan *fetched // run closes it

	pause   backoff
	trouble notice
}

// run fetches until the partition is revoked.
func (f *fetcher) run() {
	defer close(f.out)
	ctx := f.w.g.owned
	for ctx.Err() == nil {
		batch, err := f.next(ctx)
		switch {
		case err != nil:
			f.pause.wait(ctx)
		case batch != nil: // otherwise there was nothing, and the broker has waited already
			f.deliver(ctx, batch)
		}
	}
}

// next fetches once. A nil batch without an error means that there is nothing new.
func (f *fetcher) next(ctx context.Context) (*fetched, error) {
	batch, err := f.fetch(ctx)
	switch {
	case err == nil:
		f.recovered()
		return batch, nil
	case ctx.Err() != nil: // the partition was revoked: no trouble
		return nil, err
	}
	return f.recover(err)
}

// deliver hands a batch to the worker once that is done with the one before.
func (f *fetcher) deliver(ctx context.Context, batch *fetched) {
	f.position = batch.batch.Next
	f.w.stats.waiting.Store(true)
	defer f.w.stats.waiting.Store(false)
	select {
	case f.out <- batch:
	case <-ctx.Done():
		batch.release(f.w)
	}
}

// fetch asks for what follows the position. It returns nil when there is nothing.
func (f *fetcher) fetch(ctx context.Context) (*fetched, error) {
	cfg := &f.w.c.cfg
	ctx, cancel := context.WithTimeout(ctx, cfg.FetchMaxWait+fetchGrace)
	defer cancel()
	m, err := cfg.Transport.RoundTrip(ctx, f.w.c.addr, &wire.FetchRequest{
		Topic: f.w.a.Topic, Partition: f.w.a.Partition, Offset: f.position,
		MaxWait: cfg.FetchMaxWait, MinBytes: int32(cfg.FetchMinBytes), MaxBytes: int32(cfg.FetchMaxBytes),
		ReadCommitted: cfg.IsolationLevel == ReadCommitted, ClientID: cfg.ClientID, Buffers: &f.w.c.buffers,
	})
	if err != nil {
		return nil, err
	}
	response, ok := m.(*wire.FetchResponse)
	if !ok {
		return nil, fmt.Errorf("BUG: a fetch was answered with a %T", m)
	}
	if response.Code != 0 {
		response.Release(&f.w.c.buffers)
		return nil, response.Code
	}
	return f.walk(response)
}

// walk turns a response into a batch. What precedes a batch that cannot be read is delivered first; the
// next fetch then begins with the bad one.
func (f *fetcher) walk(response *wire.FetchResponse) (*fetched, error) {
	w := f.w
	end := response.HighWatermark
	if w.c.cfg.IsolationLevel == ReadCommitted {
		end = min(end, response.LastStableOffset)
	}
	w.stats.end.Store(end)
	w.stats.highWatermark.Store(response.HighWatermark)
	if len(response.Records) == 0 {
		response.Release(&w.c.buffers)
		return nil, nil
	}
	b, _ := w.c.fetches.Get().(*fetched)
	records, next, err := b.walker.Walk(response.Records, f.position, response.Aborted)
	b.response = response
	if next == f.position {
		if err == nil {
			err = errCutOff
		}
		b.release(w)
		return nil, err
	}
	b.batch = Batch{
		Topic: w.a.Topic, Partition: w.a.Partition,
		Records: records, Next: next, HighWatermark: response.HighWatermark,
	}
	b.records = len(records)
	for i := range records {
		b.bytes += len(records[i].Key) + len(records[i].Value)
	}
	w.c.counts.inFlight.Add(int64(len(records)))
	return b, nil
}

// recover deals with a fetch that did not work. A nil error means that fetching goes on with what it
// returns; otherwise the caller waits and tries again.
func (f *fetcher) recover(err error) (*fetched, error) {
	w := f.w
	var bad *wire.BatchError
	switch {
	case errors.As(err, &bad):
		// It may be the transport's doing, so fetching again can help; if not, an operator has to.
		w.c.counts.corrupt.Add(1)
		w.stats.stick(err)
		w.c.counts.fetchError(err)
		f.trouble.report(w.log, "batch cannot be read; the partition stands still until it can, or the group's offset is moved past it",
			err, "group", w.a.Group, "offset", bad.Offset, "next", bad.Last+1)
		return nil, err
	case errors.Is(err, kafka.OffsetOutOfRange):
		return f.reset(err)
	}
	w.failed(err, &f.trouble, "fetch does not work; trying again")
	return nil, err
}

// recovered notes that a fetch worked.
func (f *fetcher) recovered() {
	f.pause.reset()
	f.w.c.outage.ok(f.w.source)
	f.trouble.clear(f.w.log, "fetching again")
	f.w.stats.unstick()
}

// reset goes on where the policy says when the partition no longer has, or does not yet have, the
// position: retention was faster than this group, or the topic was made anew. It gives an empty batch,
// so that the new position is committed behind everything fetched before.
func (f *fetcher) reset(cause error) (*fetched, error) {
	w := f.w
	w.c.counts.fetchError(cause)
	first, last, err := w.bounds()
	if err != nil {
		w.failed(err, &f.trouble, "offset is out of range, and the range cannot be found; trying again")
		return nil, err
	}
	if f.position >= first && f.position <= last {
		return nil, cause // in range by now: a follower has become leader, or the log grew
	}
	position := first
	switch w.c.cfg.AutoOffsetReset {
	case Latest:
		position = last
	case None:
		w.stats.stick(cause)
		f.trouble.report(w.log, "offset is out of range and auto offset reset is none; move the group's offset",
			cause, "group", w.a.Group, "offset", f.position, "first", first, "end", last)
		return nil, cause
	}
	w.c.counts.resets.Add(1)
	w.c.counts.lost.Add(uint64(max(0, position-f.position)))
	w.log.Error("offset is out of range: records were deleted before they were read, or the topic was made anew",
		"offset", f.position, "next", position, "lost", max(0, position-f.position), "first", first, "end", last)
	b, _ := w.c.fetches.Get().(*fetched)
	b.batch = Batch{Topic: w.a.Topic, Partition: w.a.Partition, Next: position, HighWatermark: last}
	return b, nil
}
