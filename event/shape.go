package event

import "strings"

// shape is one layout of events, as data: how a record of it is recognized, where the event's own
// values lie, which objects hold its fields, and which other values rules may read under which name.
// A file per layout fills one in; joined with a Schema it becomes a program. Paths are keys joined by
// dots; no key of a known layout holds a dot.
type shape struct {
	name     Shape
	shippers string // who writes it, for docs/event-shapes.md
	// signs lists alternatives; a record is of this shape when all signs of one are there.
	signs [][]sign
	// system says where the event's own values lie: of several paths the first that is present counts.
	system [numSlots][]string
	// data lists the objects whose members are the event's fields, "" for the record itself. Of two
	// with a member of one name the later wins. A last "*" stands for any element of XML.
	data []string
	// prefix is what the names of fields have before them in the data objects; members without it are none.
	prefix string
	// names are other values that rules know by a name; a data field of that name wins.
	names []namedPath
	// elements is the object whose members are fields too, unless a data field has the name: the
	// elements of XML's System, and their attributes as Element_Attribute.
	elements string
	// xml is set where objects are XML elements: attributes and the element's text are members.
	xml bool
	// nxlog is set where NXLog's own values have to be put right.
	nxlog bool
}

// sign is a value that must be there.
type sign struct {
	path string
	kind Kind // Missing: of any kind
}

type namedPath struct{ name, path string }

// slot is one of the values that an Event gives by itself.
type slot uint8

const (
	slotChannel slot = iota
	slotEventID
	slotEventType
	slotProvider
	slotComputer
	slotRecordID
	slotUtcTime
	slotTime // the shipper's
	slotUser // the user the event is about
	slotSubject
	slotSubjectDomain
	slotAccount // the account that the event was logged under
	slotAccountDomain
	slotHashes
	numSlots
)

// dataSlots are read from the data fields in every shape.
var dataSlots = [numSlots]string{
	slotEventType: "EventType", slotUtcTime: "UtcTime", slotHashes: "Hashes", slotUser: "User",
	slotSubject: "SubjectUserName", slotSubjectDomain: "SubjectDomainName",
}

// shapes in the order of the detector: the first that recognizes a record wins.
var shapes = [...]*shape{
	&shapeEvtxDump, &shapeOpenWEC, &shapeWinlogbeat, &shapeOTel, &shapeVector, &shapeWinlogbeat6,
	&shapeFluentBit, &shapeAzureWindowsEvent, &shapeRsyslog, &shapeGraylog, &shapeNXLog,
}

// firstGuess is the shape that a Decoder tries before it has seen a record: the flat one.
const firstGuess = len(shapes) - 1

// keys splits a path; "" has none.
func keys(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}
