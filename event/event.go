package event

// Kind is the JSON type of a Value.
type Kind uint8

const (
	Missing Kind = iota // the event has no such field
	Null
	String
	Number
	Bool
	Array
	Object
)

// Value is where a field's value lies in the record. It is not decoded: a matcher that has met the
// same bytes before needs no decoding at all.
type Value struct {
	// Raw is the JSON text; for a String the bytes between the quotes, still escaped. It aliases the
	// record and has the record's lifetime.
	Raw     []byte
	Kind    Kind
	Escaped bool // a String whose Raw holds at least one backslash escape
}

// Field is a field's number in a Schema.
type Field uint16

// Shape names a layout of events, as in alerts and metrics: "nxlog", "winlogbeat", "winlogbeat6", "evtx_dump".
type Shape string

// TimeSource says which clock an event's time was read from.
type TimeSource string

const (
	TimeUTC     TimeSource = "UtcTime" // Sysmon's own
	TimeShipper TimeSource = "shipper" // the shipper's: @timestamp, SystemTime …
	TimeRecord  TimeSource = "record"  // the Kafka record's timestamp
)
