package producer

import (
	"context"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/rules"
	"github.com/segmentio/kafka-go"
)

const (
	// DefaultMaxRecordBytes fits Kafka's default max.message.bytes (1,048,588).
	DefaultMaxRecordBytes = 1 << 20
	// minRecordBytes is more than an alert cut down to its bones can take.
	minRecordBytes = 32 << 10
	// firstBuffer takes an alert or two. It is never nil: an empty key must not become a null one.
	firstBuffer = 4 << 10
	// keptBuffer bounds what an idle Encoder holds on to.
	keptBuffer = 8 << 20
)

// EncoderConfig says what an Encoder writes. The zero value works once Topic is set.
type EncoderConfig struct {
	Topic   string // the topic that the records are for
	Key     KeyBy  // KeyHost when empty
	Version string // picket's own, for the alert's engine
	// MaxRecordBytes is the topic's max.message.bytes. An alert that would pass it, with key, headers
	// and batch header counted and no compression assumed, is sent without its event. 0 means
	// DefaultMaxRecordBytes; less than 32 KiB is taken as 32 KiB.
	MaxRecordBytes int
}

// Encoder turns alerts into records, in one buffer that Reset frees for the next batch. It belongs to
// one goroutine.
type Encoder struct {
	cfg     EncoderConfig
	buf     []byte
	msgs    []kafka.Message
	marks   []marks
	headers []kafka.Header
	fixed   fixedValues
	texts   map[*rules.Rule]*ruleText
	ruleset string // the texts and the engine are for this set
	engine  []byte
	stats   EncoderStats
}

// EncoderStats counts what an Encoder did since it was made.
type EncoderStats struct {
	Alerts    uint64
	Truncated uint64 // sent without the event
	Repaired  uint64 // sent with an event whose invalid UTF-8 was replaced
}

// marks is where the parts of an alert that can be cut begin and end in its value. End 0 means that the
// part is not there.
type marks struct{ matchAt, matchEnd, eventAt, eventEnd int }

// fixedValues are the header values that never change.
type fixedValues struct{ json, schema []byte }

// ruleText is what all alerts of a rule have in common.
type ruleText struct {
	json  []byte // "rule":{…},"attack":[…]
	id    []byte
	level []byte
	key   []byte
}

// NewEncoder makes an Encoder.
func NewEncoder(cfg EncoderConfig) *Encoder {
	if cfg.Key == "" {
		cfg.Key = KeyHost
	}
	if cfg.MaxRecordBytes == 0 {
		cfg.MaxRecordBytes = DefaultMaxRecordBytes
	}
	cfg.MaxRecordBytes = max(cfg.MaxRecordBytes, minRecordBytes)
	return &Encoder{
		cfg:   cfg,
		buf:   make([]byte, 0, firstBuffer),
		fixed: fixedValues{json: []byte("application/json"), schema: []byte(Schema)},
		texts: map[*rules.Rule]*ruleText{},
	}
}

// Reset forgets the records. Their bytes are overwritten by the next Add.
func (e *Encoder) Reset() {
	if cap(e.buf) > keptBuffer {
		e.buf = make([]byte, 0, firstBuffer)
	}
	clear(e.msgs)
	clear(e.headers)
	e.buf, e.msgs, e.marks, e.headers = e.buf[:0], e.msgs[:0], e.marks[:0], e.headers[:0]
}

// Records are the alerts added since the last Reset, valid until the next.
func (e *Encoder) Records() []kafka.Message { return e.msgs }

// Stats gives the counts. Like the rest it is for the owning goroutine.
func (e *Encoder) Stats() EncoderStats { return e.stats }

// Publish hands the records to the sink and returns when all are acknowledged. An alert that its topic
// refuses as too large is sent again without the event, then without evidence. On any other error
// everything may be published again.
func (e *Encoder) Publish(ctx context.Context, sink Sink) error {
	return publishShrinking(ctx, sink, e.msgs, e.shrink)
}

// limits is how much of an alert is written. Cuts are a last resort against events that are made to be
// large: everything an attacker can fill is bounded.
type limits struct {
	noEvent bool
	text    int // bytes of a text from the event, the tags or the title, 0 for all
	matches int // entries of match
	tags    int // entries of tags
}

// steps are tried in turn until the record fits.
func steps() [4]limits {
	return [4]limits{
		{},
		{noEvent: true},
		{noEvent: true, text: 1024, matches: 32, tags: 64},
		{noEvent: true, text: 64, matches: 4, tags: 8},
	}
}

// Add encodes one alert.
func (e *Encoder) Add(a *Alert) {
	if a.Ruleset != e.ruleset || e.engine == nil {
		e.useRuleset(a.Ruleset)
	}
	text := e.textOf(a.Rule)
	all := steps()
	for i, lim := range all {
		if i == 0 && len(a.Event) > e.cfg.MaxRecordBytes {
			continue
		}
		if e.add(a, text, lim, i == len(all)-1) {
			break
		}
	}
	e.stats.Alerts++
}

// add encodes one alert within the limits, and takes it back when the record is too large, unless these
// are the last limits there are.
func (e *Encoder) add(a *Alert, text *ruleText, lim limits, last bool) bool {
	start := len(e.buf)
	key := e.appendKey(a, text, lim)
	at := len(e.buf)
	var m marks
	var repaired bool
	e.buf, m, repaired = e.appendAlert(e.buf, a, text, lim)
	value := e.buf[at:len(e.buf):len(e.buf)]
	end := len(e.buf)
	var trace []byte
	if a.Source.Traceparent != nil && (lim.text == 0 || len(a.Source.Traceparent) <= lim.text) {
		e.buf = append(e.buf, a.Source.Traceparent...)
		trace = e.buf[end:len(e.buf):len(e.buf)]
	}
	h := len(e.headers)
	e.appendHeaders(value, text, trace)
	headers := e.headers[h:len(e.headers):len(e.headers)]
	if wire.BatchHeaderLen+wire.RecordLen(key, value, headers) > e.cfg.MaxRecordBytes && !last {
		clear(e.headers[h:])
		e.buf, e.headers = e.buf[:start], e.headers[:h]
		return false
	}
	when, _ := timeOf(a)
	if when.UnixMilli() < 0 {
		when = a.Observed // Kafka has no timestamps before 1970
	}
	e.msgs = append(e.msgs, kafka.Message{Topic: e.cfg.Topic, Key: key, Value: value, Headers: headers, Time: when})
	e.marks = append(e.marks, m)
	if lim.noEvent {
		e.stats.Truncated++
	}
	if repaired {
		e.stats.Repaired++
	}
	return true
}

// appendKey copies the record's key in front of its value.
func (e *Encoder) appendKey(a *Alert, text *ruleText, lim limits) []byte {
	start := len(e.buf)
	switch e.cfg.Key {
	case KeyRule:
		return text.key
	case KeySource:
		if a.Source.Key == nil {
			return nil
		}
		e.buf = append(e.buf, cut(a.Source.Key, lim.text)...)
	default:
		if a.Host == "" {
			return nil
		}
		e.buf = append(e.buf, cut(a.Host, lim.text)...)
	}
	return e.buf[start:len(e.buf):len(e.buf)]
}

func (e *Encoder) appendHeaders(value []byte, text *ruleText, trace []byte) {
	id := value[idAt : idAt+idLen : idAt+idLen]
	e.headers = append(e.headers,
		kafka.Header{Key: "content-type", Value: e.fixed.json},
		kafka.Header{Key: "picket.schema", Value: e.fixed.schema},
		kafka.Header{Key: "picket.alert.id", Value: id})
	if len(text.id) > 0 {
		e.headers = append(e.headers, kafka.Header{Key: "picket.rule.id", Value: text.id})
	}
	if len(text.level) > 0 {
		e.headers = append(e.headers, kafka.Header{Key: "picket.level", Value: text.level})
	}
	if trace != nil {
		e.headers = append(e.headers, kafka.Header{Key: "traceparent", Value: trace})
	}
}

// alertStart is how every alert begins; the id follows.
const (
	alertStart = `{"schema":"` + Schema + `","id":"`
	idAt       = len(alertStart)
)

// appendAlert appends the alert's JSON.
func (e *Encoder) appendAlert(dst []byte, a *Alert, text *ruleText, lim limits) (out []byte, m marks, repaired bool) {
	base := len(dst)
	s := &a.Source
	dst = append(dst, alertStart...)
	dst = appendSourceID(dst, a.Rule, s)
	dst = append(dst, `","kind":"detection",`...)
	dst = appendTimes(dst, a)
	if lim.text == 0 {
		dst = append(dst, text.json...)
	} else {
		dst = appendRule(dst, a.Rule, lim)
	}
	dst = appendMember(dst, `,"host":`, a.Host, lim.text)
	dst = appendMember(dst, `,"user":`, a.User, lim.text)
	m.matchAt = len(dst) - base
	dst = appendMatches(dst, a.Matches, lim)
	m.matchEnd = len(dst) - base
	dst = appendSource(dst, s, lim)
	m.eventAt = len(dst) - base
	if lim.noEvent {
		dst = append(dst, truncatedMember...)
	} else {
		dst, repaired = appendEvent(dst, a.Event)
		if len(a.Event) > 0 {
			m.eventEnd = len(dst) - base
		}
	}
	return append(dst, e.engine...), m, repaired
}

// appendSourceID appends the alert's id. A file stands in for the topic, and its partition and offset are 0.
func appendSourceID(dst []byte, r *rules.Rule, s *Source) []byte {
	if s.File != "" {
		return AppendID(dst, r.ID, r.Hash, s.File, 0, 0, s.Index)
	}
	return AppendID(dst, r.ID, r.Hash, s.Topic, s.Partition, s.Offset, s.Index)
}

// appendTimes appends time, time_source and observed, as far as they are known, each with a comma behind it.
func appendTimes(dst []byte, a *Alert) []byte {
	when, clock := timeOf(a)
	if !when.IsZero() {
		dst = append(dst, `"time":`...)
		dst = appendTime(dst, when)
		dst = appendMember(dst, `,"time_source":`, string(clock), 0)
		dst = append(dst, ',')
	}
	if !a.Observed.IsZero() {
		dst = append(dst, `"observed":`...)
		dst = appendTime(dst, a.Observed)
		dst = append(dst, ',')
	}
	return dst
}

const (
	truncatedMember = `,"truncated":true`
	emptyMatch      = `,"match":[]`
)

// timeOf is the alert's time and the name of the clock it was read from.
func timeOf(a *Alert) (time.Time, event.TimeSource) {
	if presentable(a.Time) {
		return a.Time, a.TimeSource
	}
	return a.Observed, timeObserved
}

// timeObserved is the time source of an alert whose event has no time that can be said.
const timeObserved event.TimeSource = "observed"

func appendEvent(dst, raw []byte) (out []byte, repaired bool) {
	if len(raw) == 0 {
		return dst, false
	}
	dst = append(dst, `,"event":`...)
	if utf8.Valid(raw) {
		return append(dst, raw...), false
	}
	dst = appendRepaired(dst, raw)
	return append(dst, `,"event_repaired":true`...), true
}

func appendMatches(dst []byte, matches []matcher.Evidence, lim limits) []byte {
	if lim.matches > 0 {
		matches = matches[:min(len(matches), lim.matches)]
	}
	dst = append(dst, `,"match":[`...)
	for i := range matches {
		m := &matches[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"selection":`...)
		dst = appendString(dst, cut(m.Selection, lim.text))
		dst = append(dst, `,"field":`...)
		dst = appendString(dst, cut(m.Field, lim.text))
		dst = append(dst, `,"op":`...)
		dst = appendString(dst, m.Op)
		dst = append(dst, `,"pattern":`...)
		dst = appendString(dst, cut(m.Pattern, lim.text))
		dst = append(dst, `,"value":`...)
		dst = appendString(dst, cut(m.Value, lim.text))
		dst = append(dst, `,"path":`...)
		dst = appendString(dst, cut(m.Path, lim.text))
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendSource(dst []byte, s *Source, lim limits) []byte {
	if s.File != "" {
		dst = append(dst, `,"source":{"file":`...)
		dst = appendString(dst, s.File)
	} else {
		dst = append(dst, `,"source":{"topic":`...)
		dst = appendString(dst, s.Topic)
		dst = append(dst, `,"partition":`...)
		dst = strconv.AppendInt(dst, int64(s.Partition), 10)
		dst = append(dst, `,"offset":`...)
		dst = strconv.AppendInt(dst, s.Offset, 10)
	}
	dst = append(dst, `,"index":`...)
	dst = strconv.AppendInt(dst, int64(s.Index), 10)
	if t := time.UnixMilli(s.Timestamp); s.File == "" && s.Timestamp >= 0 && presentable(t) {
		dst = append(dst, `,"timestamp":`...)
		dst = appendTime(dst, t)
	}
	dst = appendMember(dst, `,"shape":`, string(s.Shape), 0)
	dst = appendMember(dst, `,"provider":`, s.Provider, lim.text)
	dst = appendMember(dst, `,"channel":`, s.Channel, lim.text)
	dst = append(dst, `,"event_id":`...)
	dst = strconv.AppendUint(dst, uint64(s.EventID), 10)
	if s.HasRecordID {
		dst = append(dst, `,"record_id":`...)
		dst = strconv.AppendUint(dst, s.RecordID, 10)
	}
	return append(dst, '}')
}

// appendMember appends a named text, or nothing when it is empty.
func appendMember(dst []byte, name, value string, limit int) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, name...)
	return appendString(dst, cut(value, limit))
}

// useRuleset starts over with the texts that depend on the rule set.
func (e *Encoder) useRuleset(hash string) {
	clear(e.texts)
	e.ruleset = hash
	e.engine = append(e.engine[:0], `,"engine":{"name":"picket"`...)
	e.engine = appendMember(e.engine, `,"version":`, e.cfg.Version, 0)
	e.engine = appendMember(e.engine, `,"ruleset":`, hash, 0)
	e.engine = append(e.engine, `}}`...)
}

// textOf is the part of the alert that depends on the rule alone, made once.
func (e *Encoder) textOf(r *rules.Rule) *ruleText {
	if t := e.texts[r]; t != nil {
		return t
	}
	t := &ruleText{json: appendRule(nil, r, limits{}), id: []byte(r.ID), level: []byte(r.Level)}
	t.key = t.id
	if r.ID == "" {
		t.key = []byte(r.Hash)
	}
	e.texts[r] = t
	return t
}

// appendRule appends the rule and attack members, without a comma in front.
func appendRule(dst []byte, r *rules.Rule, lim limits) []byte {
	tags := r.Tags
	if lim.tags > 0 {
		tags = tags[:min(len(tags), lim.tags)]
	}
	dst = append(dst, `"rule":{`...)
	if r.ID != "" {
		dst = appendMember(dst, `"id":`, r.ID, 0)
		dst = append(dst, ',')
	}
	dst = append(dst, `"title":`...)
	dst = appendString(dst, cut(r.Title, lim.text))
	dst = appendMember(dst, `,"level":`, r.Level, lim.text)
	dst = appendMember(dst, `,"status":`, r.Status, lim.text)
	dst = append(dst, `,"hash":`...)
	dst = appendString(dst, r.Hash)
	for i, tag := range tags {
		if i == 0 {
			dst = append(dst, `,"tags":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendString(dst, cut(tag, lim.text))
	}
	if len(tags) > 0 {
		dst = append(dst, ']')
	}
	dst = append(dst, '}')
	attack := attackOf(tags)
	for i, t := range attack {
		if i == 0 {
			dst = append(dst, `,"attack":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		sep := ""
		if t.tactic != "" {
			dst = append(dst, `"tactic":`...)
			dst = appendString(dst, cut(t.tactic, lim.text))
			sep = ","
		}
		if t.technique != "" {
			dst = append(append(dst, sep...), `"technique":`...)
			dst = appendString(dst, t.technique)
		}
		dst = append(dst, '}')
	}
	if len(attack) > 0 {
		dst = append(dst, ']')
	}
	return dst
}
