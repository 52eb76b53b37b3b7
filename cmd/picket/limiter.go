package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// limiter bounds how often something is logged, for each code by itself. The zero value is ready; it is
// safe for concurrent use. Codes have to be a bounded set.
type limiter struct {
	mu    sync.Mutex
	codes map[string]*limited
}

type limited struct {
	last time.Time
	n    int
}

// limitEvery is how often one code is logged.
const limitEvery = 10 * time.Second

// allow notes one more, and says whether to log it; n is how many there were since the last time.
func (l *limiter) allow(code string, now time.Time) (n int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.codes == nil {
		l.codes = map[string]*limited{}
	}
	c := l.codes[code]
	if c == nil {
		c = &limited{}
		l.codes[code] = c
	}
	c.n++
	if !c.last.IsZero() && now.Sub(c.last) < limitEvery {
		return 0, false
	}
	n = c.n
	c.last, c.n = now, 0
	return n, true
}

// busy says since when a handler has been evaluating a batch. Waiting for a broker is not evaluating.
type busy struct{ started atomic.Int64 } // in nanoseconds since the epoch; 0 when it is not

func (b *busy) since(t time.Time) { b.started.Store(t.UnixNano()) }
func (b *busy) done()             { b.started.Store(0) }

// busyList is the handlers that there are.
type busyList struct {
	mu   sync.Mutex
	list map[*busy]bool
}

func (l *busyList) add(b *busy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list == nil {
		l.list = map[*busy]bool{}
	}
	l.list[b] = true
}

func (l *busyList) remove(b *busy) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.list, b)
}

// longest is how long the handler that has been evaluating longest has been at it.
func (l *busyList) longest(now time.Time) (d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for b := range l.list {
		if started := b.started.Load(); started != 0 {
			d = max(d, now.Sub(time.Unix(0, started)))
		}
	}
	return d
}
