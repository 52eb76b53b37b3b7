package producer

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

// HeaderStyle is how a dead letter's headers are named.
type HeaderStyle string

const (
	StylePicket  HeaderStyle = "picket"  // picket.error.stage and so on; the default
	StyleConnect HeaderStyle = "connect" // Kafka Connect's __connect.errors.*
)

// ParseHeaderStyle reads the name of a HeaderStyle; the empty name is StylePicket.
func ParseHeaderStyle(name string) (HeaderStyle, error) {
	switch s := HeaderStyle(name); s {
	case "":
		return StylePicket, nil
	case StylePicket, StyleConnect:
		return s, nil
	}
	return StylePicket, fmt.Errorf("unknown dead letter header style %q; use picket or connect", name)
}

// Stages of a dead letter, beside event.StageDecode and event.StageShape.
const (
	StageEvaluate = "evaluate" // matching the event broke
	StageEncode   = "encode"   // the alert could not be written
	StageProduce  = "produce"  // the alert could not be published
)

// Cause says why a record became a dead letter. Message is for people and must not quote the record: it
// may hold secrets. More than 1 KiB of it is cut.
type Cause struct{ Stage, Code, Message string }

// DeadLetterConfig says where dead letters go and what they say. Topic has to be set.
type DeadLetterConfig struct {
	Topic   string
	Group   string // the consumer group
	Version string // picket's own
	Style   HeaderStyle
	// MaxRecordBytes is the topic's max.message.bytes; 0 means DefaultMaxRecordBytes.
	MaxRecordBytes int
}

// DeadLetters turns records that could not be handled into records for the dead-letter topic: key, value,
// timestamp and headers byte for byte, and behind the record's own headers those that say what happened.
//
// A record that the topic does not take goes without its value, and says how long it was in the header
// picket.error.value_omitted; if that is still too large, also without its key and its own headers, in
// picket.error.key_omitted (bytes) and picket.error.headers_omitted (their number). It can be found in
// its own topic by the partition and offset in the headers.
//
// One goroutine owns a DeadLetters. The records it hands out alias those that were added.
type DeadLetters struct {
	cfg   DeadLetterConfig
	msgs  []kafka.Message
	own   []int // headers of the source record at the front of each message's
	stats DeadLetterStats
}

// DeadLetterStats counts what a DeadLetters did since it was made.
type DeadLetterStats struct {
	Records       uint64
	ValuesOmitted uint64
}

// NewDeadLetters makes a DeadLetters.
func NewDeadLetters(cfg DeadLetterConfig) *DeadLetters {
	if cfg.Style == "" {
		cfg.Style = StylePicket
	}
	if cfg.MaxRecordBytes == 0 {
		cfg.MaxRecordBytes = DefaultMaxRecordBytes
	}
	return &DeadLetters{cfg: cfg}
}

// Reset forgets the records.
func (d *DeadLetters) Reset() {
	clear(d.msgs)
	d.msgs, d.own = d.msgs[:0], d.own[:0]
}

// Records are the dead letters added since the last Reset. They alias the source records' bytes.
func (d *DeadLetters) Records() []kafka.Message { return d.msgs }

// Stats gives the counts. Like the rest it is for the owning goroutine.
func (d *DeadLetters) Stats() DeadLetterStats { return d.stats }

// Publish hands the records to the sink and returns when all are acknowledged. What the topic refuses as
// too large is cut as the type says, and sent again.
func (d *DeadLetters) Publish(ctx context.Context, sink Sink) error {
	return publishShrinking(ctx, sink, d.msgs, d.shrink)
}

// Add makes a dead letter of a record of topic and partition.
func (d *DeadLetters) Add(topic string, partition int32, r *wire.Record, why Cause) {
	headers := appendSourceHeaders(make([]kafka.Header, 0, r.Headers.N+8), r.Headers)
	d.own = append(d.own, len(headers))
	d.msgs = append(d.msgs, kafka.Message{
		Topic: d.cfg.Topic, Key: r.Key, Value: r.Value,
		Headers: d.appendCause(headers, topic, partition, r.Offset, why),
		Time:    time.UnixMilli(r.Timestamp),
	})
	d.stats.Records++
	i := len(d.msgs) - 1
	for d.tooLarge(&d.msgs[i]) && d.shrink(i) {
	}
}

func (d *DeadLetters) tooLarge(m *kafka.Message) bool {
	return wire.BatchHeaderLen+wire.RecordLen(m.Key, m.Value, m.Headers) > d.cfg.MaxRecordBytes
}

// shrink cuts dead letter i: first its value, then its key and its own headers.
func (d *DeadLetters) shrink(i int) bool {
	m := &d.msgs[i]
	switch {
	case m.Value != nil:
		m.Headers = append(m.Headers, header("picket.error.value_omitted", strconv.Itoa(len(m.Value))))
		m.Value = nil
		d.stats.ValuesOmitted++
	case m.Key != nil || d.own[i] > 0:
		m.Headers = append(m.Headers,
			header("picket.error.key_omitted", strconv.Itoa(len(m.Key))),
			header("picket.error.headers_omitted", strconv.Itoa(d.own[i])))
		m.Headers, m.Key, d.own[i] = m.Headers[d.own[i]:], nil, 0
	default:
		return false
	}
	return true
}

// maxCauseText bounds the message of a Cause.
const maxCauseText = 1024

// appendCause appends what happened. The names of Kafka Connect are those of its
// DeadLetterQueueReporter; it has none for the group, which takes the place of the connector, nor for the
// version, which goes with the class that failed.
func (d *DeadLetters) appendCause(dst []kafka.Header, topic string, partition int32, offset int64, why Cause) []kafka.Header {
	message := cut(why.Message, maxCauseText)
	part, off := strconv.Itoa(int(partition)), strconv.FormatInt(offset, 10)
	if d.cfg.Style == StyleConnect {
		return append(dst,
			header("__connect.errors.topic", topic),
			header("__connect.errors.partition", part),
			header("__connect.errors.offset", off),
			header("__connect.errors.connector.name", d.cfg.Group),
			header("__connect.errors.stage", why.Stage),
			header("__connect.errors.class.name", "picket/"+d.cfg.Version),
			header("__connect.errors.exception.class.name", why.Code),
			header("__connect.errors.exception.message", message))
	}
	return append(dst,
		header("picket.error.stage", why.Stage),
		header("picket.error.code", why.Code),
		header("picket.error.message", message),
		header("picket.error.topic", topic),
		header("picket.error.partition", part),
		header("picket.error.offset", off),
		header("picket.error.group", d.cfg.Group),
		header("picket.error.version", d.cfg.Version))
}

func header(key, value string) kafka.Header { return kafka.Header{Key: key, Value: []byte(value)} }

// appendSourceHeaders appends a record's headers. Their values alias it.
func appendSourceHeaders(dst []kafka.Header, h wire.Headers) []kafka.Header {
	for key, value := range h.All() {
		dst = append(dst, kafka.Header{Key: string(key), Value: value})
	}
	return dst
}

// Traceparent finds the header that W3C Trace Context passes on, or nil.
func Traceparent(h wire.Headers) []byte {
	value, _ := h.Last("traceparent")
	return value
}
