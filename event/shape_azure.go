package event

// shapeAzureWindowsEvent is a row of the table WindowsEvent of Azure Monitor, as it is exported.
var shapeAzureWindowsEvent = shape{
	name:     "azure_windowsevent",
	shippers: "Azure Monitor, table WindowsEvent",
	signs:    [][]sign{{{"Provider", String}, {"EventData", Object}}},
	data:     []string{"EventData"},
	system: [numSlots][]string{
		slotChannel:  {"Channel"},
		slotEventID:  {"EventID"},
		slotProvider: {"Provider"},
		slotComputer: {"Computer"},
		slotRecordID: {"EventRecordId"},
		slotTime:     {"TimeGenerated"},
	},
	names: []namedPath{
		{"Channel", "Channel"},
		{"Provider_Name", "Provider"},
		{"Computer", "Computer"},
		{"EventRecordID", "EventRecordId"},
		{"Task", "Task"},
		{"Opcode", "Opcode"},
		{"Keywords", "Keywords"},
		{"Version", "Version"},
		{"Level", "EventLevel"},
		{"Security_UserID", "SystemUserId"},
	},
}
