package event

// Events as the shapes of one shipper each lay them out. All of it is made up.

const vectorProcess = `{"timestamp":"2026-05-04T06:31:02.120456700Z","source_type":"windows_event_log","host":"ws-17.lab.example",
 "message":"Process Create:\r\nRuleName: -","event_id":1,"record_id":40112,"level":"Information","level_value":4,
 "channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon",
 "provider_guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","computer":"ws-17.lab.example","user_id":"S-1-5-18",
 "user_name":"NT AUTHORITY\\SYSTEM","process_id":2912,"thread_id":3340,"task":1,"task_name":"Process Create","opcode":0,
 "keywords":"0x8000000000000000","keyword_names":[],"version":5,` + objectProcess

const vectorCleared = `{"timestamp":"2026-05-04T07:00:00Z","event_id":104,"record_id":9,"channel":"System","host":"srv-2",
 "provider_name":"Microsoft-Windows-Eventlog","event_data":{},"user_data":{"Channel":"Application","SubjectUserName":"mara","SubjectDomainName":"LAB"}}`

const otelProcess = `{"event_id":{"id":1,"qualifiers":0},"provider":{"name":"Microsoft-Windows-Sysmon",
 "guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","event_source":""},"system_time":"2026-05-04T06:31:02.1204567Z",
 "computer":"ws-17.lab.example","channel":"Microsoft-Windows-Sysmon/Operational","record_id":40112,"level":"Information",
 "message":"Process Create:\r\nRuleName: -","task":"Process Create (rule: ProcessCreate)","opcode":"Info",
 "keywords":"0x8000000000000000","version":5,"security":{"user_id":"S-1-5-18"},"execution":{"process_id":2912,"thread_id":3340},` + objectProcess

const otelService = `{"event_id":{"id":7045,"qualifiers":16384},"provider":{"name":"Service Control Manager"},"system_time":"2026-05-04T06:40:00Z",
 "computer":"srv-2","channel":"System","record_id":77,"event_data":{"param1":"first","param2":"second","Threat Name":"none"}}`

const openWECProcess = `{"System":{"Provider":{"Name":"Microsoft-Windows-Sysmon","Guid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"},
 "EventID":1,"Version":5,"Level":4,"Task":1,"Opcode":0,"Keywords":"0x8000000000000000","TimeCreated":"2026-05-04T06:31:02.1204567Z",
 "EventRecordID":40112,"Correlation":{},"Execution":{"ProcessID":2912,"ThreadID":3340},"Channel":"Microsoft-Windows-Sysmon/Operational",
 "Computer":"ws-17.lab.example","UserID":"S-1-5-18"},"OpenWEC":{"IpAddress":"192.0.2.17","Subscription":{"Name":"sysmon"}},
 "EventData":` + objectData + `}`

const openWECLogon = `{"System":{"Provider":{"Name":"Microsoft-Windows-Security-Auditing"},"EventID":4625,"Version":0,"Channel":"Security",
 "Computer":"dc-1","EventRecordID":6},"EventData":{"SubjectUserName":"-","TargetUserName":"mara","Version":"the data's"}}`

const fluentBitProcess = `{"ProviderName":"Microsoft-Windows-Sysmon","ProviderGuid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","Qualifiers":"",
 "EventID":1,"Version":5,"Level":4,"Task":1,"Opcode":0,"Keywords":"0x8000000000000000","TimeCreated":"2026-05-04 08:31:02 +0200",
 "EventRecordID":40112,"ProcessID":2912,"ThreadID":3340,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"ws-17.lab.example",
 "UserID":"NT AUTHORITY\\SYSTEM","Message":"Process Create:\r\nRuleName: -","EventData":` + objectData + `}`

const fluentBitService = `{"ProviderName":"Service Control Manager","EventID":7045,"TimeCreated":"2026-05-04 08:40:00 +0200","EventRecordID":77,
 "Channel":"System","Computer":"srv-2","UserID":"NT AUTHORITY\\SYSTEM","EventData":{"ServiceName":"own","Channel":"the data's"}}`

const azureWindowsEventProcess = `{"TimeGenerated":"2026-05-04T06:31:02.120Z","Computer":"ws-17.lab.example",
 "Channel":"Microsoft-Windows-Sysmon/Operational","Provider":"Microsoft-Windows-Sysmon","EventID":1,"EventLevel":4,
 "EventLevelName":"Information","EventRecordId":"40112","Task":1,"Opcode":"0","Keywords":"0x8000000000000000","SystemUserId":"S-1-5-18",
 "Version":5,"Type":"WindowsEvent","EventData":` + objectData + `}`

const azureWindowsEventLogon = `{"TimeGenerated":"2026-05-04T06:40:00Z","Computer":"dc-1","Channel":"Security","EventID":"4625",
 "Provider":"Microsoft-Windows-Security-Auditing","EventData":{"TargetUserName":"mara","Keywords":null}}`

const rsyslogProcess = `{"win":{"Event":{"EventID":1,"Provider":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational",
 "Computer":"ws-17.lab.example","TimeStamp":"2026-05-04T08:31:02+02:00"},"EventData":` + objectData + `}}`

const rsyslogLogon = `{"win":{"Event":{"EventID":"4625","Provider":"Microsoft-Windows-Security-Auditing","Channel":"Security","Computer":"dc-1",
 "TimeStamp":"2026-05-04T08:40:00+02:00"},"EventData":{"TargetUserName":"mara","SubjectUserName":"own","SubjectDomainName":"LAB"}}}`

const graylogProcess = `{"timestamp":"2026-05-04T06:31:02.120Z","source":"ws-17.lab.example","message":"Process Create:…","winlogbeat_event_code":"1",
 "winlogbeat_winlog_channel":"Microsoft-Windows-Sysmon/Operational","winlogbeat_winlog_computer_name":"ws-17.lab.example",
 "winlogbeat_winlog_event_id":"1","winlogbeat_winlog_provider_name":"Microsoft-Windows-Sysmon","winlogbeat_winlog_record_id":40112,
 ` + graylogData + `}`

const graylogData = `"winlogbeat_winlog_event_data_RuleName":"-",
 "winlogbeat_winlog_event_data_UtcTime":"2026-05-04 06:31:02.118",
 "winlogbeat_winlog_event_data_ProcessId":"4711",
 "winlogbeat_winlog_event_data_Image":"C:\\Tools\\NetSupport\\client32.exe",
 "winlogbeat_winlog_event_data_Company":"NetSupport Ltd",
 "winlogbeat_winlog_event_data_CommandLine":"\"C:\\Tools\\NetSupport\\client32.exe\" /start",
 "winlogbeat_winlog_event_data_User":"LAB\\mara",
 "winlogbeat_winlog_event_data_Hashes":"MD5=0123456789ABCDEF0123456789ABCDEF,IMPHASH=FEDCBA9876543210FEDCBA9876543210",
 "winlogbeat_winlog_event_data_ParentImage":"C:\\Windows\\explorer.exe"`

const graylogService = `{"timestamp":"2026-05-04T06:40:00Z","source":"srv-2","winlogbeat_event_code":7045,"winlogbeat_winlog_channel":"System",
 "winlogbeat_winlog_provider_name":"Service Control Manager","winlogbeat_winlog_user_name":"own","winlogbeat_winlog_user_domain":"LAB",
 "winlogbeat_winlog_event_data_param1":"first","winlogbeat_winlog_event_data_Threat Name":"none","winlogbeat_winlog_event_data_Channel":"the data's"}`

// objectProcess is the end of a record with the data of the process creation.
const objectProcess = `"event_data":` + objectData + `}`

const objectData = `{"RuleName":"-","UtcTime":"2026-05-04 06:31:02.118","ProcessId":"4711","Image":"C:\\Tools\\NetSupport\\client32.exe",
 "Company":"NetSupport Ltd","CommandLine":"\"C:\\Tools\\NetSupport\\client32.exe\" /start","User":"LAB\\mara",
 "Hashes":"MD5=0123456789ABCDEF0123456789ABCDEF,IMPHASH=FEDCBA9876543210FEDCBA9876543210","ParentImage":"C:\\Windows\\explorer.exe"}`

// processes are the records of one and the same process creation, and other are those of other events.
var (
	processes = map[Shape]string{
		"vector": vectorProcess, "otel": otelProcess, "openwec": openWECProcess, "fluentbit": fluentBitProcess,
		"azure_windowsevent": azureWindowsEventProcess, "rsyslog": rsyslogProcess, "graylog": graylogProcess,
	}
	others = map[Shape]string{
		"vector": vectorCleared, "otel": otelService, "openwec": openWECLogon, "fluentbit": fluentBitService,
		"azure_windowsevent": azureWindowsEventLogon, "rsyslog": rsyslogLogon, "graylog": graylogService,
	}
)

func init() {
	for shape, record := range processes {
		fixtures[string(shape)+" process"] = record
	}
	for shape, record := range others {
		fixtures[string(shape)+" other"] = record
	}
}
