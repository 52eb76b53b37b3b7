package consumer

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// remindEvery is how often a trouble that lasts is logged again.
const remindEvery = 30 * time.Second

// notice keeps one trouble from filling the log: the first time, and then a reminder now and then that
// says how many were left out. One goroutine owns it.
type notice struct {
	kind    string
	since   time.Time
	logged  time.Time // zero: not yet
	dropped int
}

// report logs err with what can be done about it, unless the same kind was logged a moment ago. What
// passes by itself has to last before somebody wants to know of it.
func (n *notice) report(log *slog.Logger, msg string, err error, attrs ...any) {
	level, grace := slog.LevelError, time.Duration(0)
	if passes(err) {
		level, grace = slog.LevelWarn, backoffMax
	}
	now := time.Now()
	if kind := msg + errorCode(err); kind != n.kind {
		*n = notice{kind: kind, since: now}
	}
	if now.Sub(n.since) < grace || !n.logged.IsZero() && now.Sub(n.logged) < remindEvery {
		n.dropped++
		return
	}
	attrs = append(attrs, "err", explain(err))
	if n.dropped > 0 {
		attrs = append(attrs, "dropped", n.dropped)
	}
	log.Log(context.Background(), level, msg, attrs...) //nolint:sloglint // every caller passes a constant
	n.logged, n.dropped = now, 0
}

// clear says that the trouble is over, if it was ever logged.
func (n *notice) clear(log *slog.Logger, msg string, attrs ...any) {
	if !n.logged.IsZero() {
		//nolint:sloglint // every caller passes a constant
		log.Info(msg, append(attrs, "dur", time.Since(n.since))...)
	}
	*n = notice{}
}

// outageGrace is how long there has to be no answer: a broker may close a connection that was not used.
const outageGrace = time.Second

// sources of an outage that are not partitions.
const (
	sourceGroup  = "group"
	sourceTopics = "topics"
)

// outage turns what every partition and the group see of brokers that do not answer, or do not let this
// member in, into one message when it begins and one when it is over. It is safe for concurrent use.
type outage struct {
	log  *slog.Logger
	look func(ctx context.Context, err error) error // finds a better reason than err

	mu      sync.Mutex
	down    bool
	since   time.Time
	logged  time.Time
	dropped int
	sources map[string]struct{} // who has had no answer since their last one
}

// fail notes that source got no answer. When that is to be logged, it looks for the reason first.
func (o *outage) fail(ctx context.Context, source string, err error) {
	if attrs, due := o.note(source); due {
		o.log.Error("brokers cannot be used; consuming goes on when they can", append(attrs, "err", o.look(ctx, err))...)
	}
}

// note counts a failure, and tells what to add to the message if one is due.
func (o *outage) note(source string) (attrs []any, due bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sources == nil {
		o.sources = map[string]struct{}{}
	}
	o.sources[source] = struct{}{}
	now := time.Now()
	if !o.down {
		o.down, o.since, o.logged, o.dropped = true, now, time.Time{}, 0
	}
	if now.Sub(o.since) < outageGrace || now.Sub(o.logged) < remindEvery {
		o.dropped++
		return nil, false
	}
	if o.dropped > 0 {
		attrs = []any{"dur", now.Sub(o.since), "dropped", o.dropped}
	}
	o.logged, o.dropped = now, 0
	return attrs, true
}

// ok notes that source got an answer.
func (o *outage) ok(source string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		return
	}
	delete(o.sources, source)
	if len(o.sources) > 0 {
		return
	}
	o.down = false
	if !o.logged.IsZero() {
		o.log.Info("brokers can be used again", "dur", time.Since(o.since))
	}
}

// gone forgets a source that has ended: that is no answer.
func (o *outage) gone(source string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.sources, source)
}

// refresher has the Transport read the metadata anew, by closing its idle connections: kafka-go keeps
// what it knows of leaders for seconds otherwise. Many partitions ask at once and the connections to
// healthy brokers are closed as well, so it does so less and less often while it keeps being asked. It is
// safe for concurrent use.
type refresher struct {
	transport *kafka.Transport

	mu    sync.Mutex
	last  time.Time
	pause time.Duration // until the next
}

const (
	refreshMin  = 250 * time.Millisecond // a leader is elected in about that time
	refreshMax  = 8 * time.Second
	refreshCalm = 30 * time.Second // without a refresh, and the next trouble is a new one
)

func (r *refresher) refresh() {
	if r.due(time.Now()) {
		r.transport.CloseIdleConnections()
	}
}

func (r *refresher) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := now.Sub(r.last)
	if since < r.pause {
		return false
	}
	r.pause = min(2*r.pause, refreshMax)
	if since > refreshCalm || r.pause == 0 {
		r.pause = refreshMin
	}
	r.last = now
	return true
}

// backoff waits longer after each failure, half of it random. One goroutine owns it; the zero value
// has had no failure.
type backoff struct{ failures int }

const (
	backoffMin = 50 * time.Millisecond
	backoffMax = 5 * time.Second
)

// wait waits, or returns false when ctx ends first.
func (b *backoff) wait(ctx context.Context) bool {
	d := min(backoffMax, backoffMin<<min(b.failures, 16))
	b.failures++
	timer := time.NewTimer(d/2 + rand.N(d/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b *backoff) reset() { b.failures = 0 }
