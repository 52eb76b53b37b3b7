package event

// One event as each shape lays it out, and the awkward ones. All of it is made up.

const nxlogProcess = `{
 "EventTime":"2026-05-04 08:31:02","Hostname":"ws-17.lab.example","Keywords":-9223372036854775808,"EventType":"INFO",
 "SeverityValue":2,"Severity":"INFO","EventID":1,"SourceName":"Microsoft-Windows-Sysmon","Version":5,"Task":1,
 "RecordNumber":40112,"ExecutionProcessID":2912,"ThreadID":3340,"Channel":"Microsoft-Windows-Sysmon/Operational",
 "Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User",
 "Message":"Process Create:\r\nUtcTime: 2026-05-04 06:31:02.118\r\nImage: C:\\Tools\\NetSupport\\client32.exe",
 "Opcode":"Info","RuleName":"-","UtcTime":"2026-05-04 06:31:02.118","ProcessGuid":"{aa11bb22-0001-0002-0304-000000000500}",
 "ProcessId":"4711","Image":"C:\\Tools\\NetSupport\\client32.exe","Description":"NetSupport Client","Product":"NetSupport Remote Control",
 "Company":"NetSupport Ltd","CommandLine":"\"C:\\Tools\\NetSupport\\client32.exe\" /start \u00e9\ud83d\ude00","User":"LAB\\mara",
 "Hashes":"SHA1=00AA11BB22CC33DD44EE55FF6677889900AABBCC,MD5=0123456789ABCDEF0123456789ABCDEF,SHA256=00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF,IMPHASH=FEDCBA9876543210FEDCBA9876543210",
 "ParentImage":"C:\\Windows\\explorer.exe","ParentUser":"LAB\\mara","tags":["edge","eu-1"],"EventReceivedTime":"2026-05-04 08:31:03"}`

const winlogbeatProcess = `{
 "@timestamp":"2026-05-04T06:31:02.120Z","@metadata":{"beat":"winlogbeat","version":"8.17.0"},
 "event":{"code":"1","kind":"event","provider":"Microsoft-Windows-Sysmon"},"host":{"name":"ws-17.lab.example"},
 "message":"Process Create:\nImage: C:\\Tools\\NetSupport\\client32.exe",
 "winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"ws-17.lab.example","event_id":"1",
  "provider_name":"Microsoft-Windows-Sysmon","provider_guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","record_id":40112,
  "opcode":"Info","task":"Process Create (rule: ProcessCreate)","version":5,"keywords":["Classic","Other"],
  "process":{"pid":2912,"thread":{"id":3340}},
  "user":{"identifier":"S-1-5-18","domain":"NT AUTHORITY","name":"SYSTEM","type":"Well Known Group"},
  "event_data":{"RuleName":"-","UtcTime":"2026-05-04 06:31:02.118","ProcessId":"4711","Image":"C:\\Tools\\NetSupport\\client32.exe",
   "Description":"NetSupport Client","Company":"NetSupport Ltd","CommandLine":"\"C:\\Tools\\NetSupport\\client32.exe\" /start",
   "User":"LAB\\mara","Hashes":"MD5=0123456789ABCDEF0123456789ABCDEF,IMPHASH=FEDCBA9876543210FEDCBA9876543210",
   "ParentImage":"C:\\Windows\\explorer.exe"}},
 "agent":{"type":"winlogbeat"}}`

const winlogbeatService = `{"@timestamp":"2026-05-04T06:40:00Z","winlog":{"channel":"System","event_id":7045,"computer_name":"srv-2",
 "provider_name":"Service Control Manager","record_id":"77",
 "event_data":{"param2":"second \"quoted\"","param1":"first","param10":"tenth","Task":"the data's","Threat Name":"Trojan:Win32/Own.A"}}}`

const winlogbeat6Process = `{"@timestamp":"2026-05-04T06:31:02.120Z","beat":{"name":"ws-17","version":"6.8.0"},"computer_name":"ws-17.lab.example",
 "event_id":1,"log_name":"Microsoft-Windows-Sysmon/Operational","source_name":"Microsoft-Windows-Sysmon",
 "provider_guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","record_number":"40112","opcode":"Info","process_id":2912,"version":5,
 "user":{"domain":"NT AUTHORITY","identifier":"S-1-5-18","name":"SYSTEM","type":"Well Known Group"},
 "event_data":{"RuleName":"-","UtcTime":"2026-05-04 06:31:02.118","ProcessId":"4711","Image":"C:\\Tools\\NetSupport\\client32.exe",
  "Company":"NetSupport Ltd","User":"LAB\\mara"},"message":"Process Create:\r\nRuleName: -"}`

const winlogbeat6Cleared = `{"@timestamp":"2026-05-04T07:00:00Z","computer_name":"srv-2","event_id":104,"log_name":"System",
 "source_name":"Microsoft-Windows-Eventlog","record_number":"9","user_data":{"xml_name":"LogFileCleared","Channel":"Application",
 "SubjectUserName":"mara","SubjectDomainName":"LAB","BackupPath":""}}`

const evtxProcess = `{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},
 "System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon","Guid":"5770385F-C22A-43E0-BF4C-06F5698FFBD9"}},
  "EventID":1,"Version":5,"Level":4,"Task":1,"Opcode":0,"Keywords":"0x8000000000000000",
  "TimeCreated":{"#attributes":{"SystemTime":"2026-05-04T06:31:02.120456Z"}},"EventRecordID":40112,"Correlation":null,
  "Execution":{"#attributes":{"ProcessID":2912,"ThreadID":3340}},"Channel":"Microsoft-Windows-Sysmon/Operational",
  "Computer":"ws-17.lab.example","Security":{"#attributes":{"UserID":"S-1-5-18"}}},
 "EventData":{"RuleName":"-","UtcTime":"2026-05-04 06:31:02.118","ProcessId":4711,"Image":"C:\\Tools\\NetSupport\\client32.exe",
  "Company":"NetSupport Ltd","TerminalSessionId":1,"User":"LAB\\mara"}}}`

const evtxService = `{"Event":{"System":{"Provider":{"#attributes":{"Name":"MsiInstaller"}},
  "EventID":{"#attributes":{"Qualifiers":16384},"#text":1033},"Level":4,
  "TimeCreated":{"#attributes":{"SystemTime":"2026-05-04T06:50:00Z"}},"EventRecordID":12,
  "Channel":"Application","Computer":"srv-2","Security":{"#attributes":{"UserID":"S-1-5-18"}}},
 "EventData":{"Data":{"#text":["Own Product","1.0.0","(NULL)"]},"Binary":"7B00"}}}`

const evtxCleared = `{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Eventlog"}},"EventID":104,
  "Execution_attributes":{"ProcessID":900},"Channel":"System","Computer":"srv-2"},
 "UserData":{"LogFileCleared":{"#attributes":{"xmlns":"http://manifests.microsoft.com/win/2004/08/windows/eventlog"},
  "SubjectUserName":"mara","SubjectDomainName":"LAB","Channel":"Application","BackupPath":null}}}}`

const flatAuthentication = `{"EventID":"4625","Channel":"Security","Hostname":"dc-1","Keywords":4503599627370496,"EventType":"AUDIT_FAILURE",
 "Threat Name":"none","Provider_Name":"Microsoft-Windows-Security-Auditing","SourceName":"other","TargetUserName":"mara","Port":0,"Big":18446744073709551615,
 "Ratio":0.10,"Flag":true,"Nothing":null,"Empty":"","List":["a",["b",3],{"c":"d","e":null}],"Object":{"a":{"b":"deep"},"a.b":"exact","list":[{"k":"x"},{"k":["y"]},5]},
 "dotted.key":"whole","dotted":{"key":"walked","other":"o"}}`

// fixtures by name; each is recognized and has an event id.
var fixtures = map[string]string{
	"nxlog process": nxlogProcess, "nxlog authentication": flatAuthentication,
	"winlogbeat process": winlogbeatProcess, "winlogbeat service": winlogbeatService,
	"winlogbeat6 process": winlogbeat6Process, "winlogbeat6 cleared": winlogbeat6Cleared,
	"evtx process": evtxProcess, "evtx service": evtxService, "evtx cleared": evtxCleared,
}
