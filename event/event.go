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
	// record, or the Decoder's scratch where a shape has to put a value together, and has their lifetime.
	Raw     []byte
	Kind    Kind
	Escaped bool // a String whose Raw holds at least one backslash escape
}

// Field is a field's number in a Schema.
type Field uint16

// Shape names a layout of events, as in alerts and metrics: "nxlog", "winlogbeat" … docs/event-shapes.md
// has all of them.
type Shape string

// TimeSource says which clock an event's time was read from.
type TimeSource string

const (
	TimeUTC     TimeSource = "UtcTime" // Sysmon's own
	TimeShipper TimeSource = "shipper" // the shipper's: @timestamp, SystemTime …
	TimeRecord  TimeSource = "record"  // the Kafka record's timestamp
)

// Leaf is one scalar of the event, for keywords: tested on each value, never on names.
type Leaf struct {
	Field string // name of the field it lies in, as rules would write it
	Value Value  // a String, Number or Bool
}

// Event is one event in the normal form that rules see (sigma-specification, "Log Sources"; DESIGN.md,
// "From bytes to hits"). It belongs to its Decoder and is valid until the Decoder's next Decode or Event.
//
// What the gate needs is there at once; everything that only alerts need is a method, computed when asked.
type Event struct {
	Shape   Shape
	Channel string // the System's, whatever a data field of that name says
	EventID uint32
	// EventType is the data field by which Sysmon's event 12 is told apart; empty when the event has no
	// usable one (NXLog's severity words are none).
	EventType string
	// Values holds the fields of the Schema, by number.
	Values []Value
	// Plain is set when every text that AppendLeaves gives lies in Raw as it stands, or with escapes of two
	// characters only: no \u, and nothing that was rewritten but numbers (as NXLog's Keywords are). Whoever
	// looks for a text in all of the event can then look at Raw first. False says nothing.
	Plain bool
	// Raw is the event's JSON: the record, or the element of a record that holds several.
	Raw []byte

	decoder   *Decoder
	timestamp int64 // of the Kafka record, in milliseconds since the epoch; negative when it has none
}
