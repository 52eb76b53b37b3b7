package event

import "strings"

// naiveLayout is a layout as docs/event-shapes.md words it: where the event's own values and its data lie,
// by keys with blanks between them.
type naiveLayout struct {
	shape             Shape
	id, channel, data string
	names             string // Name=path, one a line
	prefix            string // of the fields' names
}

var naiveLayouts = map[Shape]naiveLayout{
	"vector": {"vector", "event_id", "channel", "event_data, user_data", `Channel=channel
Provider_Name=provider_name
Provider_Guid=provider_guid
Computer=computer
EventRecordID=record_id
Task=task
Opcode=opcode
Keywords=keywords
Version=version
Level=level_value
Execution_ProcessID=process_id
Execution_ThreadID=thread_id
Security_UserID=user_id
Message=message`, ""},
	"otel": {"otel", "event_id id", "channel", "event_data, user_data", `Channel=channel
Provider_Name=provider name
Provider_Guid=provider guid
Computer=computer
EventRecordID=record_id
Task=task
Opcode=opcode
Keywords=keywords
Version=version
Execution_ProcessID=execution process_id
Execution_ThreadID=execution thread_id
Security_UserID=security user_id
Message=message`, ""},
	"openwec": {"openwec", "System EventID", "System Channel", "EventData", `Channel=System Channel
Provider_Name=System Provider Name
Provider_Guid=System Provider Guid
Computer=System Computer
EventRecordID=System EventRecordID
Task=System Task
Opcode=System Opcode
Keywords=System Keywords
Version=System Version
Level=System Level
Execution_ProcessID=System Execution ProcessID
Execution_ThreadID=System Execution ThreadID
TimeCreated_SystemTime=System TimeCreated
Security_UserID=System UserID`, ""},
	"fluentbit": {"fluentbit", "EventID", "Channel", "EventData", `Channel=Channel
Provider_Name=ProviderName
Provider_Guid=ProviderGuid
Computer=Computer
EventRecordID=EventRecordID
Task=Task
Opcode=Opcode
Keywords=Keywords
Version=Version
Level=Level
Execution_ProcessID=ProcessID
Execution_ThreadID=ThreadID
TimeCreated_SystemTime=TimeCreated
Security_UserID=UserID
Message=Message`, ""},
	"azure_windowsevent": {"azure_windowsevent", "EventID", "Channel", "EventData", `Channel=Channel
Provider_Name=Provider
Computer=Computer
EventRecordID=EventRecordId
Task=Task
Opcode=Opcode
Keywords=Keywords
Version=Version
Level=EventLevel
Security_UserID=SystemUserId`, ""},
	"rsyslog": {"rsyslog", "win Event EventID", "win Event Channel", "win EventData", `Channel=win Event Channel
Provider_Name=win Event Provider
Computer=win Event Computer`, ""},
	"graylog": {"graylog", "winlogbeat_winlog_event_id", "winlogbeat_winlog_channel", "", `Channel=winlogbeat_winlog_channel
Provider_Name=winlogbeat_winlog_provider_name
Provider_Guid=winlogbeat_winlog_provider_guid
Computer=winlogbeat_winlog_computer_name
EventRecordID=winlogbeat_winlog_record_id
Task=winlogbeat_winlog_task
Opcode=winlogbeat_winlog_opcode
Keywords=winlogbeat_winlog_keywords
Version=winlogbeat_winlog_version
Security_UserID=winlogbeat_winlog_user_identifier
Message=message`, "winlogbeat_winlog_event_data_"},
}

// naiveShape says which of the layouts of one shipper a record has, if any.
func naiveShape(top map[string]any) Shape {
	eventData := isObject(top["EventData"])
	switch {
	case isObject(top["System"]):
		return "openwec"
	case isObject(top["winlog"]):
		return ""
	case isObject(top["event_id"]) && isObject(top["provider"]):
		return "otel"
	case isString(top["provider_name"]) && (isObject(top["event_data"]) || isObject(top["user_data"])):
		return "vector"
	case isObject(top["event_data"]), isObject(top["user_data"]), has(top, "log_name") && has(top, "event_id"):
		return ""
	case isString(top["ProviderName"]) && eventData:
		return "fluentbit"
	case isString(top["Provider"]) && eventData:
		return "azure_windowsevent"
	case isObject(get(top, "win", "Event")):
		return "rsyslog"
	case isString(top["winlogbeat_winlog_channel"]):
		return "graylog"
	}
	return ""
}

func (n *naive) layout(top map[string]any, l naiveLayout) (id any) {
	n.shape = l.shape
	for line := range strings.Lines(l.names) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), "=")
		keys := strings.Fields(path)
		parent := get(top, keys[:len(keys)-1]...)
		if m, ok := parent.(map[string]any); ok && has(m, keys[len(keys)-1]) {
			n.fields[name] = m[keys[len(keys)-1]]
		}
	}
	id = get(top, strings.Fields(l.id)...)
	if id == nil && l.shape == "graylog" {
		id = top["winlogbeat_event_code"]
	}
	n.setID(id)
	for object := range strings.SplitSeq(l.data, ",") {
		if m, ok := get(top, strings.Fields(object)...).(map[string]any); ok {
			for name, v := range m {
				if name, ok := strings.CutPrefix(strings.ReplaceAll(name, " ", ""), l.prefix); ok {
					n.data(name, v)
				}
			}
		}
	}
	n.channel = str(get(top, strings.Fields(l.channel)...))
	return id
}
