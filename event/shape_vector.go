package event

// shapeVector is Vector's windows_event_log source.
var shapeVector = shape{
	name:     "vector",
	shippers: "Vector windows_event_log",
	signs: [][]sign{
		{{"provider_name", String}, {"event_data", Object}},
		{{"provider_name", String}, {"user_data", Object}},
	},
	data: []string{"event_data", "user_data"},
	system: [numSlots][]string{
		slotChannel:  {"channel"},
		slotEventID:  {"event_id"},
		slotProvider: {"provider_name"},
		slotComputer: {"computer", "host"},
		slotRecordID: {"record_id"},
		slotTime:     {"timestamp"},
		slotAccount:  {"user_name"},
	},
	names: []namedPath{
		{"Channel", "channel"},
		{"Provider_Name", "provider_name"},
		{"Provider_Guid", "provider_guid"},
		{"Computer", "computer"},
		{"EventRecordID", "record_id"},
		{"Task", "task"},
		{"Opcode", "opcode"},
		{"Keywords", "keywords"},
		{"Version", "version"},
		{"Level", "level_value"},
		{"Execution_ProcessID", "process_id"},
		{"Execution_ThreadID", "thread_id"},
		{"Security_UserID", "user_id"},
		{"Message", "message"},
	},
}
