package consumer

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
)

// worker brings one partition's batches to its Handler, in order.
type worker struct {
	g      *generation
	c      *Consumer
	a      Assignment
	log    *slog.Logger
	source string // of outages
	stats  *partition
}

func newWorker(g *generation, a Assignment) *worker {
	return &worker{
		g: g, c: g.c, a: a,
		log:    g.c.log.With("topic", a.Topic, "partition", a.Partition),
		source: a.Topic + "/" + strconv.Itoa(int(a.Partition)),
		stats:  g.c.counts.assign(a.Topic, a.Partition),
	}
}

// run ends when the partition is revoked and its batch in flight is done or abandoned.
func (w *worker) run() {
	defer w.c.outage.gone(w.source)
	handler, ok := w.open()
	if !ok {
		return
	}
	defer handler.Close()
	position, ok := w.start()
	if !ok {
		return
	}
	f := &fetcher{w: w, position: position, out: make(chan *fetched, w.c.cfg.PrefetchBatches-1)}
	var wg sync.WaitGroup
	wg.Go(f.run)
	defer wg.Wait()
	defer func() { // drop what was prefetched
		for batch := range f.out {
			batch.release(w)
		}
	}()
	for {
		select {
		case <-w.g.owned.Done():
			return
		case batch, ok := <-f.out:
			if !ok {
				return
			}
			done := w.g.owned.Err() == nil && w.handle(handler, batch)
			batch.release(w)
			if !done {
				return
			}
		}
	}
}

// open makes the Handler; ok is false when the partition was revoked first.
func (w *worker) open() (h Handler, ok bool) {
	var pause backoff
	var trouble notice
	for {
		h, err := w.c.cfg.Open(w.g.owned, w.a)
		if err == nil {
			trouble.clear(w.log, "partition is handled")
			return h, true
		}
		if w.g.owned.Err() != nil {
			return nil, false
		}
		trouble.report(w.log, "partition cannot be handled; trying again", err)
		if !pause.wait(w.g.owned) {
			return nil, false
		}
	}
}

// handle brings one batch to the Handler until it is acknowledged, and has its end committed. It
// returns false when the batch was abandoned.
func (w *worker) handle(h Handler, f *fetched) bool {
	b := &f.batch
	if len(b.Records) > 0 {
		w.stats.handling(b)
		var pause backoff
		var trouble notice
		for {
			err := h.Handle(w.g.drain, b)
			if w.g.drain.Err() != nil {
				w.abandoned(b)
				return false
			}
			if err == nil {
				trouble.clear(w.log, "batch handled after all")
				break
			}
			w.c.counts.handleErrors.Add(1)
			trouble.report(w.log, "batch cannot be handled; trying again", err, "offset", b.Records[0].Offset, "n", len(b.Records))
			if !pause.wait(w.g.drain) {
				w.abandoned(b)
				return false
			}
		}
	}
	w.stats.handled(f)
	w.g.commits.add(w.a.Topic, w.a.Partition, b.Next)
	return true
}

func (w *worker) abandoned(b *Batch) {
	w.c.counts.abandoned.Add(1)
	if w.g.process.Err() != nil {
		w.c.counts.cutShort.Store(true)
	}
	w.log.Warn("batch abandoned uncommitted; its next owner gets it again",
		"offset", b.Records[0].Offset, "n", len(b.Records), "err", context.Cause(w.g.drain))
}
