package main

import (
	"bufio"
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/picketsigma/picket/producer"
)

// scanWriter writes alerts in one format, in the order they come.
type scanWriter interface {
	write(a *producer.Alert) error
	flush() error // what was written so far is seen
	end() error
}

// newScanWriter makes a writer to stdout. several says that the alerts come from several files.
func newScanWriter(format string, a *app, several bool, version string) scanWriter {
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	switch format {
	case "table":
		return &tableWriter{out: out, style: a.style(a.stdoutTTY), columns: a.columns, several: several}
	case "json":
		return &jsonWriter{out: out, encoder: newScanEncoder(version), array: true}
	case "csv":
		return &csvWriter{out: csv.NewWriter(out), buffer: out}
	case "tsv":
		return &tsvWriter{out: out, several: several}
	}
	return &jsonWriter{out: out, encoder: newScanEncoder(version)}
}

// newScanEncoder cuts nothing: an alert of scan goes over no topic.
func newScanEncoder(version string) *producer.Encoder {
	return producer.NewEncoder(producer.EncoderConfig{Version: version, MaxRecordBytes: math.MaxInt32})
}

// jsonWriter writes alert records, one a line; as an array with commas behind them.
type jsonWriter struct {
	out     *bufio.Writer
	encoder *producer.Encoder
	array   bool
	n       int
}

var _ scanWriter = (*jsonWriter)(nil)

func (w *jsonWriter) write(a *producer.Alert) error {
	w.encoder.Reset()
	w.encoder.Add(a)
	switch {
	case w.array && w.n == 0:
		_, _ = w.out.WriteString("[\n") // bufio keeps the error for the next call; so below
	case w.array:
		_, _ = w.out.WriteString(",\n")
	}
	w.n++
	_, err := w.out.Write(w.encoder.Records()[0].Value)
	if !w.array {
		err = w.out.WriteByte('\n')
	}
	return err
}

func (w *jsonWriter) flush() error { return w.out.Flush() }

func (w *jsonWriter) end() error {
	if w.array && w.n == 0 {
		_, _ = w.out.WriteString("[")
	}
	if w.array {
		_, _ = w.out.WriteString("\n]\n")
	}
	return w.out.Flush()
}

// tsvWriter writes the place of the event and the rule.
type tsvWriter struct {
	out     *bufio.Writer
	several bool
}

var _ scanWriter = (*tsvWriter)(nil)

func (w *tsvWriter) write(a *producer.Alert) error {
	if w.several {
		_, _ = w.out.WriteString(a.Source.File + "\t")
	}
	_, err := w.out.WriteString(strconv.Itoa(a.Source.Index) + "\t" + ruleName(a) + "\n")
	return err
}

func (w *tsvWriter) flush() error { return w.out.Flush() }
func (w *tsvWriter) end() error   { return w.out.Flush() }

// csvWriter writes what a spreadsheet can use, by RFC 4180 but for the line ends, which are LF.
type csvWriter struct {
	out    *csv.Writer
	buffer *bufio.Writer
	header bool
}

var _ scanWriter = (*csvWriter)(nil)

var csvHeader = []string{"file", "index", "time", "level", "rule_id", "rule_title", "host", "user", "channel", "event_id", "match"}

func (w *csvWriter) writeHeader() error {
	if w.header {
		return nil
	}
	w.header = true
	return w.out.Write(csvHeader)
}

func (w *csvWriter) write(a *producer.Alert) error {
	if err := w.writeHeader(); err != nil {
		return err
	}
	when := ""
	if !a.Time.IsZero() {
		when = a.Time.UTC().Format(time.RFC3339Nano)
	}
	return w.out.Write([]string{
		a.Source.File, strconv.Itoa(a.Source.Index), when, a.Rule.Level, a.Rule.ID, a.Rule.Title, a.Host, a.User,
		a.Source.Channel, strconv.FormatUint(uint64(a.Source.EventID), 10), matchText(a, "; "),
	})
}

func (w *csvWriter) flush() error {
	w.out.Flush()
	if err := w.out.Error(); err != nil {
		return err
	}
	return w.buffer.Flush()
}

func (w *csvWriter) end() error {
	if err := w.writeHeader(); err != nil {
		return err
	}
	return w.flush()
}

// tableWriter writes a line an alert. Widths are fixed, so that lines can be written as they come.
type tableWriter struct {
	out     *bufio.Writer
	style   style
	columns int // of the terminal; 0: not known, nothing is cut
	several bool
	file    string
	header  bool
}

var _ scanWriter = (*tableWriter)(nil)

// Widths of the columns but the last.
const (
	wideIndex = 9
	wideTime  = len("2026-03-02 09:14:07")
	wideLevel = len("informational")
	wideHost  = 24
	gap       = "  "
)

func (w *tableWriter) write(a *producer.Alert) error {
	if !w.header {
		w.header = true
		_ = w.line(w.style.bold, "INDEX", "TIME (UTC)", "LEVEL", "HOST", "RULE AND MATCH")
	}
	if w.several && w.file != a.Source.File {
		w.file = a.Source.File
		_, _ = w.out.WriteString(w.style.bold(visible(w.file)) + "\n")
	}
	when := "-"
	if !a.Time.IsZero() {
		when = a.Time.UTC().Format(time.DateTime)
	}
	paint := func(text string) string { return w.style.level(a.Rule.Level, text) }
	return w.line(paint, strconv.Itoa(a.Source.Index), when, a.Rule.Level, visible(a.Host), visible(a.Rule.Title+"  "+matchText(a, ", ")))
}

// line writes the columns; paint colors the level, or the heading.
func (w *tableWriter) line(paint func(string) string, index, when, level, host, rest string) error {
	used := wideIndex + wideTime + wideLevel + wideHost + 4*len(gap)
	if w.columns > 0 {
		rest = clip(rest, max(w.columns-used, 20))
	}
	left := strings.Repeat(" ", max(wideIndex-len(index), 0)) + index + gap + fit(when, wideTime) + gap
	right := gap + fit(host, wideHost) + gap + rest
	_, err := io.WriteString(w.out, left+paint(fit(level, wideLevel))+right+"\n")
	return err
}

func (w *tableWriter) flush() error { return w.out.Flush() }
func (w *tableWriter) end() error   { return w.out.Flush() }

// matchText says in a line which fields made the rule match.
func matchText(a *producer.Alert, separator string) string {
	texts := make([]string, len(a.Matches))
	for i, m := range a.Matches {
		texts[i] = m.Field + "=" + strconv.Quote(m.Value)
	}
	return strings.Join(texts, separator)
}
