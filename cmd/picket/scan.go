package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/internal/eventfile"
	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/producer"
	"golang.org/x/sync/errgroup"
)

// scan runs rules over files. One goroutine reads, workers evaluate, and the caller of run writes, in the
// order of the files. So that memory is bounded there is a fixed number of jobs, which go around.
type scan struct {
	app     *app
	rules   *ruleset
	files   []string
	workers int
	out     scanWriter

	// What run has done, once it has returned.
	events, alerts, undecodable, unreadable int
	took                                    time.Duration

	progress *progress
	panicked bool // one stack has been printed
}

// scanJob is a chunk of a file on its way. Whoever has received it owns it.
type scanJob struct {
	file  int // index into files
	chunk eventfile.Chunk
	last  bool  // of its file
	err   error // why the file could not be read any further
	done  chan struct{}

	// What the evaluation gives. Indexes count from the beginning of the chunk.
	places int // how many indexes the chunk has
	events int
	alerts []producer.Alert
	bad    badRecords
}

// badRecords is what is said about records that are no events.
type badRecords struct {
	n     int
	first int // index
	why   error
	bug   *bug
}

func (b *badRecords) add(index int, why error) {
	if b.n == 0 {
		b.first, b.why = index, why
	}
	b.n++
}

// run scans and writes. The error is one of writing; files that cannot be read are reported and counted.
func (s *scan) run(ctx context.Context) error {
	started := time.Now()
	s.progress = s.app.newProgress(totalSize(s.files))
	defer s.progress.clear()
	jobs := 2*s.workers + 2
	free, work, order := make(chan *scanJob, jobs), make(chan *scanJob, jobs), make(chan *scanJob, jobs)
	for range jobs {
		free <- &scanJob{done: make(chan struct{}, 1)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		defer close(work)
		defer close(order)
		s.read(ctx, free, func(j *scanJob) {
			order <- j // order and work have room for all jobs
			work <- j
		})
		return nil
	})
	for range s.workers {
		group.Go(func() error {
			w := newScanWorker(s.rules)
			for j := range work {
				w.evaluate(j)
				j.done <- struct{}{}
			}
			return nil
		})
	}
	err := s.write(order, free)
	if err != nil {
		cancel()
		for range order { // until the reader has seen it
		}
	}
	_ = group.Wait() // none of them fails
	s.took = time.Since(started)
	return cmp.Or(err, ctx.Err())
}

// read cuts the files into jobs.
func (s *scan) read(ctx context.Context, free <-chan *scanJob, send func(*scanJob)) {
	for i, name := range s.files {
		next, closeFile := s.open(name)
		for last := false; !last; {
			var j *scanJob
			select {
			case j = <-free:
			case <-ctx.Done():
				closeFile()
				return
			}
			j.file, j.err = i, next(&j.chunk)
			j.last = j.err != nil
			last = j.last
			send(j)
		}
		closeFile()
	}
}

// open gives the chunks of a file; an error to open it is the one of the first chunk.
func (s *scan) open(name string) (next func(*eventfile.Chunk) error, closeFile func()) {
	in, closeFile := s.app.stdin, func() {}
	fail := func(err error) (func(*eventfile.Chunk) error, func()) {
		return func(c *eventfile.Chunk) error { *c = eventfile.Chunk{}; return err }, closeFile
	}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fail(err)
		}
		in, closeFile = f, func() { _ = f.Close() } // nothing was written to it
	}
	r, err := eventfile.NewReader(s.progress.reader(in))
	if err != nil {
		return fail(err)
	}
	return r.Next, closeFile
}

// write writes the alerts of the jobs, in their order, and says what was wrong with a file at its end.
func (s *scan) write(order <-chan *scanJob, free chan<- *scanJob) error {
	var base, records int // of the file in hand
	var bad badRecords
	for j := range order {
		<-j.done
		s.progress.show(s.events)
		for i := range j.alerts {
			a := &j.alerts[i]
			a.Source.File = s.files[j.file]
			a.Source.Index += base
			s.progress.clear()
			if err := s.out.write(a); err != nil {
				return err
			}
		}
		if j.bad.n > 0 {
			if bad.n == 0 {
				bad.first, bad.why = base+j.bad.first, j.bad.why
			}
			bad.n += j.bad.n
		}
		s.reportBug(j.bad.bug)
		base += j.places
		records += j.chunk.Len()
		s.events += j.events
		s.alerts += len(j.alerts)
		if j.last {
			s.endFile(s.files[j.file], j.err, records, &bad)
			base, records, bad = 0, 0, badRecords{}
		}
		free <- j
		if err := s.out.flush(); err != nil {
			return err
		}
	}
	return s.out.end()
}

// endFile says what was wrong with a file.
func (s *scan) endFile(name string, err error, records int, bad *badRecords) {
	s.undecodable += bad.n
	if bad.n > 0 {
		s.progress.clear()
		s.app.say("picket: %s: %s of %s could not be read as an event, the first at index %d: %v\n",
			name, thousands(bad.n), plural(records, "record"), bad.first, bad.why)
	}
	if !errors.Is(err, io.EOF) {
		s.progress.clear()
		s.unreadable++
		var path *os.PathError
		if !errors.As(err, &path) {
			err = fmt.Errorf("%s: %w", name, err)
		}
		s.app.say("picket: %v\n", err)
	}
}

// reportBug prints the first stack; the others are in the count of records left out.
func (s *scan) reportBug(b *bug) {
	if b == nil || s.panicked {
		return
	}
	s.panicked = true
	s.progress.clear()
	s.app.say("picket: %v; please report it\n%s\n", b, b.stack)
}

// scanWorker evaluates jobs, one at a time.
type scanWorker struct {
	evaluator
	job *scanJob
}

func newScanWorker(r *ruleset) *scanWorker {
	w := &scanWorker{}
	w.use(r)
	return w
}

var errTooLarge = fmt.Errorf("larger than %d MiB", eventfile.MaxRecord>>20)

// evaluate fills in what the job gives.
func (w *scanWorker) evaluate(j *scanJob) {
	w.job = j
	clear(j.alerts)
	j.places, j.events, j.alerts, j.bad = 0, 0, j.alerts[:0], badRecords{}
	if j.last {
		return
	}
	guarded(j.chunk.Len(), w.record, func(_ int, b *bug) { w.broken(b) })
}

// broken gives the record in hand up, on which something panicked.
func (w *scanWorker) broken(b *bug) {
	w.job.bad.add(w.job.places, b)
	w.job.bad.bug = b
	w.job.places++
	w.use(w.rules)
}

// record evaluates record i of the chunk.
func (w *scanWorker) record(i int) {
	j := w.job
	record := j.chunk.Record(i)
	switch {
	case record.TooLarge:
		j.bad.add(j.places, errTooLarge)
		j.places++
		return
	case len(record.Value) == 0: // a blank line
		j.places++
		return
	}
	n, err := w.decoder.Decode(record.Value, -1)
	if err != nil {
		j.bad.add(j.places, err)
		j.places++
		return
	}
	before := len(j.alerts)
	for k := range n {
		ev, err := w.decoder.Event(k)
		if err != nil {
			j.bad.add(j.places+k, err)
			continue
		}
		j.events++
		for _, hit := range w.session.Match(ev) {
			j.alerts = append(j.alerts, keepAlert(w.rules, ev, &hit, j.places+k))
		}
	}
	slices.SortStableFunc(j.alerts[before:], compareAlerts)
	j.places += n
}

// compareAlerts orders by index and rule.
func compareAlerts(a, b producer.Alert) int {
	return cmp.Or(cmp.Compare(a.Source.Index, b.Source.Index), strings.Compare(ruleName(&a), ruleName(&b)))
}

// ruleName is the rule's id, or its hash when it has none.
func ruleName(a *producer.Alert) string { return cmp.Or(a.Rule.ID, a.Rule.Hash) }

// keepAlert makes an alert that holds nothing of the event's and the session's memory.
func keepAlert(r *ruleset, ev *event.Event, hit *matcher.Hit, index int) producer.Alert {
	a := producer.Alert{
		Rule: hit.Rule, Ruleset: r.set.Hash, Matches: make([]matcher.Evidence, len(hit.Matches)),
		Host: strings.Clone(ev.Computer()), User: strings.Clone(ev.User()),
		Source: producer.Source{
			Index: index, Shape: ev.Shape, Provider: strings.Clone(ev.Provider()), Channel: strings.Clone(ev.Channel), EventID: ev.EventID,
		},
		Event: oneLine(ev.Raw),
	}
	a.Time, a.TimeSource = ev.Time()
	a.Source.RecordID, a.Source.HasRecordID = ev.RecordID()
	for i, m := range hit.Matches {
		a.Matches[i] = matcher.Evidence{
			Selection: strings.Clone(m.Selection), Field: strings.Clone(m.Field), Op: strings.Clone(m.Op),
			Pattern: strings.Clone(m.Pattern), Value: strings.Clone(m.Value), Path: strings.Clone(m.Path),
		}
	}
	return a
}

// oneLine copies an event and takes the line breaks out of it, which are between its tokens: a JSON text
// has none inside.
func oneLine(raw []byte) []byte {
	if !bytes.ContainsAny(raw, "\r\n") {
		return bytes.Clone(raw)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		panic("BUG: the decoder took what is no JSON: " + err.Error())
	}
	return b.Bytes()
}

// totalSize is the size of all files in bytes, or 0 when it is not known.
func totalSize(files []string) (n int64) {
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		n += info.Size()
	}
	return n
}
