package event

// shapeOpenWEC is the JSON of OpenWEC, a collector of Windows Event Forwarding: the event's XML element
// by element, attributes as members.
var shapeOpenWEC = shape{
	name:     "openwec",
	shippers: "OpenWEC, format Json",
	signs:    [][]sign{{{"System", Object}}},
	data:     []string{"EventData"},
	system: [numSlots][]string{
		slotChannel:  {"System.Channel"},
		slotEventID:  {"System.EventID"},
		slotProvider: {"System.Provider.Name"},
		slotComputer: {"System.Computer"},
		slotRecordID: {"System.EventRecordID"},
		slotTime:     {"System.TimeCreated"},
	},
	names: []namedPath{
		{"Channel", "System.Channel"},
		{"Provider_Name", "System.Provider.Name"},
		{"Provider_Guid", "System.Provider.Guid"},
		{"Computer", "System.Computer"},
		{"EventRecordID", "System.EventRecordID"},
		{"Task", "System.Task"},
		{"Opcode", "System.Opcode"},
		{"Keywords", "System.Keywords"},
		{"Version", "System.Version"},
		{"Level", "System.Level"},
		{"Execution_ProcessID", "System.Execution.ProcessID"},
		{"Execution_ThreadID", "System.Execution.ThreadID"},
		{"TimeCreated_SystemTime", "System.TimeCreated"},
		{"Security_UserID", "System.UserID"},
	},
}
