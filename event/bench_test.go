package event

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// benchNames are as many names as the Windows rules of SigmaHQ read: those of Sysmon and Security events,
// and others that the records of the benchmark do not have.
func benchNames() []string {
	names := strings.Fields(`Channel Provider_Name Computer EventID EventType Keywords Message RuleName UtcTime ProcessGuid ProcessId
		Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId
		TerminalSessionId IntegrityLevel Hashes md5 sha1 sha256 imphash ParentProcessGuid ParentProcessId ParentImage ParentCommandLine
		ParentUser TargetObject Details NewName SourceImage TargetImage GrantedAccess CallTrace SourceProcessId TargetProcessId
		ImageLoaded Signed Signature SignatureStatus TargetFilename CreationUtcTime DestinationIp DestinationPort DestinationHostname
		Initiated QueryName QueryResults PipeName ScriptBlockText Payload ContextInfo Data param1 param2 ServiceName ServiceFileName
		SubjectUserName SubjectDomainName SubjectUserSid TargetUserName TargetDomainName LogonType IpAddress WorkstationName ObjectName
		ObjectType AccessMask AccessList ShareName RelativeTargetName TaskName TaskContent Status ThreatName Path AttributeLDAPDisplayName`)
	for i := len(names); i < 400; i++ {
		names = append(names, fmt.Sprintf("OtherField%03d", i))
	}
	return names
}

// benchFields are the fields of a machine-made process access or creation event.
func benchFields(r *rand.Rand) [][2]string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	guid := func() string {
		return fmt.Sprintf("{%08x-%04x-%04x-0000-%012x}", r.Uint32(), r.IntN(65536), r.IntN(65536), r.IntN(1<<40))
	}
	path := func() string {
		return `C:\\` + pick(`Windows\\System32`, `Program Files\\Own Product`, `Users\\mara\\AppData\\Local`) + `\\` +
			pick("svchost", "lsass", "own-agent", "powershell", "conhost") + ".exe"
	}
	hex := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprintf(&b, "%X", r.IntN(16))
		}
		return b.String()
	}
	fields := [][2]string{
		{"RuleName", "-"}, {"UtcTime", fmt.Sprintf("2026-05-04 06:%02d:%02d.%03d", r.IntN(60), r.IntN(60), r.IntN(1000))},
		{"ProcessGuid", guid()}, {"ProcessId", fmt.Sprint(r.IntN(9000))}, {"Image", path()},
	}
	if r.IntN(4) > 0 {
		return append(fields, [][2]string{
			{"SourceProcessGUID", guid()}, {"SourceProcessId", fmt.Sprint(r.IntN(9000))}, {"SourceThreadId", fmt.Sprint(r.IntN(9000))},
			{"SourceImage", path()}, {"TargetProcessGUID", guid()}, {"TargetProcessId", fmt.Sprint(r.IntN(9000))}, {"TargetImage", path()},
			{"GrantedAccess", pick("0x1000", "0x1400", "0x3000", "0x1fffff")},
			{"CallTrace", `C:\\Windows\\SYSTEM32\\ntdll.dll+9c534|C:\\Windows\\System32\\KERNELBASE.dll+2730e|c:\\windows\\system32\\lsm.dll+e91c|` +
				`C:\\Windows\\System32\\RPCRT4.dll+76953|C:\\Windows\\System32\\RPCRT4.dll+1a036|C:\\Windows\\SYSTEM32\\ntdll.dll+` + hex(5)},
		}...)
	}
	return append(fields, [][2]string{
		{"FileVersion", "10.0.19041.1"}, {"Description", "Own ® Process"}, {"Product", "Own® Product"}, {"Company", "Own Corporation"},
		{"CommandLine", `\"` + path() + `\" -k netsvcs -p -s ` + hex(8)}, {"CurrentDirectory", `C:\\Windows\\system32\\`},
		{"User", `LAB\\mara`}, {"LogonGuid", guid()}, {"LogonId", "0x" + hex(5)}, {"TerminalSessionId", "1"}, {"IntegrityLevel", "Medium"},
		{"Hashes", "SHA1=" + hex(40) + ",MD5=" + hex(32) + ",SHA256=" + hex(64) + ",IMPHASH=" + hex(32)},
		{"ParentProcessGuid", guid()}, {"ParentProcessId", fmt.Sprint(r.IntN(9000))}, {"ParentImage", path()},
		{"ParentCommandLine", path() + " -k DcomLaunch -p"}, {"ParentUser", `NT AUTHORITY\\SYSTEM`},
	}...)
}

// benchRecords makes records of each shape that hold the same events.
func benchRecords() map[string][][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	records := map[string][][]byte{}
	for range 256 {
		fields := benchFields(r)
		var data, message []string
		for _, f := range fields {
			data = append(data, `"`+f[0]+`":"`+f[1]+`"`)
			message = append(message, f[0]+": "+f[1])
		}
		members := strings.Join(data, ",")
		add := func(shape, format string, args ...any) {
			records[shape] = append(records[shape], fmt.Appendf(nil, format, args...))
		}
		add("nxlog", `{"EventTime":"2026-05-04 08:31:02","Hostname":"ws-17.lab.example","Keywords":-9223372036854775808,"EventType":"INFO",`+
			`"SeverityValue":2,"Severity":"INFO","EventID":10,"SourceName":"Microsoft-Windows-Sysmon","ProviderGuid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",`+
			`"Version":3,"Task":10,"OpcodeValue":0,"RecordNumber":40112,"ExecutionProcessID":2912,"ThreadID":3340,"Channel":"Microsoft-Windows-Sysmon/Operational",`+
			`"Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User","Message":"Process accessed:\r\n%s",`+
			`"Category":"Process accessed (rule: ProcessAccess)","Opcode":"Info",%s,"EventReceivedTime":"2026-05-04 08:31:03","SourceModuleName":"eventlog",`+
			`"SourceModuleType":"im_msvistalog"}`, strings.Join(message, `\r\n`), members)
		add("winlogbeat", `{"@timestamp":"2026-05-04T06:31:02.120Z","@metadata":{"beat":"winlogbeat","type":"_doc","version":"8.17.0"},"event":{"code":"10","kind":"event",`+
			`"provider":"Microsoft-Windows-Sysmon","action":"Process accessed"},"host":{"name":"ws-17.lab.example"},"log":{"level":"information"},"message":"Process accessed:\n%s",`+
			`"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"ws-17.lab.example","event_id":"10","provider_name":"Microsoft-Windows-Sysmon",`+
			`"provider_guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","record_id":40112,"opcode":"Info","task":"Process accessed","version":3,"api":"wineventlog",`+
			`"process":{"pid":2912,"thread":{"id":3340}},"user":{"identifier":"S-1-5-18","domain":"NT AUTHORITY","name":"SYSTEM","type":"User"},"event_data":{%s}},`+
			`"agent":{"type":"winlogbeat","version":"8.17.0"},"ecs":{"version":"8.0.0"}}`, strings.Join(message, `\n`), members)
		add("winlogbeat6", `{"@timestamp":"2026-05-04T06:31:02.120Z","beat":{"name":"ws-17","version":"6.8.0"},"computer_name":"ws-17.lab.example","event_id":10,`+
			`"log_name":"Microsoft-Windows-Sysmon/Operational","source_name":"Microsoft-Windows-Sysmon","record_number":"40112","level":"Information","opcode":"Info",`+
			`"process_id":2912,"thread_id":3340,"version":3,"type":"wineventlog","user":{"domain":"NT AUTHORITY","identifier":"S-1-5-18","name":"SYSTEM","type":"User"},`+
			`"event_data":{%s},"message":"Process accessed:\n%s"}`, members, strings.Join(message, `\n`))
		add("evtx_dump", `{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},"System":{"Provider":{"#attributes":{`+
			`"Name":"Microsoft-Windows-Sysmon","Guid":"5770385F-C22A-43E0-BF4C-06F5698FFBD9"}},"EventID":10,"Version":3,"Level":4,"Task":10,"Opcode":0,`+
			`"Keywords":"0x8000000000000000","TimeCreated":{"#attributes":{"SystemTime":"2026-05-04T06:31:02.120456Z"}},"EventRecordID":40112,"Correlation":null,`+
			`"Execution":{"#attributes":{"ProcessID":2912,"ThreadID":3340}},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"ws-17.lab.example",`+
			`"Security":{"#attributes":{"UserID":"S-1-5-18"}}},"EventData":{%s}}}`, members)
		for shape, process := range processes { // with these data instead of the fixture's
			process = strings.Replace(process, objectData, "{"+members+"}", 1)
			prefixed := `"` + shapeGraylog.prefix + strings.Join(data, `,"`+shapeGraylog.prefix)
			prefixed = strings.ReplaceAll(prefixed, shapeGraylog.prefix+`"`, shapeGraylog.prefix)
			add(string(shape), "%s", strings.Replace(process, graylogData, prefixed, 1))
		}
	}
	return records
}

// BenchmarkDecode measures both readings of each shape, with the records' full validation, beside gjson
// going once over all members without validating: what taking the fields out by gjson has to cost at least.
func BenchmarkDecode(b *testing.B) {
	schema := NewSchema(benchNames())
	records := benchRecords()
	for _, s := range shapes {
		lane := records[string(s.name)]
		for _, reading := range []string{"fast", "gjson"} {
			b.Run(string(s.name)+"/"+reading, func(b *testing.B) {
				benchDecode(b, NewDecoderWith(schema, readings[reading]), lane)
			})
		}
		b.Run(string(s.name)+"/foreach", func(b *testing.B) { benchForEach(b, lane) })
	}
}

func benchDecode(b *testing.B, d *Decoder, lane [][]byte) {
	size := 0
	for _, record := range lane {
		size += len(record)
		if n, err := d.Decode(record, -1); n != 1 || err != nil {
			b.Fatalf("%d events, %v: %s", n, err, record)
		}
	}
	b.SetBytes(int64(size / len(lane)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := d.Decode(lane[i%len(lane)], -1); err != nil {
			b.Fatal(err)
		}
	}
}

func benchForEach(b *testing.B, lane [][]byte) {
	size := 0
	for _, record := range lane {
		size += len(record)
	}
	b.SetBytes(int64(size / len(lane)))
	b.ReportAllocs()
	total := 0
	var visit func(_, value gjson.Result) bool
	visit = func(_, value gjson.Result) bool {
		total += len(value.Raw)
		if value.IsObject() {
			value.ForEach(visit)
		}
		return true
	}
	for i := 0; b.Loop(); i++ {
		gjson.Parse(alias(lane[i%len(lane)])).ForEach(visit)
	}
	if total == 0 {
		b.Fatal("no values")
	}
}

// BenchmarkDecodeCorpus does the same on recorded events of the flat shape.
func BenchmarkDecodeCorpus(b *testing.B) {
	var lane [][]byte
	for i, record := range corpusLines(b, "sysmon-nxlog.jsonl.gz") {
		if i%10 == 0 && gjson.GetBytes(record, "EventID").Exists() {
			lane = append(lane, record)
		}
	}
	schema := NewSchema(benchNames())
	for _, reading := range []string{"fast", "gjson"} {
		b.Run(reading, func(b *testing.B) { benchDecode(b, NewDecoderWith(schema, readings[reading]), lane) })
	}
	b.Run("foreach", func(b *testing.B) { benchForEach(b, lane) })
}
