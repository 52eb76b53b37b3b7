package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/twmb/franz-go/pkg/kgo"
)

// alert is the value of an alert record, by docs/alert-schema.md.
type alert struct {
	Schema     string      `json:"schema"`
	ID         string      `json:"id"`
	Kind       string      `json:"kind"`
	Time       time.Time   `json:"time"`
	TimeSource string      `json:"time_source"`
	Observed   time.Time   `json:"observed"`
	Rule       alertRule   `json:"rule"`
	Attack     []attack    `json:"attack"`
	Host       string      `json:"host"`
	User       string      `json:"user"`
	Match      []match     `json:"match"`
	Source     alertSource `json:"source"`
	Truncated  bool        `json:"truncated"`
	Repaired   bool        `json:"event_repaired"`
	Event      rawJSON     `json:"event"`
	Engine     struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		RuleSet string `json:"ruleset"`
	} `json:"engine"`
}

type alertRule struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Level  string   `json:"level"`
	Status string   `json:"status"`
	Hash   string   `json:"hash"`
	Tags   []string `json:"tags"`
}

type attack struct {
	Tactic    string `json:"tactic"`
	Technique string `json:"technique"`
}

type match struct {
	Selection string `json:"selection"`
	Field     string `json:"field"`
	Op        string `json:"op"`
	Pattern   string `json:"pattern"`
	Value     string `json:"value"`
	Path      string `json:"path"`
}

type alertSource struct {
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	Index     int       `json:"index"`
	Timestamp time.Time `json:"timestamp"`
	Shape     string    `json:"shape"`
	Provider  string    `json:"provider"`
	Channel   string    `json:"channel"`
	EventID   int       `json:"event_id"`
	RecordID  int       `json:"record_id"`
}

// rawJSON prints as text in a difference.
type rawJSON string

func (r *rawJSON) UnmarshalJSON(b []byte) error { *r = rawJSON(b); return nil }

// netSupport is what an alert says of the built-in rule. The hash is that of the rule's file.
func netSupport(t *testing.T) alertRule {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "rules", "builtin", "netsupport.yml"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return alertRule{
		ID: "758ff488-18d5-4cbe-8ec4-02b6285a434f", Title: "Remote Access Tool - NetSupport Execution", Level: "medium", Status: "test",
		Hash: "sha256:" + hex.EncodeToString(sum[:]), Tags: []string{"attack.command-and-control", "attack.t1219.002"},
	}
}

// alertID is the id of an alert, worked out as docs/alert-schema.md says.
func alertID(rule alertRule, r *kgo.Record) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		rule.ID, rule.Hash, r.Topic, strconv.Itoa(int(r.Partition)), strconv.FormatInt(r.Offset, 10), "0",
	}, "\x00")))
	return hex.EncodeToString(sum[:])[:32]
}

// wantAlert is the alert that a planted event has to give.
func wantAlert(rule alertRule, r *kgo.Record, p plantedEvent) alert {
	return alert{
		Schema: "alert/1", ID: alertID(rule, r), Kind: "detection", Time: p.time, TimeSource: "UtcTime", Rule: rule,
		Attack: []attack{{"command-and-control", "T1219.002"}}, Host: p.host, User: p.user,
		Source: alertSource{
			Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Timestamp, Shape: p.shape.name,
			Provider: sysmonProvider, Channel: p.channel, EventID: p.eventID, RecordID: p.recordID,
		},
		Event: rawJSON(r.Value),
	}
}

// checkAlerts compares the alerts of a topic with the planted events: none is missing, none is too many, and each says what it
// has to. It gives the number of alerts that came again with an id that had come before.
func checkAlerts(t *testing.T, records []*kgo.Record, l *load, alertPartitions int) (duplicates int) {
	t.Helper()
	if len(l.planted) < 100 {
		t.Fatalf("only %d events have to fire: the load proves nothing", len(l.planted))
	}
	rule := netSupport(t)
	want := map[string]*kgo.Record{}
	for r := range l.planted {
		if r.Offset < 0 || want[alertID(rule, r)] != nil {
			t.Fatalf("offset %d of a produced record makes no sense", r.Offset)
		}
		want[alertID(rule, r)] = r
	}
	schema := alertSchema(t)
	seen := map[string]int{}
	for _, got := range records {
		id := headerOf(got, "picket.alert.id")
		source := want[id]
		if source == nil {
			t.Errorf("an alert that nothing explains: id %q, value %.2000s", id, got.Value)
			continue
		}
		if seen[id]++; seen[id] > 1 {
			duplicates++
		}
		checkAlert(t, schema, got, wantAlert(rule, source, l.planted[source]), l.planted[source].process, l.planted[source].shape)
		if p := partitionOf(got.Key, alertPartitions); int(got.Partition) != p {
			t.Errorf("alert %s with key %q is on partition %d, Java's partitioner says %d", id, got.Key, got.Partition, p)
		}
		if trace := headerOf(source, "traceparent"); headerOf(got, "traceparent") != trace {
			t.Errorf("alert %s: traceparent %q, want %q", id, headerOf(got, "traceparent"), trace)
		}
	}
	lost := 0
	for id, r := range want {
		if seen[id] == 0 {
			if lost++; lost <= 5 {
				t.Errorf("no alert %s for %s/%d at offset %d (%s)", id, r.Topic, r.Partition, r.Offset, l.planted[r].shape.name)
			}
		}
	}
	t.Logf("%d alerts for %d events that fire among %d; %d lost, %d repeated", len(records), len(want), len(l.records), lost, duplicates)
	if lost > 0 {
		t.Errorf("%d of %d alerts are lost", lost, len(want))
	}
	return duplicates
}

// checkAlert compares one alert record with what it has to be.
func checkAlert(t *testing.T, schema *jsonschema.Schema, got *kgo.Record, want alert, p process, s shape) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.Value))
	if err == nil {
		err = schema.Validate(document)
	}
	var a alert
	if err == nil {
		err = json.Unmarshal(got.Value, &a)
	}
	if err != nil {
		t.Errorf("alert %s: %v\n%s", want.ID, err, got.Value)
		return
	}
	if diff := cmp.Diff(want, a, cmpopts.IgnoreFields(alert{}, "Observed", "Match", "Engine")); diff != "" {
		t.Errorf("alert %s (-want +got):\n%s", want.ID, diff)
	}
	if a.Engine.Name != "picket" || a.Engine.Version == "" || !strings.HasPrefix(a.Engine.RuleSet, "sha256:") {
		t.Errorf("alert %s: engine %+v", want.ID, a.Engine)
	}
	if age := time.Since(a.Observed); age < 0 || age > time.Hour {
		t.Errorf("alert %s: observed %v ago", want.ID, age)
	}
	checkMatch(t, a, p, s)
	if string(got.Key) != want.Host || !got.Timestamp.Equal(want.Time) {
		t.Errorf("alert %s: key %q at %v, want %q at %v", want.ID, got.Key, got.Timestamp, want.Host, want.Time)
	}
	for name, value := range map[string]string{
		"content-type": "application/json", "picket.schema": "alert/1", "picket.alert.id": want.ID, "picket.rule.id": want.Rule.ID,
		"picket.level": want.Rule.Level,
	} {
		if headerOf(got, name) != value {
			t.Errorf("alert %s: header %s is %q, want %q", want.ID, name, headerOf(got, name), value)
		}
	}
}

// checkMatch wants evidence that is true: at least one item of the rule, each with the value that the event has there.
func checkMatch(t *testing.T, a alert, p process, s shape) {
	t.Helper()
	var possible []match
	for field, pattern := range map[string]string{
		"Description": "NetSupport Client Configurator", "Product": "NetSupport Remote Control",
		"Company": "NetSupport Ltd", "OriginalFileName": "PCICFGUI.EXE",
	} {
		if value := p.version[field]; strings.EqualFold(value, pattern) {
			possible = append(possible, match{Selection: "selection", Field: field, Op: "eq", Pattern: pattern, Value: value, Path: s.path + field})
		}
	}
	if len(a.Match) == 0 {
		t.Errorf("alert %s has no evidence", a.ID)
	}
	for i, m := range a.Match {
		if !slices.Contains(possible, m) || slices.Contains(a.Match[:i], m) {
			t.Errorf("alert %s: evidence %+v; possible is %+v", a.ID, m, possible)
		}
	}
}

// alertSchema is the published JSON Schema.
func alertSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "docs", "alert-1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// partitionOf is Java's default partitioner, as franz-go has it.
func partitionOf(key []byte, partitions int) int {
	return kgo.StickyKeyPartitioner(nil).ForTopic("").Partition(&kgo.Record{Key: key}, partitions)
}

// headerOf gives the value of a record's last header of that name.
func headerOf(r *kgo.Record, name string) string {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == name {
			return string(r.Headers[i].Value)
		}
	}
	return ""
}

// checkDeadLetters wants exactly these source records on the dead-letter topic, byte for byte, each with a header that says why.
func checkDeadLetters(t *testing.T, letters []*kgo.Record, want map[*kgo.Record]string) {
	t.Helper()
	left := map[string]*kgo.Record{}
	for r := range want {
		left[fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)] = r
	}
	for _, letter := range letters {
		place := headerOf(letter, "picket.error.topic") + "/" + headerOf(letter, "picket.error.partition") + "/" + headerOf(letter, "picket.error.offset")
		source := left[place]
		if source == nil {
			t.Errorf("a dead letter too many, for %s: %s", place, headerOf(letter, "picket.error.message"))
			continue
		}
		delete(left, place)
		if !slices.EqualFunc(letter.Headers[:min(len(source.Headers), len(letter.Headers))], source.Headers, sameHeader) ||
			!sameBytes(letter.Key, source.Key) || !sameBytes(letter.Value, source.Value) || !letter.Timestamp.Equal(source.Timestamp) {
			t.Errorf("the dead letter for %s is not the record byte for byte:\n%.300v\n%.300v", place, letter, source)
		}
		if code := headerOf(letter, "picket.error.code"); code != want[source] {
			t.Errorf("the dead letter for %s has code %q (%s), want %q", place, code, headerOf(letter, "picket.error.message"), want[source])
		}
		for _, name := range []string{"picket.error.stage", "picket.error.message", "picket.error.group", "picket.error.version"} {
			if headerOf(letter, name) == "" {
				t.Errorf("the dead letter for %s has no header %s", place, name)
			}
		}
	}
	for place, r := range left {
		t.Errorf("no dead letter for %s (%s): %.200s", place, want[r], r.Value)
	}
}

func sameHeader(a, b kgo.RecordHeader) bool { return a.Key == b.Key && sameBytes(a.Value, b.Value) }

// sameBytes tells null from empty.
func sameBytes(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
