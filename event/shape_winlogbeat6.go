package event

// shapeWinlogbeat6 is Winlogbeat 5 and 6: the values of later versions at the top level, with the channel
// under log_name, the provider under source_name and the record id under record_number.
var shapeWinlogbeat6 = shape{
	name:     "winlogbeat6",
	shippers: "Winlogbeat 5 and 6",
	signs: [][]sign{
		{{"event_data", Object}},
		{{"user_data", Object}},
		{{"log_name", Missing}, {"event_id", Missing}},
	},
	data: []string{"event_data", "user_data"},
	system: [numSlots][]string{
		slotChannel:       {"log_name"},
		slotEventID:       {"event_id"},
		slotProvider:      {"source_name"},
		slotComputer:      {"computer_name"},
		slotRecordID:      {"record_number"},
		slotTime:          {"@timestamp"},
		slotAccount:       {"user.name"},
		slotAccountDomain: {"user.domain"},
	},
	names: []namedPath{
		{"Channel", "log_name"},
		{"Provider_Name", "source_name"},
		{"Provider_Guid", "provider_guid"},
		{"Computer", "computer_name"},
		{"EventRecordID", "record_number"},
		{"Task", "task"},
		{"Opcode", "opcode"},
		{"Keywords", "keywords"},
		{"Version", "version"},
		{"Security_UserID", "user.identifier"},
		{"Message", "message"},
	},
}
