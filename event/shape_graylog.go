package event

// shapeGraylog is Winlogbeat's event as Graylog's Beats input flattens it: every path with underscores,
// behind the name of the beat.
var shapeGraylog = shape{
	name:     "graylog",
	shippers: "Graylog, Beats input with Winlogbeat 7 and 8",
	signs:    [][]sign{{{"winlogbeat_winlog_channel", String}}},
	data:     []string{""},
	prefix:   "winlogbeat_winlog_event_data_",
	system: [numSlots][]string{
		slotChannel:       {"winlogbeat_winlog_channel"},
		slotEventID:       {"winlogbeat_winlog_event_id", "winlogbeat_event_code"},
		slotProvider:      {"winlogbeat_winlog_provider_name"},
		slotComputer:      {"winlogbeat_winlog_computer_name", "source"},
		slotRecordID:      {"winlogbeat_winlog_record_id"},
		slotTime:          {"timestamp"},
		slotAccount:       {"winlogbeat_winlog_user_name"},
		slotAccountDomain: {"winlogbeat_winlog_user_domain"},
	},
	names: []namedPath{
		{"Channel", "winlogbeat_winlog_channel"},
		{"Provider_Name", "winlogbeat_winlog_provider_name"},
		{"Provider_Guid", "winlogbeat_winlog_provider_guid"},
		{"Computer", "winlogbeat_winlog_computer_name"},
		{"EventRecordID", "winlogbeat_winlog_record_id"},
		{"Task", "winlogbeat_winlog_task"},
		{"Opcode", "winlogbeat_winlog_opcode"},
		{"Keywords", "winlogbeat_winlog_keywords"},
		{"Version", "winlogbeat_winlog_version"},
		{"Security_UserID", "winlogbeat_winlog_user_identifier"},
		{"Message", "message"},
	},
}
