package event

// shapeRsyslog is what rsyslog's mmsnareparse makes of Snare's text.
var shapeRsyslog = shape{
	name:     "rsyslog",
	shippers: "rsyslog mmsnareparse",
	signs:    [][]sign{{{"win.Event", Object}}},
	data:     []string{"win.EventData"},
	system: [numSlots][]string{
		slotChannel:  {"win.Event.Channel"},
		slotEventID:  {"win.Event.EventID"},
		slotProvider: {"win.Event.Provider"},
		slotComputer: {"win.Event.Computer"},
		slotTime:     {"win.Event.TimeStamp"},
	},
	names: []namedPath{
		{"Channel", "win.Event.Channel"},
		{"Provider_Name", "win.Event.Provider"},
		{"Computer", "win.Event.Computer"},
	},
}
