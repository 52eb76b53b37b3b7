package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	large    = 10 << 20
	raised   = "16777216" // max.message.bytes of topics that take large records
	patience = time.Minute
)

// netSupportEvent is one event that fires, with n to tell it from others, in the n-th shape.
func netSupportEvent(t *testing.T, n int, edit func(p *process)) ([]byte, plantedEvent) {
	t.Helper()
	p, _, _ := plant(n)
	p.version, p.eventID, p.channel = version("Company", "NetSupport Ltd"), 1, sysmonChannel
	if edit != nil {
		edit(&p)
	}
	s := shapes[n%len(shapes)]
	value, err := json.Marshal(s.write(p))
	if err != nil {
		t.Fatal(err)
	}
	return value, plantedEvent{p, s}
}

// badRecord is what a topic may hold besides events, and the code that its dead letter has.
type badRecord struct {
	name, code string
	value      []byte
}

var badRecords = []badRecord{
	{"null", "null_value", nil},
	{"empty", "empty_value", []byte{}},
	{"text", "not_json", []byte("<13>Nov 24 10:00:00 host not JSON")},
	{"cut off", "not_json", []byte(`{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Opera`)},
	{"bytes", "not_json", []byte{0, 0xff, 0xfe, '{', 0x80, '}'}},
	{"large text", "not_json", bytes.Repeat([]byte("0123456789abcdef"), large/16)},
	{"number", "not_object", []byte("42")},
	{"list", "not_object", []byte(`["EventID",1]`)},
	{"other object", "unknown_shape", []byte(`{"greeting":"hello"}`)},
	{"event id in words", "bad_event_id", []byte(`{"EventID":"one","Channel":"Security"}`)},
}

// TestBadRecords: every kind of record that is no event reaches the dead-letter topic byte for byte and is counted, and the events
// around them are evaluated, also those that are large or not UTF-8.
func TestBadRecords(t *testing.T) {
	b := startBroker(t)
	at := site{
		input:       b.createTopic(t, unique(t, "in"), 2, "max.message.bytes", raised),
		alerts:      b.createTopic(t, unique(t, "alerts"), 1),
		deadLetters: b.createTopic(t, unique(t, "dead"), 1, "max.message.bytes", raised),
		group:       unique(t, "group"),
	}
	received := time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)
	var records []*kgo.Record
	add := func(value []byte) *kgo.Record {
		n := len(records)
		r := &kgo.Record{
			Topic: at.input, Partition: int32(n % 2), Value: value, Timestamp: received.Add(time.Duration(n) * time.Second),
			Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-1")}, {Key: "null", Value: nil}, {Key: "", Value: []byte{0xff}}},
		}
		if n%3 > 0 {
			r.Key = fmt.Appendf(nil, "key-%d", n)
		}
		records = append(records, r)
		return r
	}
	dead := map[*kgo.Record]string{}
	fires := map[*kgo.Record]plantedEvent{}
	for n, bad := range badRecords {
		dead[add(bad.value)] = bad.code
		value, p := netSupportEvent(t, n, nil)
		fires[add(value)] = p
	}
	value, invalid := netSupportEvent(t, 100, func(p *process) { p.user = "CORP\\INVALID" })
	notUTF8 := add(bytes.ReplaceAll(value, []byte("INVALID"), []byte("\xffNVALI\xc3")))
	value, tooLarge := netSupportEvent(t, 101, func(p *process) { p.version["Comment"] = strings.Repeat("x", large) })
	largeEvent := add(value)

	m := startMember(t, "one", at.group, at.settings(b))
	m.awaitReady(t)
	b.produce(t, kgo.NoCompression(), records, kgo.ProducerBatchMaxBytes(16<<20))
	b.awaitCaughtUp(t, patience, at.group, at.input)

	if n := m.metric(t, "picket_dead_letters_total"); n != len(dead) {
		t.Errorf("%d dead letters counted, want %d", n, len(dead))
	}
	for _, bad := range badRecords {
		if m.metric(t, "picket_events_unroutable_total", fmt.Sprintf("reason=%q", bad.code)) == 0 {
			t.Errorf("no record counted as %s", bad.code)
		}
		m.awaitLog(t, patience, "WARN", "dead-letter topic", "code="+bad.code)
	}
	if code, body := m.get(t, "/livez"); code != http.StatusOK {
		t.Errorf("/livez: %d %s", code, body)
	}
	m.stop(t)
	checkDeadLetters(t, b.read(t, at.deadLetters), dead)

	rule, schema := netSupport(t), alertSchema(t)
	want := map[string]func(got *kgo.Record){}
	for r, p := range fires {
		want[alertID(rule, r)] = func(got *kgo.Record) {
			checkAlert(t, schema, got, wantAlert(rule, r, p), p.process, p.shape)
		}
	}
	want[alertID(rule, notUTF8)] = func(got *kgo.Record) {
		expect := wantAlert(rule, notUTF8, invalid)
		expect.Repaired, expect.User = true, "CORP\\\ufffdNVALI\ufffd"
		expect.Event = rawJSON(bytes.ToValidUTF8(notUTF8.Value, []byte("\ufffd")))
		checkAlert(t, schema, got, expect, invalid.process, invalid.shape)
	}
	want[alertID(rule, largeEvent)] = func(got *kgo.Record) {
		expect := wantAlert(rule, largeEvent, tooLarge)
		expect.Truncated, expect.Event = true, ""
		checkAlert(t, schema, got, expect, tooLarge.process, tooLarge.shape)
	}
	for _, got := range b.read(t, at.alerts) {
		id := headerOf(got, "picket.alert.id")
		if want[id] == nil {
			t.Errorf("an alert that nothing explains, or that came twice: %.1000s", got.Value)
			continue
		}
		want[id](got)
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("%d alerts are missing", len(want))
	}
}

// TestBadRecordsSkipped: without a dead-letter topic the same records are counted, logged and skipped.
func TestBadRecordsSkipped(t *testing.T) {
	b := startBroker(t)
	at := newSite(t, b)
	s := at.settings(b)
	delete(s, "dead_letters")
	var records []*kgo.Record
	for _, bad := range badRecords {
		if len(bad.value) < large {
			records = append(records, &kgo.Record{Topic: at.input, Value: bad.value})
		}
	}
	value, _ := netSupportEvent(t, 0, nil)
	records = append(records, &kgo.Record{Topic: at.input, Value: value})

	m := startMember(t, "one", at.group, s)
	m.awaitReady(t)
	b.produce(t, kgo.NoCompression(), records)
	b.awaitCaughtUp(t, patience, at.group, at.input)
	if n := m.metric(t, "picket_records_skipped_total"); n != len(records)-1 {
		t.Errorf("%d records counted as skipped, want %d", n, len(records)-1)
	}
	m.awaitLog(t, patience, "WARN", "dead_letters.topic", "code=not_json")
	m.stop(t)
	if n := len(b.read(t, at.alerts)); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
}

// oneAlert feeds an event that fires and waits until its alert is there.
func oneAlert(t *testing.T, b *broker, at site) {
	t.Helper()
	value, _ := netSupportEvent(t, 0, nil)
	b.produce(t, kgo.NoCompression(), []*kgo.Record{{Topic: at.input, Value: value}})
	eventually(t, patience, "the alert", func() (bool, string) {
		n := len(b.read(t, at.alerts))
		return n == 1, fmt.Sprintf("%d alerts", n)
	})
	b.awaitCaughtUp(t, patience, at.group, at.input)
}

// TestMissingTopics: topics that do not exist are named, waited for, and used when they come.
func TestMissingTopics(t *testing.T) {
	b := startBroker(t)
	at := site{input: unique(t, "in"), alerts: unique(t, "alerts"), deadLetters: unique(t, "dead"), group: unique(t, "group")}
	m := startMember(t, "one", at.group, at.settings(b))
	m.awaitLog(t, patience, at.input, "does not exist")
	m.awaitLog(t, patience, at.alerts)
	eventually(t, patience, "/readyz to name both topics", func() (bool, string) {
		code, body := m.get(t, "/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(body, at.input) && strings.Contains(body, at.alerts), fmt.Sprint(code, " ", body)
	})
	if code, body := m.get(t, "/livez"); code != http.StatusOK {
		t.Errorf("/livez: %d %s", code, body)
	}
	if n := strings.Count(m.log.String(), "\n"); n > 100 {
		t.Errorf("%d lines of log about missing topics", n)
	}
	for _, topic := range []string{at.input, at.alerts, at.deadLetters} {
		b.createTopic(t, topic, 1)
	}
	m.awaitReady(t)
	oneAlert(t, b, at)
	m.stop(t)
}

// TestBrokerDownAtStart: a member that finds no broker says where it looked, waits without spinning, and works when there is one.
func TestBrokerDownAtStart(t *testing.T) {
	b := startBroker(t)
	at := newSite(t, b)
	b.stop(t)
	m := startMember(t, "one", at.group, at.settings(b))
	line := m.awaitLog(t, patience, "ERROR", b.plain)
	t.Logf("it says: %s", line)
	eventually(t, patience, "/readyz to name the broker", func() (bool, string) {
		code, body := m.get(t, "/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(body, b.plain), fmt.Sprint(code, " ", body)
	})
	b.start(t)
	m.awaitReady(t)
	if n := strings.Count(m.log.String(), "\n"); n > 100 {
		t.Errorf("%d lines of log about a missing broker", n)
	}
	oneAlert(t, b, at)
	m.stop(t)
}
