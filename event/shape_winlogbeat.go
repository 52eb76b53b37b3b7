package event

// shapeWinlogbeat is Winlogbeat 7 and 8, Elastic Agent, and Logstash behind them: everything of the event
// sits under winlog.
var shapeWinlogbeat = shape{
	name:     "winlogbeat",
	shippers: "Winlogbeat 7 and 8, Elastic Agent, Logstash behind them",
	signs:    [][]sign{{{"winlog", Object}}},
	data:     []string{"winlog.event_data", "winlog.user_data"},
	system: [numSlots][]string{
		slotChannel:       {"winlog.channel"},
		slotEventID:       {"winlog.event_id", "event.code"},
		slotProvider:      {"winlog.provider_name"},
		slotComputer:      {"winlog.computer_name", "host.name"},
		slotRecordID:      {"winlog.record_id"},
		slotTime:          {"@timestamp"},
		slotAccount:       {"winlog.user.name"},
		slotAccountDomain: {"winlog.user.domain"},
	},
	names: []namedPath{
		{"Channel", "winlog.channel"},
		{"Provider_Name", "winlog.provider_name"},
		{"Provider_Guid", "winlog.provider_guid"},
		{"Computer", "winlog.computer_name"},
		{"EventRecordID", "winlog.record_id"},
		{"Task", "winlog.task"},
		{"Opcode", "winlog.opcode"},
		{"Keywords", "winlog.keywords"},
		{"Version", "winlog.version"},
		{"Security_UserID", "winlog.user.identifier"},
		{"Message", "message"},
	},
}
