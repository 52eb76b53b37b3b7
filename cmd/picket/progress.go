package main

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// progress is a line on a terminal that says how far long work has come. Without a terminal, or with
// --quiet, it is silent. Its methods are for one goroutine, but for the readers it gives out.
type progress struct {
	app     *app
	total   int64 // bytes; 0: not known
	read    atomic.Int64
	started time.Time
	shown   time.Time
	visible bool
}

const (
	progressEvery = 100 * time.Millisecond
	progressBar   = 24
)

func (a *app) newProgress(total int64) *progress {
	return &progress{app: a, total: total, started: time.Now()}
}

func (p *progress) silent() bool { return !p.app.stderrTTY || p.app.quiet }

// reader counts what is read through it.
func (p *progress) reader(r io.Reader) io.Reader { return &countingReader{r: r, n: &p.read} }

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// show draws the line anew if it has been there for a moment.
func (p *progress) show(events int) {
	if p.silent() {
		return
	}
	now := time.Now()
	if now.Sub(p.started) < 2*progressEvery || now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown, p.visible = now, true
	p.app.say("\r\x1b[K%s", p.line(events, now.Sub(p.started)))
}

// clear takes the line off the terminal, so that something else can be written.
func (p *progress) clear() {
	if p.visible {
		p.visible = false
		p.app.say("\r\x1b[K")
	}
}

func (p *progress) line(events int, since time.Duration) string {
	speed := rate(events, "event", since)
	read := p.read.Load()
	if p.total == 0 || read > p.total {
		return fmt.Sprintf("%s events  %s", thousands(events), speed)
	}
	done := float64(read) / float64(p.total)
	full := int(done * progressBar)
	bar := strings.Repeat("█", full) + strings.Repeat("░", progressBar-full)
	left := ""
	if done > 0 {
		left = "  " + shortDuration((time.Duration(float64(since)/done) - since).Round(time.Second)) + " left"
	}
	return fmt.Sprintf("%s %3.0f %%  %s%s", bar, 100*done, speed, left)
}
