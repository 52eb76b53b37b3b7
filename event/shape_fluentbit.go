package event

// shapeFluentBit is Fluent Bit's winevtlog input where it writes EventData as a map.
var shapeFluentBit = shape{
	name:     "fluentbit",
	shippers: "Fluent Bit winevtlog with Event_Data_As_Map",
	signs:    [][]sign{{{"ProviderName", String}, {"EventData", Object}}},
	data:     []string{"EventData"},
	system: [numSlots][]string{
		slotChannel:  {"Channel"},
		slotEventID:  {"EventID"},
		slotProvider: {"ProviderName"},
		slotComputer: {"Computer"},
		slotRecordID: {"EventRecordID"},
		slotTime:     {"TimeCreated"},
		slotAccount:  {"UserID"},
	},
	names: []namedPath{
		{"Channel", "Channel"},
		{"Provider_Name", "ProviderName"},
		{"Provider_Guid", "ProviderGuid"},
		{"Computer", "Computer"},
		{"EventRecordID", "EventRecordID"},
		{"Task", "Task"},
		{"Opcode", "Opcode"},
		{"Keywords", "Keywords"},
		{"Version", "Version"},
		{"Level", "Level"},
		{"Execution_ProcessID", "ProcessID"},
		{"Execution_ThreadID", "ThreadID"},
		{"TimeCreated_SystemTime", "TimeCreated"},
		{"Security_UserID", "UserID"},
		{"Message", "Message"},
	},
}
