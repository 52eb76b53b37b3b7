package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

// readings are the ways a record can be read: each must give the same.
var readings = map[string]Options{"fast": {}, "gjson": {NoFast: true}}

// wantedNames are the fields of a test's schema: some of every shape, some of none.
var wantedNames = []string{
	"Channel", "Provider_Name", "Provider_Guid", "Computer", "EventID", "EventType", "EventRecordID", "Task", "Opcode", "Keywords",
	"Version", "Level", "Security_UserID", "Execution_ProcessID", "Execution_ThreadID", "TimeCreated_SystemTime", "Correlation", "Security",
	"Message", "RuleName", "UtcTime", "ProcessId", "Image", "Description", "Company", "CommandLine", "User", "Hashes", "ParentImage",
	"md5", "sha1", "sha256", "imphash", "Data", "Binary", "param1", "param2", "ThreatName", "Threat Name", "SubjectUserName", "BackupPath",
	"tags", "Port", "Big", "Ratio", "Flag", "Nothing", "Empty", "List", "Object", "dotted.key", "dotted.other", "Object.a", "Object.a.b",
	"Object.list.k", "List.c", "Object.none", "NoSuch", "NoSuch.field", "winlog.channel", "", ".", "a..b", "*_x", "#text", "Name_#text",
}

func decodeOne(t testing.TB, d *Decoder, record string, timestamp int64) *Event {
	t.Helper()
	n, err := d.Decode([]byte(record), timestamp)
	if err != nil || n != 1 {
		t.Fatalf("Decode: %d events, %v\n%s", n, err, record)
	}
	e, err := d.Event(0)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// checkNaive compares an event with the naive normal form of its record: what it is, every field of the
// schema, every leaf, and that every path leads there.
func checkNaive(t testing.TB, s *Schema, e *Event) {
	t.Helper()
	want, code := naiveDecode(e.Raw)
	if code != "" {
		t.Errorf("event of a record that naively is %s\n%s", code, e.Raw)
		return
	}
	if e.Shape != want.shape || e.Channel != want.channel || e.EventID != want.id || e.EventType != want.eventType {
		t.Errorf("%s %q %d %q, want %s %q %d %q\n%s", e.Shape, e.Channel, e.EventID, e.EventType,
			want.shape, want.channel, want.id, want.eventType, e.Raw)
	}
	if len(e.Values) != s.Len() {
		t.Fatalf("%d values for %d fields", len(e.Values), s.Len())
	}
	for f := range Field(s.Len()) {
		v := e.Values[f]
		values, present := want.lookup(s.Name(f))
		if (v.Kind != Missing) != present {
			t.Errorf("%s: kind %d, naively present: %v\n%s", s.Name(f), v.Kind, present, e.Raw)
			continue
		}
		if !present {
			if path := e.Path(f); path != "" {
				t.Errorf("%s is missing and has path %q", s.Name(f), path)
			}
			continue
		}
		if diff := cmp.Diff(flatten(values, nil), flatten(unmarshal(t, v), nil)); diff != "" {
			t.Errorf("%s (-naive +got):\n%s\n%s", s.Name(f), diff, e.Raw)
		}
		checkPath(t, s.Name(f), e.Raw, e.Path(f), v)
	}
	checkLeaves(t, e, want)
}

// checkPath asks gjson for the path. A value that was put right is found, but reads differently; a hash is
// a part of what is found; a path through arrays does not say how deep they nest.
func checkPath(t testing.TB, name string, record []byte, path string, v Value) {
	t.Helper()
	found := gjson.GetBytes(record, path)
	a := flatten(unmarshal(t, v), nil)
	b := flatten(unmarshal(t, Value{Raw: []byte(found.Raw), Kind: Object}), nil)
	switch {
	case !found.Exists():
		t.Errorf("%s: nothing at its path %q\n%s", name, path, record)
	case name == "EventID" || name == "Keywords" || strings.Contains(path, "#."):
	case slices.Contains(hashFields[:], name) && strings.HasSuffix(path, "Hashes"):
		if !strings.Contains(found.String(), string(v.Raw)) {
			t.Errorf("%s: %s at its path %q, want %s", name, found.Raw, path, v.Raw)
		}
	default:
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: at its path %q (-value +found):\n%s\n%s", name, path, diff, record)
		}
	}
}

func checkLeaves(t testing.TB, e *Event, want naive) {
	t.Helper()
	var got, naively []string
	for _, l := range e.AppendLeaves(nil) {
		got = append(got, l.Field+"="+scalars(unmarshal(t, l.Value), nil)[0])
		inHex := l.Field == "Keywords" && bytes.HasPrefix(l.Value.Raw, []byte("0x"))
		if e.Plain && !inHex && (!bytes.Contains(e.Raw, l.Value.Raw) || hasUnicodeEscape(l.Value.Raw)) && l.Field != eventIDField {
			t.Errorf("leaf %s is not plain: %s\n%s", l.Field, l.Value.Raw, e.Raw)
		}
		if path := e.LeafPath(l); !gjson.GetBytes(e.Raw, path).Exists() {
			t.Errorf("leaf %s: nothing at its path %q\n%s", l.Field, path, e.Raw)
		}
	}
	for name, v := range want.fields {
		for _, text := range scalars(v, nil) {
			naively = append(naively, name+"="+text)
		}
	}
	slices.Sort(got)
	slices.Sort(naively)
	if diff := cmp.Diff(naively, got); diff != "" {
		t.Errorf("leaves (-naive +got):\n%s\n%s", diff, e.Raw)
	}
}

func unmarshal(t testing.TB, v Value) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(appendJSON(nil, v)))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		t.Fatalf("a value is not JSON: %v: %s", err, v.Raw)
	}
	if v.Kind == String && v.Escaped != bytes.ContainsRune(v.Raw, '\\') {
		t.Errorf("escaped is %v: %s", v.Escaped, v.Raw)
	}
	return x
}

func TestFixturesAreTheirNaiveNormalForm(t *testing.T) {
	s := NewSchema(wantedNames)
	for reading, opts := range readings {
		d := NewDecoderWith(s, opts) // one for all: what it saw before must not matter
		for _, name := range slices.Sorted(maps.Keys(fixtures)) {
			t.Run(reading+"/"+name, func(t *testing.T) {
				checkNaive(t, s, decodeOne(t, d, fixtures[name], -1))
			})
		}
	}
}

// values gives the present fields of an event as name=value, sorted by name.
func values(s *Schema, e *Event) []string {
	var out []string
	for f, v := range e.Values {
		if v.Kind != Missing {
			out = append(out, s.Name(Field(f))+"="+string(appendJSON(nil, v)))
		}
	}
	return out
}

func TestNormalForm(t *testing.T) {
	check := func(name, record string, fields []string, want ...string) {
		t.Helper()
		s := NewSchema(fields)
		for reading, opts := range readings {
			d := NewDecoderWith(s, opts)
			if diff := cmp.Diff(want, values(s, decodeOne(t, d, record, -1))); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, reading, diff)
			}
		}
	}
	flat := func(members string) string { return `{"EventID":1,"Channel":"c",` + members + `}` }

	check("data wins over System", evtxCleared, []string{"Channel"}, `Channel="Application"`)
	check("and null data does", evtxCleared, []string{"BackupPath"}, `BackupPath=null`)
	check("System where the data has none", evtxProcess, []string{"Channel", "Level", "EventID"},
		`Channel="Microsoft-Windows-Sysmon/Operational"`, `EventID=1`, `Level=4`)
	check("attributes", evtxProcess, []string{"Execution_ProcessID", "Provider_Name", "Security_UserID", "Execution", "Correlation"},
		`Correlation=null`, `Execution_ProcessID=2912`, `Provider_Name="Microsoft-Windows-Sysmon"`, `Security_UserID="S-1-5-18"`)
	check("no element of any name", `{"Event":{"System":{"EventID":1,"Odd":{"#attributes":{"x":1}}}}}`, []string{"*_x", "Odd_x"}, `Odd_x=1`)
	check("separate attributes", evtxCleared, []string{"Execution_ProcessID"}, `Execution_ProcessID=900`)
	check("an element's text", evtxService, []string{"Data", "EventID"}, `Data=["Own Product","1.0.0","(NULL)"]`, `EventID=1033`)
	check("names lose spaces", winlogbeatService, []string{"ThreatName", "Threat Name"}, `ThreatName="Trojan:Win32/Own.A"`)
	check("numbered Data", winlogbeatService, []string{"Data"}, `Data=["first","second \"quoted\"","tenth"]`)
	check("numbered Data beside Data", flat(`"param1":"a","Data":"b"`), []string{"Data", "param1"}, `Data="b"`, `param1="a"`)
	check("the event id is a number", winlogbeatProcess, []string{"EventID"}, `EventID=1`)
	check("of text", flatAuthentication, []string{"EventID"}, `EventID=4625`)
	check("severity is no EventType", nxlogProcess, []string{"EventType"})
	check("any other is", flat(`"EventType":"CreateKey"`), []string{"EventType"}, `EventType="CreateKey"`)
	check("Keywords unsigned", nxlogProcess, []string{"Keywords"}, `Keywords="0x8000000000000000"`)
	check("Keywords of one bit", flatAuthentication, []string{"Keywords"}, `Keywords="0x10000000000000"`)
	check("Keywords beyond 64 bits", flat(`"Keywords":18446744073709551616`), []string{"Keywords"}, `Keywords=18446744073709551616`)
	check("Keywords as text", flat(`"Keywords":"0x80"`), []string{"Keywords"}, `Keywords="0x80"`)
	check("hashes on demand", winlogbeatProcess, []string{"md5", "sha1", "imphash"},
		`imphash="FEDCBA9876543210FEDCBA9876543210"`, `md5="0123456789ABCDEF0123456789ABCDEF"`)
	check("a field md5 wins", flat(`"Hashes":"MD5=AB","md5":"own"`), []string{"md5"}, `md5="own"`)
	check("a hash is hexadecimal", flat(`"Hashes":"MD5=,SHA1=xyz,SHA256=a\u0042"`), []string{"md5", "sha1", "sha256"}, `sha256="aB"`)
	check("names of the flat form", nxlogProcess, []string{"Provider_Name", "Computer"},
		`Computer="ws-17.lab.example"`, `Provider_Name="Microsoft-Windows-Sysmon"`)
	check("unless they are there", flatAuthentication, []string{"Provider_Name"}, `Provider_Name="Microsoft-Windows-Security-Auditing"`)
	check("numbers as they are", flatAuthentication, []string{"Big", "Ratio"}, `Big=18446744073709551615`, `Ratio=0.10`)
	check("the whole name first", flatAuthentication, []string{"dotted.key", "dotted.other", "Object.a.b"},
		`Object.a.b="deep"`, `dotted.key="whole"`, `dotted.other="o"`)
	check("fanning out", flatAuthentication, []string{"Object.list.k"}, `Object.list.k=["x",["y"]]`)
	check("through arrays in arrays", flat(`"a":[[{"b":[{"c":1},{"d":2}]}],{"b":{"c":null}},{"b":{"c":[3]}},4]`), []string{"a.b.c"}, `a.b.c=[1,null,[3]]`)
	check("segment by segment", flat(`"a":{"b.c":5},"a.b":{"c":5}`), []string{"a.b.c"})
	check("data wins in user_data", winlogbeat6Cleared, []string{"Channel", "Computer"}, `Channel="Application"`, `Computer="srv-2"`)
	check("the last of equal keys", flat(`"A":1,"A":2`), []string{"A"}, `A=2`)
	check("and of keys equal without spaces", flat(`"A B":1,"AB":2,"A  B":3`), []string{"AB"}, `AB=3`)
	check("as a whole", `{"winlog":{"event_id":1,"channel":"x","event_data":{"A":1,"B":1}},"winlog":{"event_id":2,"event_data":{"A":3},"event_data":{"B":4}}}`,
		[]string{"A", "B", "Channel", "EventID"}, `B=4`, `EventID=2`)
	check("the list of a path", flat(`"a":[{"b":1},{"c":2},{"b":3}]`), []string{"a.b"}, `a.b=[1,3]`)
	check("an escaped key", flat(`"\u0041\tB":"x"`), []string{"A\tB"}, `A	B="x"`)
}

func TestSystemValues(t *testing.T) {
	s := NewSchema(nil)
	sysmon := time.Date(2026, 5, 4, 6, 31, 2, 118e6, time.UTC)
	for reading, opts := range readings {
		d := NewDecoderWith(s, opts)
		check := func(record, provider, computer, user string, id uint64, at time.Time, source TimeSource) {
			t.Helper()
			e := decodeOne(t, d, record, 1777876000123)
			gotID, hasID := e.RecordID()
			gotAt, gotSource := e.Time()
			if e.Provider() != provider || e.Computer() != computer || e.User() != user || gotID != id || hasID != (id != 0) {
				t.Errorf("%s: provider %q computer %q user %q id %d", reading, e.Provider(), e.Computer(), e.User(), gotID)
			}
			if !gotAt.Equal(at) || gotSource != source {
				t.Errorf("%s: %v from %s, want %v from %s", reading, gotAt, gotSource, at, source)
			}
		}
		check(nxlogProcess, "Microsoft-Windows-Sysmon", "ws-17.lab.example", `LAB\mara`, 40112, sysmon, TimeUTC)
		check(winlogbeatProcess, "Microsoft-Windows-Sysmon", "ws-17.lab.example", `LAB\mara`, 40112, sysmon, TimeUTC)
		check(winlogbeat6Process, "Microsoft-Windows-Sysmon", "ws-17.lab.example", `LAB\mara`, 40112, sysmon, TimeUTC)
		check(evtxProcess, "Microsoft-Windows-Sysmon", "ws-17.lab.example", `LAB\mara`, 40112, sysmon, TimeUTC)
		check(winlogbeatService, "Service Control Manager", "srv-2", "", 77, time.Date(2026, 5, 4, 6, 40, 0, 0, time.UTC), TimeShipper)
		check(winlogbeat6Cleared, "Microsoft-Windows-Eventlog", "srv-2", `LAB\mara`, 9, time.Date(2026, 5, 4, 7, 0, 0, 0, time.UTC), TimeShipper)
		check(evtxService, "MsiInstaller", "srv-2", "", 12, time.Date(2026, 5, 4, 6, 50, 0, 0, time.UTC), TimeShipper)
		check(evtxCleared, "Microsoft-Windows-Eventlog", "srv-2", `LAB\mara`, 0, time.UnixMilli(1777876000123), TimeRecord)
		check(`{"EventID":1,"Domain":"LAB","AccountName":"m\u00e9","User":"-","TimeCreated":"2026-05-04T06:31:02"}`, "", "", `LAB\mé`, 0,
			time.UnixMilli(1777876000123), TimeRecord)
		check(`{"EventID":1,"@timestamp":"x","TimeCreated":"2026-05-04T08:31:02.118+02:00"}`, "", "", "", 0, sysmon, TimeShipper)

		if at, source := decodeOne(t, d, `{"EventID":1}`, -1).Time(); !at.IsZero() || source != TimeRecord {
			t.Errorf("%v from %s where there is no time", at, source)
		}
	}
}

func TestGateUsesSystem(t *testing.T) {
	d := NewDecoder(NewSchema([]string{"Channel"}))
	if e := decodeOne(t, d, evtxCleared, -1); e.Channel != "System" || e.EventID != 104 {
		t.Errorf("%q %d", e.Channel, e.EventID)
	}
	if e := decodeOne(t, d, winlogbeat6Cleared, -1); e.Channel != "System" || e.EventID != 104 {
		t.Errorf("%q %d", e.Channel, e.EventID)
	}
	if e := decodeOne(t, d, `{"EventID":"0012.0","EventType":"Create\u004bey"}`, -1); e.EventID != 12 || e.EventType != "CreateKey" {
		t.Errorf("%d %q", e.EventID, e.EventType)
	}
}

func TestPaths(t *testing.T) {
	check := func(record, field, want string) {
		t.Helper()
		s := NewSchema([]string{field})
		for reading, opts := range readings {
			e := decodeOne(t, NewDecoderWith(s, opts), record, -1)
			if got := e.Path(0); got != want {
				t.Errorf("%s, %s: path %q, want %q", field, reading, got, want)
			}
		}
	}
	check(winlogbeatProcess, "Company", "winlog.event_data.Company")
	check(winlogbeatProcess, "Provider_Name", "winlog.provider_name")
	check(winlogbeatProcess, "EventID", "winlog.event_id")
	check(winlogbeatProcess, "md5", "winlog.event_data.Hashes")
	check(winlogbeatService, "ThreatName", "winlog.event_data.Threat Name")
	check(winlogbeatService, "Data", "[winlog.event_data.param1,winlog.event_data.param2,winlog.event_data.param10]")
	check(evtxProcess, "Execution_ProcessID", `Event.System.Execution.\#attributes.ProcessID`)
	check(evtxCleared, "SubjectUserName", "Event.UserData.LogFileCleared.SubjectUserName")
	check(evtxService, "Data", `Event.EventData.Data.\#text`)
	check(nxlogProcess, "Computer", "Hostname")
	check(nxlogProcess, "Keywords", "Keywords")
	check(flatAuthentication, "Object.list.k", "Object.list.#.k")
	check(flatAuthentication, "dotted.key", `dotted\.key`)
	check(flatAuthentication, "Empty", "Empty")
	check(flatAuthentication, "NoSuch", "")
	check(`{"EventID":1,"a|b*\u0063":{"@x":1}}`, "a|b*c.@x", `a\|b\*c.\@x`)
}

func TestPlain(t *testing.T) {
	for record, want := range map[string]bool{
		nxlogProcess:      false, // \u in the command line
		winlogbeatProcess: true,
		evtxProcess:       true,
		`{"EventID":1,"Channel":"C","F":"C:\\uses\"\/\n"}`:           true,
		`{"EventID":1,"Channel":"C","F":"a long text \u0041"}`:       false,
		`{"EventID":1,"Channel":"C","F":"\u0041"}`:                   false,
		`{"EventID":1,"Channel":"C","O":{"x":["C:\\uses"]}}`:         true,
		`{"EventID":1,"Channel":"C","O":{"x":["C:\\\u0041"]}}`:       false,
		`{"EventID":1,"Channel":"C","\u0041":"another reading"}`:     false,
		`{"EventID":1,"Channel":"C","F":"twelve bytes","G":"\\u00"}`: true,
	} {
		if e := decodeOne(t, NewDecoder(NewSchema(wantedNames)), record, -1); e.Plain != want {
			t.Errorf("plain is %v: %s", e.Plain, record)
		}
		if e := decodeOne(t, NewDecoderWith(NewSchema(nil), Options{NoFast: true}), record, -1); e.Plain {
			t.Errorf("by gjson: plain: %s", record)
		}
	}
}

func TestLeafPaths(t *testing.T) {
	d := NewDecoder(NewSchema(nil))
	e := decodeOne(t, d, `{"EventID":"5","Keywords":0,"EventType":"INFO","L":["a",{"b":[null,"c"]}],"O":{"x.y":{"z":true}},"N":null,"E":""}`, -1)
	var got []string
	for _, l := range e.AppendLeaves(nil) {
		got = append(got, l.Field+" "+e.LeafPath(l)+" "+string(l.Value.Raw))
	}
	want := []string{"EventID EventID 5", "Keywords Keywords 0x0", "L L.0 a", "L L.1.b.1 c", `O O.x\.y.z true`, "E E "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	for reading, opts := range readings {
		d := NewDecoderWith(NewSchema(wantedNames), opts)
		check := func(name string, record []byte, code, words string) {
			t.Helper()
			decodeOne(t, d, nxlogProcess, -1)
			n, err := d.Decode(record, -1)
			var e *Error
			if !errors.As(err, &e) || n != 0 {
				t.Errorf("%s, %s: %d events, error %v", name, reading, n, err)
				return
			}
			stage := StageDecode
			if code == CodeUnknownShape || code == CodeBadEventID {
				stage = StageShape
			}
			if e.Stage != stage || e.Code != code || !strings.Contains(e.Err.Error(), words) {
				t.Errorf("%s, %s: %v, want %s with %q", name, reading, e, code, words)
			}
			if _, err := d.Event(0); err == nil {
				t.Errorf("%s, %s: there is an event", name, reading)
			}
		}
		deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
		check("null", nil, CodeNullValue, "no value")
		check("empty", []byte{}, CodeEmptyValue, "no bytes")
		check("blank", []byte(" \n"), CodeNotJSON, "ends in the middle")
		check("truncated", []byte(`{"EventID":1,"a":"b`), CodeNotJSON, "ends in the middle of a value, after 19 bytes")
		check("two", []byte(`{"EventID":1} {}`), CodeNotJSON, "from byte 14")
		check("byte order mark", []byte("\xef\xbb\xbf{}"), CodeNotJSON, "byte order mark")
		check("schema registry", []byte("\x00\x00\x00\x00\x01{}"), CodeNotJSON, "schema registry")
		check("xml", []byte("<Event/>"), CodeNotJSON, "XML")
		check("nul", []byte("{\"EventID\":1,\"a\":\"\x00\"}"), CodeNotJSON, "from byte 18")
		check("array", []byte(`[{"EventID":1}]`), CodeNotObject, "not an object")
		check("scalar", []byte(` 12 `), CodeNotObject, "not an object")
		check("deep array", []byte(deep(100_000)), CodeNotJSON, "nests deeper than 10000")
		check("deep member", []byte(`{"EventID":1,"a":`+deep(10_000)+`}`), CodeNotJSON, "nests deeper than 10000")
		check("not closed", []byte(strings.Repeat("[", 10<<20)), CodeNotJSON, "nests deeper than 10000")
		check("not closed objects", []byte(strings.Repeat(`{"a":`, 2<<20)), CodeNotJSON, "nests deeper than 10000")
		check("other", []byte(`{"hello":"world"}`), CodeUnknownShape, "no known shape")
		check("no signs of the right kind", []byte(`{"winlog":[],"Event":{"System":"x"},"event_data":null}`), CodeUnknownShape, "")
		check("no id", []byte(`{"Channel":"x"}`), CodeBadEventID, "no event id")
		check("null id", []byte(`{"EventID":null}`), CodeBadEventID, "no event id")
		check("no id below winlog", []byte(`{"winlog":{"channel":"x"}}`), CodeBadEventID, "no event id")
		for _, id := range []string{`"x"`, `""`, `-1`, `1.5`, `1e3`, `4294967296`, `[1]`, `true`, `{"#attributes":{}}`, `"1."`, `" 1"`} {
			code := CodeBadEventID
			check("id "+id, []byte(`{"EventID":`+id+`}`), code, "event id")
		}
		if n, err := d.Decode([]byte(`{"EventID":1,"a":`+deep(9_999)+`}`), -1); n != 1 || err != nil {
			t.Errorf("%s: %d events, %v of a record as deep as may be", reading, n, err)
		}
	}
}

// TestDetectionDoesNotDependOnTheProgram looks at what could make it: a sign's object whose names lose
// their spaces in one program and not in another.
func TestDetectionDoesNotDependOnTheProgram(t *testing.T) {
	schema, signs := NewSchema(wantedNames), 0
	parent := func(program int, path string) *node {
		n := schema.program(program).root
		for _, key := range keys(path[:max(0, strings.LastIndexByte(path, '.'))]) {
			n = n.find([]byte(key), keyHash([]byte(key))).child
		}
		return n
	}
	for _, s := range shapes {
		for _, alternative := range s.signs {
			for _, sg := range alternative {
				signs++
				for i := range shapes {
					if parent(i, sg.path).spaces != parent(0, sg.path).spaces {
						t.Errorf("%s: its object's names lose their spaces in some programs only", sg.path)
					}
				}
			}
		}
	}
	if signs < 8 {
		t.Errorf("only %d signs", signs)
	}
}

func TestEventIndex(t *testing.T) {
	d := NewDecoder(NewSchema(nil))
	if _, err := d.Event(0); err == nil {
		t.Error("an event before any Decode")
	}
	decodeOne(t, d, nxlogProcess, -1)
	for _, i := range []int{-1, 1} {
		if _, err := d.Event(i); err == nil {
			t.Errorf("event %d of 1", i)
		}
	}
}

func TestInvalidUTF8IsEvaluated(t *testing.T) {
	s := NewSchema([]string{"A", "B", "C"})
	for reading, opts := range readings {
		d := NewDecoderWith(s, opts)
		e := decodeOne(t, d, "{\"EventID\":1,\"A\":\"x\xff\xfey\",\"\xff\":1,\"B\":\"\\ud800z\",\"C\":\"\\u0000\"}", -1)
		want := []string{"A=\"x\xff\xfey\"", `B="\ud800z"`, `C="\u0000"`}
		if diff := cmp.Diff(want, values(s, e)); diff != "" || !e.InvalidUTF8() {
			t.Errorf("%s: invalid %v (-want +got):\n%s", reading, e.InvalidUTF8(), diff)
		}
		if decodeOne(t, d, nxlogProcess, -1).InvalidUTF8() {
			t.Errorf("%s: a valid event", reading)
		}
	}
}

func TestUnescapeIsEncodingJSONs(t *testing.T) {
	for _, raw := range []string{``, `a`, `\"\\\/\b\f\n\r\t`, `\u0041\u00e9\u20ac`, `\ud83d\ude00`, `\ud83d`, `\ud83dx`, `\ude00\ud83d`,
		`\ud83d\u0041`, `\ud83d\ud83d\ude00`, `\uD83D\uDE00\uabcd\uABCD`, `\ud83d\n`, `x\u0000y`} {
		var want string
		if err := json.Unmarshal([]byte(`"`+raw+`"`), &want); err != nil {
			t.Fatal(err)
		}
		if got := string(appendUnescaped(nil, []byte(raw))); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// TestSchemaIsShared has something to find under the race detector only.
func TestSchemaIsShared(t *testing.T) {
	s := NewSchema(wantedNames)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			d := NewDecoder(s)
			for _, record := range fixtures {
				if n, err := d.Decode([]byte(record), -1); n != 1 || err != nil {
					t.Errorf("%d events, %v", n, err)
				}
			}
		})
	}
	group.Wait()
}

func TestReadingDoesNotAllocate(t *testing.T) {
	s := NewSchema(append(benchNames(), wantedNames...))
	for shape, lane := range benchRecords() {
		d := NewDecoder(s)
		var leaves []Leaf
		i := 0
		read := func() {
			if n, err := d.Decode(lane[i%len(lane)], -1); n != 1 || err != nil {
				t.Fatalf("%d events, %v", n, err)
			}
			e, _ := d.Event(0)
			leaves = e.AppendLeaves(leaves[:0])
			if e.Provider() == "" || e.Computer() == "" || len(leaves) < 15 || string(e.Shape) != shape {
				t.Fatalf("%s: %q %q %d leaves", e.Shape, e.Provider(), e.Computer(), len(leaves))
			}
			i++
		}
		for range lane {
			read() // buffers grow to what the lane needs
		}
		if allocs := testing.AllocsPerRun(len(lane), read); allocs > 0 {
			t.Errorf("%s: %v allocations per record", shape, allocs)
		}
		if stats := d.Stats(); stats.Fallback > 0 || stats.Fast < uint64(2*len(lane)) {
			t.Errorf("%s: %+v", shape, stats)
		}
	}
}
