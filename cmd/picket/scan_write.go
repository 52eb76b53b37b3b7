package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
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

// tableWriter writes two lines an alert, the second with what matched. Widths are fixed, so that lines can
// be written as they come.
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
	wideLevel = len("critical")
	wideHost  = 22
	gap       = "  "
	wideLeft  = wideIndex + wideTime + wideLevel + wideHost + 4*len(gap)
)

func (w *tableWriter) write(a *producer.Alert) error {
	if !w.header {
		w.header = true
		_, _ = w.out.WriteString(w.style.bold(w.left("INDEX", "TIME (UTC)", fit("LEVEL", wideLevel), "HOST")+"RULE, AND WHAT MATCHED") + "\n")
	}
	if w.several && w.file != a.Source.File {
		w.file = a.Source.File
		_, _ = w.out.WriteString(w.style.bold(visible(w.file)) + "\n")
	}
	when := "-"
	if !a.Time.IsZero() {
		when = a.Time.UTC().Format(time.DateTime)
	}
	level := a.Rule.Level
	if level == "informational" {
		level = "info"
	}
	level = w.style.level(a.Rule.Level, fit(cmp.Or(level, "-"), wideLevel))
	_, _ = w.out.WriteString(w.left(strconv.Itoa(a.Source.Index), when, level, visible(a.Host)) + w.right(a.Rule.Title) + "\n")
	if len(a.Matches) == 0 {
		return nil
	}
	_, err := w.out.WriteString(strings.Repeat(" ", wideLeft) + w.style.faint(w.right(matchText(a, ", "))) + "\n")
	return err
}

// left gives the columns but the last; level has its width already.
func (w *tableWriter) left(index, when, level, host string) string {
	return strings.Repeat(" ", max(wideIndex-len(index), 0)) + index + gap + fit(when, wideTime) + gap + level + gap + fit(host, wideHost) + gap
}

// right gives a text for the last column, cut where the terminal ends.
func (w *tableWriter) right(text string) string {
	text = visible(text)
	if w.columns > 0 {
		text = clip(text, max(w.columns-wideLeft, 20))
	}
	return text
}

func (w *tableWriter) flush() error { return w.out.Flush() }
func (w *tableWriter) end() error   { return w.out.Flush() }

// matchText says in a line which fields made the rule match. Values stand as they are, but for what a
// terminal would not print.
func matchText(a *producer.Alert, separator string) string {
	texts := make([]string, len(a.Matches))
	for i, m := range a.Matches {
		texts[i] = m.Field + `="` + visible(m.Value) + `"`
	}
	return strings.Join(texts, separator)
}
