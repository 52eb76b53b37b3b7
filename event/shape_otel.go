package event

// shapeOTel is the body of a log record as OpenTelemetry Collector's windowseventlog receiver makes it,
// with its event_data as a map.
var shapeOTel = shape{
	name:     "otel",
	shippers: "OpenTelemetry Collector windowseventlog, body as JSON, event_data as a map",
	signs:    [][]sign{{{"event_id", Object}, {"provider", Object}}},
	data:     []string{"event_data", "user_data"},
	system: [numSlots][]string{
		slotChannel:  {"channel"},
		slotEventID:  {"event_id.id"},
		slotProvider: {"provider.name"},
		slotComputer: {"computer"},
		slotRecordID: {"record_id"},
		slotTime:     {"system_time"},
	},
	names: []namedPath{
		{"Channel", "channel"},
		{"Provider_Name", "provider.name"},
		{"Provider_Guid", "provider.guid"},
		{"Computer", "computer"},
		{"EventRecordID", "record_id"},
		{"Task", "task"},
		{"Opcode", "opcode"},
		{"Keywords", "keywords"},
		{"Version", "version"},
		{"Execution_ProcessID", "execution.process_id"},
		{"Execution_ThreadID", "execution.thread_id"},
		{"Security_UserID", "security.user_id"},
		{"Message", "message"},
	},
}
