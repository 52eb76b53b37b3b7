package producer

import (
	"fmt"
	"time"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/rules"
)

// Schema is the version of the alert record that this package writes. Additions keep it; a renamed or
// removed field makes a new one.
const Schema = "alert/1"

// Alert is what an Encoder writes: one rule, one event, and where the event was. Its strings and bytes
// are read during Encoder.Add only; Rule is kept and compared by address.
type Alert struct {
	Rule    *rules.Rule
	Ruleset string // rules.Set.Hash of the set that matched
	Matches []matcher.Evidence

	// Time is the event's, and TimeSource the clock it came from. A Time that RFC 3339 cannot say
	// (zero, or beyond the year 9999) is replaced by Observed, and its source is then "observed".
	Time       time.Time
	TimeSource event.TimeSource
	// Observed is when the record was matched: the caller's clock, never read here. With a zero one,
	// observed is left out, and time too when the event has none that can be said.
	Observed time.Time

	Host   string // empty when the event does not say; so are the other texts
	User   string
	Source Source
	// Event is the source event: JSON, embedded byte for byte. Invalid UTF-8 in it is replaced, and
	// the alert then says so.
	Event []byte
}

// Source is the place of an event in Kafka or in a file, and what the event says about itself.
type Source struct {
	// File is set for an event that did not come from Kafka: the file's name, and Index is the event's
	// place in it. Topic, Partition, Offset and Timestamp are then left out.
	File string

	Topic       string
	Partition   int32
	Offset      int64
	Index       int    // of the event in its record
	Timestamp   int64  // of the record, in milliseconds since the epoch; negative when it has none
	Key         []byte // of the record, nil when it has none
	Traceparent []byte // the record's header of that name (W3C Trace Context), nil when it has none

	Shape       event.Shape
	Provider    string
	Channel     string
	EventID     uint32
	RecordID    uint64
	HasRecordID bool
}

// KeyBy says what becomes the key of an alert record, and so which alerts share a partition.
type KeyBy string

const (
	KeyHost   KeyBy = "host"   // the event's computer; the default
	KeyRule   KeyBy = "rule"   // the rule's id, or its hash when it has none
	KeySource KeyBy = "source" // the source record's key
)

// ParseKeyBy reads the name of a KeyBy; the empty name is KeyHost.
func ParseKeyBy(name string) (KeyBy, error) {
	switch k := KeyBy(name); k {
	case "":
		return KeyHost, nil
	case KeyHost, KeyRule, KeySource:
		return k, nil
	}
	return KeyHost, fmt.Errorf("unknown alert key %q; use host, rule or source", name)
}
