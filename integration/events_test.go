package integration

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	sysmonChannel  = "Microsoft-Windows-Sysmon/Operational"
	sysmonProvider = "Microsoft-Windows-Sysmon"
)

// process is a Sysmon event 1 to be written in any shape.
type process struct {
	time     time.Time // to the millisecond
	recordID int
	eventID  int
	channel  string
	host     string
	user     string
	version  map[string]string // Description, Product, Company, OriginalFileName
}

// shape is how a shipper writes an event, and where the alert says that it found a field.
type shape struct {
	name  string
	write func(p process) any
	path  string // of a field of the event's data
}

var shapes = []shape{
	{"nxlog", nxlog, ""},
	{"winlogbeat", winlogbeat, "winlog.event_data."},
	{"evtx_dump", evtxDump, "Event.EventData."},
}

// data are the fields of the event itself, under Sysmon's names.
func (p process) data() map[string]any {
	data := map[string]any{
		"RuleName": "-", "UtcTime": p.time.Format("2006-01-02 15:04:05.000"), "ProcessId": strconv.Itoa(4000 + p.recordID%1000),
		"Image": `C:\ProgramData\x\client` + strconv.Itoa(p.recordID%7) + ".exe", "FileVersion": "14.10",
		"CommandLine": fmt.Sprintf(`"C:\ProgramData\x\client.exe" /n %d <&> "é"`, p.recordID), "CurrentDirectory": `C:\ProgramData\`,
		"User": p.user, "LogonId": "0x3e7", "IntegrityLevel": "Medium", "ParentImage": `C:\Windows\explorer.exe`,
	}
	for name, value := range p.version {
		data[name] = value
	}
	return data
}

// nxlog is NXLog's im_msvistalog with to_json: everything at the top level, numbers where the event log has them.
func nxlog(p process) any {
	event := p.data()
	for name, value := range map[string]any{
		"EventTime": p.time.Add(time.Hour).Format("2006-01-02 15:04:05"), "Hostname": p.host, "Keywords": int64(-9223372036854775808),
		"EventType": "INFO", "SeverityValue": 2, "Severity": "INFO", "EventID": p.eventID, "SourceName": sysmonProvider, "Task": 1,
		"RecordNumber": p.recordID, "ExecutionProcessID": 3208, "Channel": p.channel, "Domain": "NT AUTHORITY", "AccountName": "SYSTEM",
		"UserID": "S-1-5-18", "AccountType": "User", "Opcode": "Info", "Category": "Process Create (rule: ProcessCreate)",
		"SourceModuleName": "in", "SourceModuleType": "im_msvistalog",
	} {
		event[name] = value
	}
	return event
}

// winlogbeat is Winlogbeat 8 without its ECS processors: texts everywhere, the data below winlog.event_data.
func winlogbeat(p process) any {
	return map[string]any{
		"@timestamp": p.time.Add(3 * time.Millisecond).Format(time.RFC3339Nano),
		"agent":      map[string]any{"type": "winlogbeat", "version": "8.13.2", "name": strings.ToUpper(p.host)},
		"ecs":        map[string]any{"version": "8.0.0"},
		"event":      map[string]any{"code": strconv.Itoa(p.eventID), "kind": "event", "provider": sysmonProvider},
		"host":       map[string]any{"name": p.host},
		"log":        map[string]any{"level": "information"},
		"message":    "Process Create:\nRuleName: -",
		"winlog": map[string]any{
			"api": "wineventlog", "channel": p.channel, "computer_name": p.host, "event_id": strconv.Itoa(p.eventID),
			"provider_name": sysmonProvider, "record_id": p.recordID, "event_data": p.data(), "process": map[string]any{"pid": 3208},
			"user": map[string]any{"identifier": "S-1-5-18", "name": "SYSTEM", "domain": "NT AUTHORITY"},
		},
	}
}

// evtxDump is `evtx_dump -o jsonl`: the event's XML, attributes under #attributes.
func evtxDump(p process) any {
	attributes := func(name string, value any) any { return map[string]any{"#attributes": map[string]any{name: value}} }
	return map[string]any{"Event": map[string]any{
		"#attributes": map[string]any{"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
		"System": map[string]any{
			"Provider": attributes("Name", sysmonProvider), "EventID": p.eventID, "Version": 5, "Level": 4,
			"TimeCreated":   attributes("SystemTime", p.time.Add(3*time.Millisecond).Format("2006-01-02T15:04:05.000000Z")),
			"EventRecordID": p.recordID, "Correlation": nil, "Channel": p.channel, "Computer": p.host, "Security": attributes("UserID", "S-1-5-18"),
		},
		"EventData": p.data(),
	}}
}

// version gives the version information of an executable; overrides are pairs of name and value.
func version(overrides ...string) map[string]string {
	v := map[string]string{"Description": "Client", "Product": "Client", "Company": "Example Ltd", "OriginalFileName": "client.exe"}
	for i := 0; i+1 < len(overrides); i += 2 {
		v[overrides[i]] = overrides[i+1]
	}
	return v
}

// planted are the events that are mixed into a load: each way to meet the rule, and each way to nearly meet it.
var planted = []struct {
	fires bool
	edit  func(p *process)
}{
	{true, func(p *process) { p.version = version("Description", "NetSupport Client Configurator") }},
	{true, func(p *process) { p.version = version("Product", "NetSupport Remote Control") }},
	{true, func(p *process) { p.version = version("Company", "NetSupport Ltd") }},
	{true, func(p *process) { p.version = version("OriginalFileName", "PCICFGUI.EXE") }},
	{true, func(p *process) { p.version = version("Company", "NETSUPPORT LTD", "OriginalFileName", "pcicfgui.exe") }},
	{false, func(p *process) { p.version = version() }},
	{false, func(p *process) { p.version = version("Company", "NetSupport Ltd.") }},
	{false, func(p *process) { p.version, p.eventID = version("Company", "NetSupport Ltd"), 5 }},
	{false, func(p *process) { p.version, p.channel = version("Company", "NetSupport Ltd"), "Application" }},
}

// plant makes the n-th planted event. Every combination of event and shape comes by.
func plant(n int) (p process, s shape, fires bool) {
	p = process{
		time:     time.Date(2024, 5, 17, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 1013 * time.Millisecond),
		recordID: 700_000 + n, eventID: 1, channel: sysmonChannel,
		host: fmt.Sprintf("WS-%04d.corp.example", n%17), user: fmt.Sprintf(`CORP\user%d`, n%5),
	}
	kind := planted[n%len(planted)]
	kind.edit(&p)
	return p, shapes[n/len(planted)%len(shapes)], kind.fires
}

// load is what one test feeds into its topic.
type load struct {
	records []*kgo.Record
	planted map[*kgo.Record]plantedEvent // those that have to fire
}

type plantedEvent struct {
	process
	shape shape
}

// newLoad mixes corpus events with planted ones over the partitions of a topic. What has to fire is known from how the events
// are made, and found again by reading each record naively: a corpus event that fires would be a surprise.
func newLoad(t *testing.T, topic string, partitions int32, corpusEvents, plantedEvents int) *load {
	t.Helper()
	corpus := readCorpus(t)
	if len(corpus) < corpusEvents {
		t.Fatalf("the corpus has %d events, want %d", len(corpus), corpusEvents)
	}
	l := &load{planted: map[*kgo.Record]plantedEvent{}}
	add := func(value []byte, at time.Time) *kgo.Record {
		n := len(l.records)
		r := &kgo.Record{
			Topic: topic, Partition: int32(n) % partitions, Key: fmt.Appendf(nil, "key-%d", n), Value: value, Timestamp: at,
			Headers: []kgo.RecordHeader{{Key: "traceparent", Value: fmt.Appendf(nil, "00-%032x-%016x-01", n+1, n+1)}},
		}
		l.records = append(l.records, r)
		return r
	}
	every := corpusEvents / plantedEvents
	received := time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)
	for i, value := range corpus[:corpusEvents] {
		add(value, received.Add(time.Duration(i)*time.Millisecond))
		if i%every != 0 || i/every >= plantedEvents {
			continue
		}
		p, s, fires := plant(i / every)
		value, err := json.Marshal(s.write(p))
		if err != nil {
			t.Fatal(err)
		}
		if meetsRule(t, value) != fires {
			t.Fatalf("the test reads its own event wrongly: %s", value)
		}
		r := add(value, p.time.Add(2*time.Second))
		if fires {
			l.planted[r] = plantedEvent{p, s}
		}
	}
	return l
}

// readCorpus gives the recorded events, one a record. None of them meets the rule.
func readCorpus(t *testing.T) [][]byte {
	t.Helper()
	dir := os.Getenv("PICKET_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	name := filepath.Join(dir, "sysmon-nxlog.jsonl.gz")
	_, err := os.Stat(name)
	require(t, err == nil, "the recorded events are missing (PICKET_CORPUS names their folder): %v", err)
	corpus.Do(func() { corpus.events, corpus.err = readLines(name) })
	if corpus.err != nil {
		t.Fatal(corpus.err)
	}
	for _, value := range corpus.events {
		if bytes.Contains(value, []byte("NetSupport")) || bytes.Contains(value, []byte("PCICFGUI")) {
			if meetsRule(t, value) {
				t.Fatalf("a recorded event meets the rule: %s", value)
			}
		}
	}
	return corpus.events
}

var corpus struct {
	sync.Once
	events [][]byte
	err    error
}

func readLines(name string) ([][]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return bytes.Split(bytes.TrimRight(all, "\n"), []byte("\n")), nil
}

// meetsRule reads an event as a person would and applies the NetSupport rule: process creation of Sysmon, and one of four fields.
func meetsRule(t *testing.T, value []byte) bool {
	t.Helper()
	var record map[string]any
	if err := json.Unmarshal(value, &record); err != nil {
		t.Fatalf("%v: %s", err, value)
	}
	event, ok := find(record)
	if !ok || !strings.EqualFold(event.channel, sysmonChannel) || event.id != "1" {
		return false
	}
	for name, want := range map[string]string{
		"Description": "NetSupport Client Configurator", "Product": "NetSupport Remote Control",
		"Company": "NetSupport Ltd", "OriginalFileName": "PCICFGUI.EXE",
	} {
		if text, ok := event.data[name].(string); ok && strings.EqualFold(text, want) {
			return true
		}
	}
	return false
}

// found is an event as found in a record of some shape.
type found struct {
	channel, id string
	data        map[string]any
}

// find looks for an event in a record; false when it is of no shape that picket knows.
func find(record map[string]any) (found, bool) {
	object := func(m map[string]any, name string) map[string]any { o, _ := m[name].(map[string]any); return o }
	text := func(v any) string {
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	switch {
	case object(object(record, "Event"), "System") != nil:
		event := object(record, "Event")
		system := object(event, "System")
		return found{text(system["Channel"]), text(system["EventID"]), object(event, "EventData")}, true
	case object(record, "winlog") != nil:
		w := object(record, "winlog")
		return found{text(w["channel"]), text(w["event_id"]), object(w, "event_data")}, true
	case record["log_name"] != nil && record["event_id"] != nil:
		return found{text(record["log_name"]), text(record["event_id"]), object(record, "event_data")}, true
	case record["EventID"] != nil:
		return found{text(record["Channel"]), text(record["EventID"]), record}, true
	}
	return found{}, false
}
