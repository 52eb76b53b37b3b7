package producer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// rawHeaders encodes headers as they stand in a record.
func rawHeaders(t testing.TB, headers ...kafka.Header) wire.Headers {
	t.Helper()
	var b wire.Batch
	b.Append(0, nil, nil, headers)
	frame, err := b.Encode(nil, wire.NoProducer(), false)
	if err != nil {
		t.Fatal(err)
	}
	// size, batch header, length (1 or 2 bytes), attributes, two deltas, two nulls, number of headers
	const fixed = 4 + wire.BatchHeaderLen
	raw := frame[fixed:]
	raw = raw[1+int(raw[0]>>7):]
	return wire.Headers{N: len(headers), Raw: raw[6:]}
}

func notJSON() Cause {
	return Cause{Stage: event.StageDecode, Code: event.CodeNotJSON, Message: "not JSON: it begins with a byte order mark"}
}

func headerText(headers []kafka.Header) []string {
	out := make([]string, len(headers))
	for i, h := range headers {
		out[i] = fmt.Sprintf("%s=%q", h.Key, h.Value)
		if h.Value == nil {
			out[i] = h.Key + " null"
		}
	}
	return out
}

func TestDeadLetter(t *testing.T) {
	own := []kafka.Header{{Key: "a", Value: []byte{0, 0xff}}, {Key: "picket.error.stage", Value: []byte("of an earlier life")}, {Key: "", Value: []byte{}}, {Key: "null"}}
	record := wire.Record{Offset: 42, Timestamp: 1_772_442_847_512, Key: []byte("key\x00"), Value: []byte("\xef\xbb\xbf{"), Headers: rawHeaders(t, own...)}
	for _, c := range []struct {
		style HeaderStyle
		want  []string
	}{
		{"", []string{
			`picket.error.stage="decode"`, `picket.error.code="not_json"`, `picket.error.message="not JSON: it begins with a byte order mark"`,
			`picket.error.topic="sysmon"`, `picket.error.partition="3"`, `picket.error.offset="42"`, `picket.error.group="picket"`, `picket.error.version="v1"`,
		}},
		{StyleConnect, []string{
			`__connect.errors.topic="sysmon"`, `__connect.errors.partition="3"`, `__connect.errors.offset="42"`, `__connect.errors.connector.name="picket"`,
			`__connect.errors.stage="decode"`, `__connect.errors.class.name="picket/v1"`, `__connect.errors.exception.class.name="not_json"`,
			`__connect.errors.exception.message="not JSON: it begins with a byte order mark"`,
		}},
	} {
		d := NewDeadLetters(DeadLetterConfig{Topic: "dead", Group: "picket", Version: "v1", Style: c.style})
		d.Add("sysmon", 3, &record, notJSON())
		m := d.Records()[0]
		if m.Topic != "dead" || !bytes.Equal(m.Key, record.Key) || !bytes.Equal(m.Value, record.Value) || m.Time.UnixMilli() != record.Timestamp {
			t.Errorf("%+v", m)
		}
		want := append([]string{`a="\x00\xff"`, `picket.error.stage="of an earlier life"`, `=""`, `null null`}, c.want...)
		if diff := cmp.Diff(want, headerText(m.Headers)); diff != "" {
			t.Errorf("%q headers (-want +got):\n%s", c.style, diff)
		}
	}
}

// TestDeadLetterStored reads dead letters back: null, empty and absent stay apart.
func TestDeadLetterStored(t *testing.T) {
	c := startBroker(t)
	if err := c.CreateTopic("dead", 1, nil); err != nil {
		t.Fatal(err)
	}
	p := startPublisher(t, c, nil)
	d := NewDeadLetters(DeadLetterConfig{Topic: "dead"})
	records := []wire.Record{
		{Offset: 1, Timestamp: 1000, Key: nil, Value: []byte("no key")},
		{Offset: 2, Timestamp: 2000, Key: []byte{}, Value: []byte{}},
		{Offset: 3, Timestamp: 3000, Key: []byte("k"), Value: nil},
		{Offset: 4, Timestamp: 4000, Key: []byte("big"), Value: make([]byte, 10<<20)},
	}
	for i := range records {
		d.Add("sysmon", 0, &records[i], notJSON())
	}
	if err := d.Publish(testContext(t), p); err != nil {
		t.Fatal(err)
	}
	byOffset := map[string]*kgo.Record{}
	for _, r := range readAll(t, c, "dead", len(records)) {
		for _, h := range r.Headers {
			if h.Key == "picket.error.offset" {
				byOffset[string(h.Value)] = r
			}
		}
	}
	for _, want := range records {
		r := byOffset[fmt.Sprint(want.Offset)]
		if r == nil {
			t.Errorf("offset %d is not there", want.Offset)
			continue
		}
		if want.Offset == 4 {
			h := r.Headers[len(r.Headers)-1]
			if r.Value != nil || h.Key != "picket.error.value_omitted" || string(h.Value) != "10485760" {
				t.Errorf("the large record has %d bytes and header %s=%s", len(r.Value), h.Key, h.Value)
			}
			want.Value = nil
		}
		if (r.Key == nil) != (want.Key == nil) || (r.Value == nil) != (want.Value == nil) || !bytes.Equal(r.Key, want.Key) ||
			!bytes.Equal(r.Value, want.Value) || r.Timestamp.UnixMilli() != want.Timestamp {
			t.Errorf("offset %d: %+v", want.Offset, r)
		}
	}
	if s := d.Stats(); s.Records != 4 || s.ValuesOmitted != 1 {
		t.Errorf("stats %+v", s)
	}
	d.Reset()
	if len(d.Records()) != 0 {
		t.Error("reset keeps records")
	}
}

func TestDeadLetterWithHugeKeyAndHeaders(t *testing.T) {
	d := NewDeadLetters(DeadLetterConfig{Topic: "dead", MaxRecordBytes: 2000})
	d.Add("sysmon", 3, &wire.Record{
		Key: make([]byte, 5000), Value: []byte("v"), Headers: rawHeaders(t, kafka.Header{Key: "a"}, kafka.Header{Key: "b"}),
	}, Cause{Message: strings.Repeat("é", 4000)})
	m := d.Records()[0]
	got := headerText(m.Headers)
	if m.Key != nil || m.Value != nil || len(m.Headers) != 11 ||
		got[8] != `picket.error.value_omitted="1"` || got[9] != `picket.error.key_omitted="5000"` || got[10] != `picket.error.headers_omitted="2"` {
		t.Errorf("%v", got)
	}
	if n := len(m.Headers[2].Value); n > maxCauseText {
		t.Errorf("a message of %d bytes", n)
	}
}

// TestSettings reads the names that settings use.
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
	}{
		{"key", second(ParseKeyBy("host"))}, {"key", second(ParseKeyBy(""))}, {"style", second(ParseHeaderStyle("connect"))}, {"style", second(ParseHeaderStyle(""))},
	} {
		if c.err != nil {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	if second(ParseKeyBy("user")) == nil || second(ParseHeaderStyle("kafka")) == nil {
		t.Error("nonsense is accepted")
	}
}

func second[T any](_ T, err error) error { return err }

func TestTraceparent(t *testing.T) {
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if got := Traceparent(rawHeaders(t, kafka.Header{Key: "a", Value: []byte("b")}, kafka.Header{Key: "traceparent", Value: []byte(trace)})); string(got) != trace {
		t.Errorf("%q", got)
	}
	if got := Traceparent(rawHeaders(t, kafka.Header{Key: "a"})); got != nil {
		t.Errorf("%q", got)
	}
	if got := Traceparent(wire.Headers{N: 3, Raw: []byte{20, 'a'}}); got != nil {
		t.Errorf("%q", got)
	}
}

// fakeSink is a topic that takes records of up to max bytes.
type fakeSink struct {
	max    int
	stored []kafka.Message
	calls  int
	err    error
}

var _ Sink = (*fakeSink)(nil)

func (s *fakeSink) Publish(_ context.Context, records []kafka.Message) error {
	s.calls++
	if s.err != nil {
		return s.err
	}
	var large []int
	for i, m := range records {
		if len(m.Value) > s.max {
			large = append(large, i)
		} else {
			s.stored = append(s.stored, m)
		}
	}
	if large != nil {
		return &TooLargeError{Topic: "alerts", Records: large}
	}
	return nil
}

// TestPublishShrinks: the topic takes less than the setting says.
func TestPublishShrinks(t *testing.T) {
	e := NewEncoder(EncoderConfig{Topic: "alerts"})
	small, event, evidence := someAlert(), someAlert(), someAlert()
	small.Source.Offset, event.Source.Offset, evidence.Source.Offset = 1, 2, 3
	event.Event = []byte(`{"a":"` + strings.Repeat("x", 5000) + `"}`)
	evidence.Matches[0].Value = strings.Repeat("y", 5000)
	for _, a := range []*Alert{evidence, small, event} {
		e.Add(a)
	}
	sink := &fakeSink{max: 1500}
	if err := e.Publish(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	if len(sink.stored) != 3 || sink.calls != 3 {
		t.Fatalf("%d records stored by %d calls", len(sink.stored), sink.calls)
	}
	schema := alertSchema(t)
	for _, m := range sink.stored {
		if err := validate(schema, m.Value); err != nil {
			t.Error(err)
		}
		isSmall := bytes.Contains(m.Value, []byte(`"offset":1`))
		if isSmall == bytes.Contains(m.Value, []byte(`"truncated":true`)) || isSmall != bytes.Contains(m.Value, []byte(`"event":`)) {
			t.Errorf("%s", m.Value)
		}
		if bytes.Contains(m.Value, []byte(`"offset":3`)) != bytes.Contains(m.Value, []byte(`"match":[]`)) {
			t.Errorf("%s", m.Value)
		}
		if id := m.Headers[2]; !bytes.Contains(m.Value, append([]byte(`"id":"`), id.Value...)) {
			t.Errorf("header %s=%s in %s", id.Key, id.Value, m.Value)
		}
	}
	if s := e.Stats(); s.Truncated != 2 {
		t.Errorf("stats %+v", s)
	}

	t.Run("nothing left to cut", func(t *testing.T) {
		var large *TooLargeError
		if err := e.Publish(t.Context(), &fakeSink{max: 10}); !errors.As(err, &large) {
			t.Errorf("Publish says %v", err)
		}
	})
	t.Run("another error", func(t *testing.T) {
		broken := &fakeSink{err: errors.New("broken")}
		if err := e.Publish(t.Context(), broken); !errors.Is(err, broken.err) || broken.calls != 1 {
			t.Errorf("Publish says %v after %d calls", err, broken.calls)
		}
	})
}

func TestAttack(t *testing.T) {
	for _, c := range []struct {
		tags string
		want string
	}{
		{"", "[]"},
		{"cve.2021-44228 detection.threat-hunting attack.g0016 attack.s0002 attack.ds0009 attack.m1036 attack.a0001", "[]"},
		{"attack.execution", "[{execution }]"},
		{"attack.t1059", "[{ T1059}]"},
		{"attack.command-and-control attack.t1219.002", "[{command-and-control T1219.002}]"},
		{"attack.t1219.002 attack.Command_And_Control", "[{command-and-control T1219.002}]"},
		{"attack.persistence attack.privilege-escalation attack.t1543.003", "[{persistence T1543.003} {privilege-escalation T1543.003}]"},
		{"attack.execution attack.t1059 attack.t1027", "[{execution T1059} {execution T1027}]"},
		{"attack.t1059 attack.execution attack.stealth attack.t1027", "[{execution } {stealth } { T1059} { T1027}]"},
		{"attack.stealth attack.defense_impairment attack.defense_evasion", "[{stealth } {defense_impairment } {defense-evasion }]"},
		{"attack.t1059 attack.T1059 attack.t10590 attack.t1059.1", "[{t10590 T1059} {t1059.1 T1059}]"},
	} {
		if got := fmt.Sprint(attackOf(strings.Fields(c.tags))); got != c.want {
			t.Errorf("%s: %s, want %s", c.tags, got, c.want)
		}
	}
}
