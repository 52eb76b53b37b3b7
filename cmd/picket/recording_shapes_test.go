package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// field is a name and its value, text or number.
type field struct {
	name  string
	value any
}

// object is a JSON object that keeps the order of its members, as shippers do.
type object []field

// json gives the object in one line.
func (o object) json() []byte {
	var b bytes.Buffer
	o.write(&b)
	return b.Bytes()
}

func (o object) write(b *bytes.Buffer) {
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%q:", f.name)
		if inner, ok := f.value.(object); ok {
			inner.write(b)
			continue
		}
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(f.value); err != nil {
			panic("BUG: " + err.Error())
		}
		b.Truncate(b.Len() - 1) // Encode's line break
	}
	b.WriteByte('}')
}

// sysmonEvent is one event before it is shipped.
type sysmonEvent struct {
	machine *machine
	id      uint32
	task    string
	at      time.Time
	fields  []field
}

const (
	sysmonProvider = "Microsoft-Windows-Sysmon"
	sysmonGUID     = "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"
	sysmonChannel  = "Microsoft-Windows-Sysmon/Operational"
)

func (m *machine) host() string { return m.name + ".corp.example" }

// taskRule is the task as Sysmon renders it.
func (e *sysmonEvent) taskRule() string {
	name := ""
	for word := range strings.FieldsSeq(e.task) {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return e.task + " (rule: " + name + ")"
}

// message is the rendered event.
func (e *sysmonEvent) message(lineBreak string) string {
	var b strings.Builder
	b.WriteString(e.task + ":")
	for _, f := range e.fields {
		fmt.Fprintf(&b, "%s%s: %v", lineBreak, f.name, f.value)
	}
	return b.String()
}

// texts is the event data as shippers pass it on that know no numbers.
func (e *sysmonEvent) texts() object {
	out := make(object, len(e.fields))
	for i, f := range e.fields {
		out[i] = field{f.name, fmt.Sprint(f.value)}
	}
	return out
}

// nxlog is the layout of NXLog's im_msvistalog with to_json(): everything at the top.
func (e *sysmonEvent) nxlog() object {
	cet := time.FixedZone("CET", 3600)
	o := object{
		{"EventTime", e.at.In(cet).Format("2006-01-02 15:04:05")}, {"Hostname", e.machine.host()},
		{"Keywords", int64(-9223372036854775808)}, {"EventType", "INFO"}, {"SeverityValue", 2}, {"Severity", "INFO"},
		{"EventID", e.id}, {"SourceName", sysmonProvider}, {"ProviderGuid", sysmonGUID}, {"Version", 5}, {"Task", e.id},
		{"OpcodeValue", 0}, {"RecordNumber", e.machine.record}, {"ExecutionProcessID", 3208}, {"ThreadID", 4724},
		{"Channel", sysmonChannel}, {"Domain", "NT AUTHORITY"}, {"AccountName", "SYSTEM"}, {"UserID", "S-1-5-18"},
		{"AccountType", "User"}, {"Message", e.message("\r\n")}, {"Category", e.taskRule()}, {"Opcode", "Info"},
	}
	for _, f := range e.texts() {
		if f.name != "EventType" { // NXLog's own has the name
			o = append(o, f)
		}
	}
	return append(o, field{"EventReceivedTime", e.at.Add(time.Second).In(cet).Format("2006-01-02 15:04:05")},
		field{"SourceModuleName", "eventlog"}, field{"SourceModuleType", "im_msvistalog"})
}

// winlogbeat is the layout of Winlogbeat 7 and later, without its ECS processors.
func (e *sysmonEvent) winlogbeat() object {
	const stamp = "2006-01-02T15:04:05.000Z"
	return object{
		{"@timestamp", e.at.Format(stamp)},
		{"@metadata", object{{"beat", "winlogbeat"}, {"type", "_doc"}, {"version", "9.2.1"}}},
		{"event", object{{"code", fmt.Sprint(e.id)}, {"kind", "event"}, {"provider", sysmonProvider}, {"action", e.taskRule()}, {"created", e.at.Add(1400 * time.Millisecond).Format(stamp)}}},
		{"host", object{{"name", e.machine.host()}}},
		{"log", object{{"level", "information"}}},
		{"message", e.message("\n")},
		{"winlog", object{
			{"channel", sysmonChannel}, {"computer_name", e.machine.host()}, {"event_id", fmt.Sprint(e.id)},
			{"provider_name", sysmonProvider}, {"provider_guid", sysmonGUID}, {"record_id", e.machine.record}, {"opcode", "Info"},
			{"task", e.taskRule()}, {"version", 5}, {"api", "wineventlog"},
			{"process", object{{"pid", 3208}, {"thread", object{{"id", 1724}}}}},
			{"user", object{{"identifier", "S-1-5-18"}, {"domain", "NT AUTHORITY"}, {"name", "SYSTEM"}, {"type", "Well Known Group"}}},
			{"event_data", e.texts()},
		}},
		{"agent", object{{"type", "winlogbeat"}, {"version", "9.2.1"}}},
		{"ecs", object{{"version", "8.0.0"}}},
	}
}

// evtxDump is the layout of evtx_dump -o jsonl.
func (e *sysmonEvent) evtxDump() object {
	return object{{"Event", object{
		{"#attributes", object{{"xmlns", "http://schemas.microsoft.com/win/2004/08/events/event"}}},
		{"System", object{
			{"Provider", object{{"#attributes", object{{"Name", sysmonProvider}, {"Guid", sysmonGUID}}}}},
			{"EventID", e.id}, {"Version", 5}, {"Level", 4}, {"Task", e.id}, {"Opcode", 0}, {"Keywords", "0x8000000000000000"},
			{"TimeCreated", object{{"#attributes", object{{"SystemTime", e.at.Format("2006-01-02T15:04:05.000000Z")}}}}},
			{"EventRecordID", e.machine.record}, {"Correlation", nil},
			{"Execution", object{{"#attributes", object{{"ProcessID", 3208}, {"ThreadID", 1724}}}}},
			{"Channel", sysmonChannel}, {"Computer", e.machine.host()},
			{"Security", object{{"#attributes", object{{"UserID", "S-1-5-18"}}}}},
		}},
		{"EventData", object(e.fields)},
	}}}
}
