package producer

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/rules"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func someRule() *rules.Rule {
	return &rules.Rule{
		ID: "758ff488-18d5-4cbe-8ec4-02b6285a434f", Title: "Remote Access Tool - NetSupport Execution",
		Level: "medium", Status: "test",
		Tags: []string{"attack.command-and-control", "attack.t1219.002"},
		Hash: "sha256:" + strings.Repeat("ab", 32),
	}
}

// someAlert is the alert of docs/alert-schema.md.
func someAlert() *Alert {
	return &Alert{
		Rule:    someRule(),
		Ruleset: "sha256:" + strings.Repeat("cd", 32),
		Matches: []matcher.Evidence{{
			Selection: "selection", Field: "Company", Op: "eq", Pattern: "NetSupport Ltd", Value: "NetSupport Ltd",
			Path: "winlog.event_data.Company",
		}},
		Time:       time.Date(2026, 3, 2, 9, 14, 7, 512_000_000, time.UTC),
		TimeSource: event.TimeUTC,
		Observed:   time.Date(2026, 3, 2, 10, 14, 9, 1_000_000, time.FixedZone("CET", 3600)),
		Host:       "WS-0142.corp.example",
		User:       `CORP\ana`,
		Source: Source{
			Topic: "sysmon", Partition: 7, Offset: 8123441, Timestamp: 1_772_442_848_003,
			Key: []byte("ws-0142"), Traceparent: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
			Shape: "winlogbeat", Provider: "Microsoft-Windows-Sysmon", Channel: "Microsoft-Windows-Sysmon/Operational",
			EventID: 1, RecordID: 884213, HasRecordID: true,
		},
		Event: []byte(`{"winlog":{"event_data":{"Company":"NetSupport Ltd"}}}`),
	}
}

func encodeOne(t testing.TB, cfg EncoderConfig, a *Alert) kafka.Message {
	t.Helper()
	if cfg.Topic == "" {
		cfg.Topic = "alerts"
	}
	if cfg.Version == "" {
		cfg.Version = "v0.1.0"
	}
	e := NewEncoder(cfg)
	e.Add(a)
	if len(e.Records()) != 1 {
		t.Fatalf("%d records of one alert", len(e.Records()))
	}
	return e.Records()[0]
}

// alertCases are the shapes that an alert can have; each has a golden file.
func alertCases() map[string]func(*Alert) {
	return map[string]func(*Alert){
		"full": func(*Alert) {},
		"bare": func(a *Alert) {
			a.Rule = &rules.Rule{Title: "no id, level, status or tags", Hash: a.Rule.Hash}
			a.Matches, a.Host, a.User = nil, "", ""
			a.Source = Source{Topic: "sysmon", Timestamp: -1, Shape: "nxlog", EventID: 4688}
			a.TimeSource = event.TimeShipper
			a.Event = []byte(`{}`)
		},
		"several_events_per_record": func(a *Alert) {
			a.Source.Index = 17
			a.Time = a.Time.Add(123_456 * time.Nanosecond)
		},
		"from_a_file": func(a *Alert) {
			a.Observed = time.Time{}
			a.Source.File, a.Source.Index = `C:\events\"today".jsonl`, 41
		},
		"from_a_file_no_time": func(a *Alert) {
			a.Time, a.Observed = time.Time{}, time.Time{}
			a.Source.File = "-"
		},
		"no_time": func(a *Alert) { a.Time, a.TimeSource = time.Time{}, "" },
		"time_beyond_rfc3339": func(a *Alert) {
			a.Time = time.Date(29_227_702, 1, 1, 0, 0, 0, 0, time.UTC)
			a.Source.Timestamp = 1 << 62
		},
		"microseconds": func(a *Alert) { a.Time = a.Time.Add(7 * time.Microsecond) },
		"several_tactics": func(a *Alert) {
			a.Rule.Tags = []string{"attack.persistence", "attack.defense_evasion", "attack.t1543.003"}
		},
		"tactics_techniques": func(a *Alert) {
			a.Rule.Tags = []string{"attack.t1059", "attack.execution", "attack.stealth", "attack.t1027", "attack.g0016", "cve.2021-44228"}
		},
		"hostile_text": func(a *Alert) {
			bad := "\"\\\x00\x1f\n\r\t\x7f </script>\u2028\u2029 \xff\xc3 \U0001f600"
			a.Host, a.User, a.Rule.Title, a.Source.Provider, a.Source.Channel = bad, bad, bad, bad, bad
			a.Matches[0].Value, a.Matches[0].Pattern, a.Matches[0].Path = bad, bad, bad
		},
		"repaired_event": func(a *Alert) { a.Event = []byte("{\"a\":\"\xff \xed\xa0\x80 \xc3\",\n \"b\":\"é\"}") },
		"truncated":      func(a *Alert) { a.Event = []byte(`{"a":"` + strings.Repeat("x", minRecordBytes) + `"}`) },
		"cut": func(a *Alert) {
			a.Matches[0].Value = strings.Repeat("é", minRecordBytes)
			a.Host = strings.Repeat("h", 3000)
		},
	}
}

func TestAlertGoldens(t *testing.T) {
	for name, change := range alertCases() {
		t.Run(name, func(t *testing.T) {
			a := someAlert()
			change(a)
			m := encodeOne(t, EncoderConfig{MaxRecordBytes: minRecordBytes}, a)
			if !json.Valid(m.Value) || !utf8.Valid(m.Value) {
				t.Errorf("not valid JSON: %s", m.Value)
			}
			golden(t, filepath.Join("testdata", "alerts", name+".json"), append(m.Value, '\n'))
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestContractExample compares with the example of the contract, field by field: nothing of it is missing.
func TestContractExample(t *testing.T) {
	m := encodeOne(t, EncoderConfig{}, someAlert())
	var got map[string]any
	if err := json.Unmarshal(m.Value, &got); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"schema", "id", "kind", "time", "observed", "rule.id", "rule.title", "rule.level", "rule.status", "rule.hash", "rule.tags",
		"attack", "host", "user", "match", "source.topic", "source.partition", "source.offset", "source.index", "source.timestamp",
		"source.shape", "source.provider", "source.channel", "source.event_id", "source.record_id", "event", "engine.name",
		"engine.version", "engine.ruleset",
	} {
		var v any = got
		for part := range strings.SplitSeq(path, ".") {
			v = v.(map[string]any)[part]
		}
		if v == nil {
			t.Errorf("%s is missing", path)
		}
	}
	headers := map[string]string{}
	for _, h := range m.Headers {
		headers[h.Key] = string(h.Value)
	}
	want := map[string]string{
		"content-type": "application/json", "picket.schema": "alert/1", "picket.alert.id": got["id"].(string),
		"picket.rule.id": "758ff488-18d5-4cbe-8ec4-02b6285a434f", "picket.level": "medium",
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if !m.Time.Equal(someAlert().Time) || m.Topic != "alerts" {
		t.Errorf("time %v topic %q", m.Time, m.Topic)
	}
}

// TestAlertOnTheTopic reads an alert back with a client that shares no code with ours.
func TestAlertOnTheTopic(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(3, "alerts"))
	p := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.Compression = wire.CodecZstd })
	e := NewEncoder(EncoderConfig{Topic: "alerts", Version: "v0.1.0"})
	e.Add(someAlert())
	if err := e.Publish(testContext(t), p); err != nil {
		t.Fatal(err)
	}
	r := readAll(t, c, "alerts", 1)[0]
	golden(t, filepath.Join("testdata", "alerts", "full.json"), append(r.Value, '\n'))
	var headers []string
	for _, h := range r.Headers {
		headers = append(headers, h.Key+": "+string(h.Value))
	}
	want := []string{
		"content-type: application/json", "picket.schema: alert/1", "picket.alert.id: 215e167aed95dbfc203dec482b3700ea",
		"picket.rule.id: 758ff488-18d5-4cbe-8ec4-02b6285a434f", "picket.level: medium",
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if string(r.Key) != "WS-0142.corp.example" || r.Partition != partitionFor(r.Key, 3) || !r.Timestamp.Equal(someAlert().Time) {
		t.Errorf("key %q partition %d timestamp %v", r.Key, r.Partition, r.Timestamp)
	}
}

func TestAlertKey(t *testing.T) {
	for _, c := range []struct {
		by     KeyBy
		change func(*Alert)
		want   []byte
	}{
		{"", nil, []byte("WS-0142.corp.example")},
		{KeyHost, func(a *Alert) { a.Host = "" }, nil},
		{KeyRule, nil, []byte("758ff488-18d5-4cbe-8ec4-02b6285a434f")},
		{KeyRule, func(a *Alert) { a.Rule.ID = "" }, []byte("sha256:" + strings.Repeat("ab", 32))},
		{KeySource, nil, []byte("ws-0142")},
		{KeySource, func(a *Alert) { a.Source.Key = nil }, nil},
		{KeySource, func(a *Alert) { a.Source.Key = []byte{} }, []byte{}},
	} {
		a := someAlert()
		if c.change != nil {
			c.change(a)
		}
		if m := encodeOne(t, EncoderConfig{Key: c.by}, a); !bytes.Equal(m.Key, c.want) || (m.Key == nil) != (c.want == nil) {
			t.Errorf("%q: key %q, want %q", c.by, m.Key, c.want)
		}
	}
}

// TestRecordsSurviveGrowth: the buffer moves while alerts are added, and a reset encoder starts clean.
func TestRecordsSurviveGrowth(t *testing.T) {
	e := NewEncoder(EncoderConfig{Topic: "alerts"})
	for round := range 2 {
		e.Reset()
		for i := range 300 {
			a := someAlert()
			a.Source.Offset = int64(round*1000 + i)
			e.Add(a)
		}
		seen := map[string]bool{}
		for i, m := range e.Records() {
			var got struct {
				ID     string
				Source struct{ Offset int64 }
			}
			if err := json.Unmarshal(m.Value, &got); err != nil {
				t.Fatal(err)
			}
			if got.Source.Offset != int64(round*1000+i) || string(m.Headers[2].Value) != got.ID || seen[got.ID] ||
				string(m.Key) != "WS-0142.corp.example" {
				t.Fatalf("record %d: %s", i, m.Value)
			}
			seen[got.ID] = true
		}
	}
	if s := e.Stats(); s.Alerts != 600 || s.Truncated != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestRuleTextFollowsTheRuleset(t *testing.T) {
	e := NewEncoder(EncoderConfig{Topic: "alerts"})
	a := someAlert()
	e.Add(a)
	b := someAlert()
	b.Rule = a.Rule // the same address, as after a reload that reuses memory
	b.Rule.Title = "changed"
	b.Ruleset = "sha256:other"
	e.Add(b)
	if got := string(e.Records()[1].Value); !strings.Contains(got, `"title":"changed"`) || !strings.Contains(got, `"ruleset":"sha256:other"`) {
		t.Error(got)
	}
}

// TestSizeLimit: whatever the event holds, the record fits, and what had to go is said.
func TestSizeLimit(t *testing.T) {
	big := func(n int) string { return strings.Repeat("\x01", n) } // six bytes each, escaped
	for name, change := range map[string]func(*Alert){
		"event":   func(a *Alert) { a.Event = []byte(`"` + strings.Repeat("e", 40_000) + `"`) },
		"host":    func(a *Alert) { a.Host = big(50_000) },
		"user":    func(a *Alert) { a.User = big(50_000) },
		"channel": func(a *Alert) { a.Source.Channel, a.Source.Provider = big(50_000), big(50_000) },
		"value":   func(a *Alert) { a.Matches[0].Value = big(50_000) },
		"key":     func(a *Alert) { a.Source.Key = []byte(big(50_000)) },
		"trace":   func(a *Alert) { a.Source.Traceparent = []byte(big(50_000)) },
		"matches": func(a *Alert) { a.Matches = slices.Repeat(a.Matches, 10_000) },
		"tags":    func(a *Alert) { a.Rule.Tags = slices.Repeat([]string{"attack." + big(1000)}, 100) },
		"title":   func(a *Alert) { a.Rule.Title = big(50_000) },
		"everything": func(a *Alert) {
			a.Host, a.User, a.Rule.Title, a.Source.Channel, a.Source.Provider = big(9000), big(9000), big(9000), big(9000), big(9000)
			a.Matches = slices.Repeat([]matcher.Evidence{{Selection: big(999), Field: big(999), Op: "eq", Pattern: big(999), Value: big(999), Path: big(999)}}, 1000)
			a.Source.Key, a.Source.Traceparent = []byte(big(9000)), []byte(big(9000))
			a.Rule.Tags = slices.Repeat([]string{"attack." + big(1000)}, 100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := someAlert()
			change(a)
			e := NewEncoder(EncoderConfig{Topic: "alerts", Key: KeySource, MaxRecordBytes: minRecordBytes})
			e.Add(a)
			m := e.Records()[0]
			if n := wire.BatchHeaderLen + wire.RecordLen(m.Key, m.Value, m.Headers); n > minRecordBytes {
				t.Errorf("%d bytes", n)
			}
			var got map[string]any
			if err := json.Unmarshal(m.Value, &got); err != nil {
				t.Fatal(err)
			}
			if got["truncated"] != true || got["event"] != nil || e.Stats().Truncated != 1 {
				t.Errorf("it does not say that it was truncated: %.300s", m.Value)
			}
		})
	}
	t.Run("just fits", func(t *testing.T) {
		a := someAlert()
		m := encodeOne(t, EncoderConfig{}, a)
		free := minRecordBytes - wire.BatchHeaderLen - wire.RecordLen(m.Key, m.Value, m.Headers)
		fits, tooMuch := *a, *a
		fits.Event = []byte(`{"a":"` + strings.Repeat("x", free+len(a.Event)-10) + `"}`)
		tooMuch.Event = []byte(`{"a":"` + strings.Repeat("x", free+len(a.Event)+1) + `"}`)
		if m := encodeOne(t, EncoderConfig{MaxRecordBytes: minRecordBytes}, &fits); bytes.Contains(m.Value, []byte(`"truncated"`)) {
			t.Error("truncated although it fits")
		}
		if m := encodeOne(t, EncoderConfig{MaxRecordBytes: minRecordBytes}, &tooMuch); !bytes.Contains(m.Value, []byte(`"truncated":true`)) {
			t.Error("not truncated")
		}
	})
}

func TestAddDoesNotAllocate(t *testing.T) {
	e := NewEncoder(EncoderConfig{Topic: "alerts", Version: "v1"})
	a := someAlert()
	a.Event = bytes.Repeat(a.Event, 1)
	add := func() {
		e.Reset()
		for range 50 {
			e.Add(a)
		}
	}
	add()
	if n := testing.AllocsPerRun(100, add); n != 0 {
		t.Errorf("%v allocations for 50 alerts", n)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("host", "CORP\\ana", "value", "pattern*", []byte(`{"a":1}`), int64(0), int64(1), uint16(0))
	f.Add("\xff\xfe\u2028", "\x00\"\\", "\xed\xa0\x80", "\u2029", []byte("{\"a\":\"\xff\"}"), int64(-1), int64(1)<<62, uint16(65535))
	f.Fuzz(func(t *testing.T, host, user, value, pattern string, raw []byte, sec, stamp int64, size uint16) {
		if len(raw) > 0 && !json.Valid(raw) {
			return // the decoder's to refuse
		}
		a := someAlert()
		a.Host, a.User, a.Event, a.Time, a.Source.Timestamp = host, user, raw, time.Unix(sec, stamp), stamp
		a.Matches[0].Value, a.Matches[0].Pattern, a.Rule.Title = value, pattern, value
		a.Matches = slices.Repeat(a.Matches, int(size)%100)
		a.Rule.Tags = append(a.Rule.Tags, pattern, "attack."+value)
		m := encodeOne(t, EncoderConfig{MaxRecordBytes: int(size)}, a)
		var got struct {
			Host, User string
			Event      json.RawMessage
			Repaired   bool `json:"event_repaired"`
			Truncated  bool
			Time       time.Time
			Match      []struct{ Value, Pattern string }
		}
		if err := json.Unmarshal(m.Value, &got); err != nil || !utf8.Valid(m.Value) {
			t.Fatalf("%v: %q", err, m.Value)
		}
		if got.Truncated {
			return
		}
		if want := strings.ToValidUTF8(host, "\ufffd"); utf8.ValidString(host) && got.Host != want {
			t.Errorf("host %q, want %q", got.Host, want)
		}
		if len(got.Match) > 0 && utf8.ValidString(value) && got.Match[0].Value != value {
			t.Errorf("value %q, want %q", got.Match[0].Value, value)
		}
		if len(raw) > 0 && got.Repaired == utf8.Valid(raw) {
			t.Errorf("repaired %v of %q", got.Repaired, raw)
		}
		if !got.Repaired && len(raw) > 0 && !bytes.Contains(m.Value, raw) {
			t.Errorf("the event is not embedded byte for byte: %q", m.Value)
		}
	})
}
