package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/picketsigma/picket/consumer"
)

// alertPrinter prints alerts for people. As a consumer.Handler it reads the alerts topic, like any other
// consumer of alerts would; one serves all partitions.
type alertPrinter struct {
	style style

	mu  sync.Mutex
	out io.Writer
	n   int64
}

var _ consumer.Handler = (*alertPrinter)(nil)

// printedAlert is what the demo shows of an alert record.
type printedAlert struct {
	Time       time.Time
	Host, User string
	Rule       struct{ Title, Level string }
	Match      []struct{ Field, Op, Value string }
	Source     struct {
		Topic     string
		Partition int32
		Offset    int64
		Shape     string
	}
}

// Handle prints the alerts of a batch.
func (p *alertPrinter) Handle(_ context.Context, b *consumer.Batch) error {
	for _, r := range b.Records {
		var a printedAlert
		if err := json.Unmarshal(r.Value, &a); err != nil {
			return fmt.Errorf("alert at offset %d: %w", r.Offset, err)
		}
		p.print(&a)
	}
	return nil
}

// Close does nothing: the printer outlives a generation.
func (p *alertPrinter) Close() {}

func (p *alertPrinter) print(a *printedAlert) {
	s := p.style
	var b strings.Builder
	level := cmp.Or(a.Rule.Level, "no level")
	fmt.Fprintf(&b, "%s %s  %s\n", s.faint(a.Time.UTC().Format("15:04:05")), s.level(level, fit(level, len("critical"))), s.bold(visible(a.Rule.Title)))
	const indent = "                   "
	b.WriteString(indent + visible(a.Host))
	if a.User != "" {
		b.WriteString("  " + visible(a.User))
	}
	b.WriteString("\n")
	for i, m := range a.Match {
		if i == maxShownMatches {
			fmt.Fprintf(&b, "%s%s\n", indent, s.faint(fmt.Sprintf("and %d more", len(a.Match)-i)))
			break
		}
		fmt.Fprintf(&b, "%s%s = %s\n", indent, visible(m.Field), s.green(visible(clip(m.Value, 80))))
	}
	src := &a.Source
	fmt.Fprintf(&b, "%s%s\n", indent, s.faint(fmt.Sprintf("%s, partition %d, offset %d, as %s", src.Topic, src.Partition, src.Offset, src.Shape)))
	p.write(b.String())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
}

// maxShownMatches bounds what is printed of one alert.
const maxShownMatches = 4

// count is how many alerts were printed.
func (p *alertPrinter) count() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// write prints whole lines; nobody is left to tell when that fails.
func (p *alertPrinter) write(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.WriteString(p.out, text)
}

func (p *alertPrinter) intro(events int, shapes []string, rules, addr string) {
	p.write(fmt.Sprintf("%s  Kafka in this process at %s, %s, %s in the shapes %s\n\n",
		p.style.bold("picket demo"), addr, rules, plural(events, "recorded event"), strings.Join(shapes, ", ")))
}

func (p *alertPrinter) summary(events, alerts int, took time.Duration, lag int64) {
	p.write(fmt.Sprintf("\n%s  %s, %s, %s from the first event sent to the last one committed, %s, lag %d\n",
		p.style.bold("summary"), plural(events, "event"), plural(alerts, "alert"), shortTime(took), rate(events, "event", took), lag))
}

// invite says what can be done while the demo keeps serving.
func (p *alertPrinter) invite(addr, console string) {
	event := `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"my-pc","Image":"C:\\Temp\\a.exe","Company":"NetSupport Ltd"}`
	p.write(fmt.Sprintf(`
Still running; Ctrl-C ends it. Send it an event of your own:

  echo '%s' | kcat -P -b %s -t %s

Alerts: kcat -C -b %s -t %s    Metrics: http://%s/metrics    Next: picket run --help

`, event, addr, demoEvents, addr, demoAlerts, console))
}
