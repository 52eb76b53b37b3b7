package producer

import (
	"slices"
	"time"

	"github.com/picketsigma/picket/internal/wire"
)

// lane is everything that goes to one partition. All fields are guarded by Publisher.mu, but flight's
// bytes, which belong to whoever made the lane busy.
type lane struct {
	topic     *topic
	partition int32
	busy      bool // a call drives it
	queue     []item
	flight    *flight // the batch that is out, or will be again; nil when none is
	lastCall  uint64  // the call that was put on the queue last

	producer wire.Producer // of the next batch; no id until the first, and after one was refused
	retired  int64         // the producer id that must not be used again; -1 when there is none

	attempts int       // failed in a row
	retryAt  time.Time // not before; zero when there is nothing to wait for
	err      error     // the last failure, nil after a success
}

// item is one record of one call. A nil call has been given up.
type item struct {
	call  *call
	index int
	now   bool // carry the wall clock: the broker refused the record's own time
}

// flight is one batch on its way. Its sequence is fixed once it has been sent: retries are the same bytes.
type flight struct {
	items    []item // in the order of the batch
	live     int    // items whose call still waits
	batch    *wire.Batch
	data     []byte        // [size][batch]; nil when it has to be encoded
	producer wire.Producer // that data carries
	encoding bool          // the calls' records are being read
	doubt    bool          // the broker may have stored it
	shared   bool          // a connection may still read data: it cannot be written to again
	size     int           // before compression
}

// take moves records from the queue to a new flight: at least one, then as many as fit.
func (l *lane) take(f *flight, maxBytes, maxRecords int) {
	if l.topic.limit > 0 {
		maxBytes = min(maxBytes, l.topic.limit)
	}
	size, n := wire.BatchHeaderLen, 0
	for _, it := range l.queue {
		if n == maxRecords {
			break
		}
		r := &it.call.records[it.index]
		add := wire.RecordLen(r.Key, r.Value, r.Headers)
		if n > 0 && size+add > maxBytes {
			break
		}
		size += add
		n++
	}
	f.items = append(f.items[:0], l.queue[:n]...)
	f.live = n
	rest := copy(l.queue, l.queue[n:])
	clear(l.queue[rest:])
	l.queue = l.queue[:rest]
	l.flight = f
}

// dropQueued takes the records of a call off the queue.
func (l *lane) dropQueued(c *call) {
	l.queue = slices.DeleteFunc(l.queue, func(it item) bool { return it.call == c })
}

// forget gives up the records of a call.
func (f *flight) forget(c *call) {
	for i := range f.items {
		if f.items[i].call == c {
			f.items[i].call = nil
			f.live--
		}
	}
}

// encode writes the batch. The records of calls that have gone are left out.
func (f *flight) encode(c *wire.Compressor, p wire.Producer) error {
	if f.shared {
		f.batch, f.shared = new(wire.Batch), false
	}
	f.batch.Reset()
	var wall int64
	for i := range f.items {
		it := &f.items[i]
		r := &it.call.records[it.index]
		at := r.Time.UnixMilli()
		if it.now || r.Time.IsZero() {
			if wall == 0 {
				wall = time.Now().UnixMilli()
			}
			at = wall
		}
		f.batch.Append(at, r.Key, r.Value, r.Headers)
	}
	f.size = f.batch.Size()
	var err error
	f.data, err = f.batch.Encode(c, p, false)
	f.producer = p
	return err
}

// restamp gives the encoded batch another producer.
func (f *flight) restamp(p wire.Producer) {
	if f.shared {
		f.data, f.batch, f.shared = slices.Clone(f.data), new(wire.Batch), false
	}
	wire.Restamp(f.data, p)
	f.producer = p
}

// wakeAll wakes every call that has records on the lane.
func (l *lane) wakeAll() {
	var last *call
	for _, items := range [2][]item{l.queue, l.flightItems()} {
		for i := range items {
			if c := items[i].call; c != nil && c != last {
				c.signal()
				last = c
			}
		}
	}
}

func (l *lane) flightItems() []item {
	if l.flight == nil {
		return nil
	}
	return l.flight.items
}
