package console

import "time"

// Tally is what one batch of one partition adds to the metrics. Its owner is one goroutine, which
// fills it, hands it to Metrics.Add and calls Reset. The zero value is ready.
type Tally struct {
	Topic     string
	Partition int32

	Records    int
	Bytes      int64
	Repaired   int    // events with invalid UTF-8, evaluated all the same
	Panics     int    // records whose evaluation panicked
	Truncated  int    // alerts sent without their event
	Candidates uint64 // rules whose conditions were evaluated
	Match      time.Duration

	shapes      counts
	unroutable  counts
	deadLetters counts
	skipped     counts
	alerts      []alertCount
	latencies   []float64
}

// counts is a small multiset of words; a batch meets two or three of them.
type counts []wordCount

type wordCount struct {
	word string
	n    int
}

func (c *counts) add(word string) {
	for i := range *c {
		if (*c)[i].word == word {
			(*c)[i].n++
			return
		}
	}
	*c = append(*c, wordCount{word, 1})
}

type alertCount struct {
	rule, level string
	n           int
}

// Event counts one decoded event of a shape.
func (t *Tally) Event(shape string) { t.shapes.add(shape) }

// Unroutable counts one record that gave no event; reason is a code of package event.
func (t *Tally) Unroutable(reason string) { t.unroutable.add(reason) }

// DeadLetter counts one record sent to the dead-letter topic.
func (t *Tally) DeadLetter(stage string) { t.deadLetters.add(stage) }

// Skipped counts one record that would be a dead letter, had a topic for them been configured.
func (t *Tally) Skipped(stage string) { t.skipped.add(stage) }

// Alert counts one alert and the time from its event to now.
func (t *Tally) Alert(rule, level string, latency time.Duration) {
	t.latencies = append(t.latencies, latency.Seconds())
	for i := range t.alerts {
		if t.alerts[i].rule == rule && t.alerts[i].level == level {
			t.alerts[i].n++
			return
		}
	}
	t.alerts = append(t.alerts, alertCount{rule, level, 1})
}

// Alerts is the number of alerts counted since Reset.
func (t *Tally) Alerts() int { return len(t.latencies) }

// Reset empties the tally and keeps its memory.
func (t *Tally) Reset() {
	*t = Tally{
		shapes: t.shapes[:0], unroutable: t.unroutable[:0], deadLetters: t.deadLetters[:0], skipped: t.skipped[:0],
		alerts: t.alerts[:0], latencies: t.latencies[:0],
	}
}
