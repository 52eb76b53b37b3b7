package event

import (
	"bytes"
	"strconv"
)

// shapeNXLog is the flat layout of NXLog's im_msvistalog with to_json, of OTRF's recordings, and of
// whatever else puts an event's values at the top level: every key is a field.
var shapeNXLog = shape{
	name:     "nxlog",
	shippers: "NXLog im_msvistalog, OTRF recordings, whatever is flat",
	signs:    [][]sign{{{"EventID", Missing}}, {{"Channel", String}}},
	data:     []string{""},
	nxlog:    true,
	system: [numSlots][]string{
		slotChannel:       {"Channel"},
		slotEventID:       {"EventID"},
		slotProvider:      {"Provider_Name", "SourceName"},
		slotComputer:      {"Computer", "Hostname"},
		slotRecordID:      {"EventRecordID", "RecordNumber"},
		slotTime:          {"@timestamp", "TimeCreated"}, // EventTime is local time without a zone
		slotAccount:       {"AccountName"},
		slotAccountDomain: {"Domain"},
	},
	names: []namedPath{
		{"Provider_Name", "SourceName"},
		{"Computer", "Hostname"},
	},
}

// isSeverityWord reports whether an EventType is NXLog's severity, which the field of that name in the
// event had to give way to: such a value is dropped.
func isSeverityWord(text string) bool {
	switch text {
	case "INFO", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "DEBUG", "AUDIT_SUCCESS", "AUDIT_FAILURE":
		return true
	}
	return false
}

// appendKeywords writes NXLog's Keywords, a signed integer, as Windows and every rule write them:
// unsigned and hexadecimal, 0x8010000000000000. False for a number that 64 bits do not hold.
func appendKeywords(dst, number []byte) ([]byte, bool) {
	digits, negative := bytes.CutPrefix(number, []byte{'-'})
	bits, err := strconv.ParseUint(alias(digits), 10, 64)
	if err != nil || negative && bits > 1<<63 {
		return dst, false
	}
	if negative {
		bits = -bits
	}
	return strconv.AppendUint(append(dst, "0x"...), bits, 16), true
}
