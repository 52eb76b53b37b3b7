package event

// shapeEvtxDump is the JSON of evtx_dump (omerbenamram/evtx): the event's XML element by element, with
// an element's attributes under #attributes and its text beside them under #text, or, with
// --separate-json-attributes, the attributes under Element_attributes beside the element.
var shapeEvtxDump = shape{
	name:     "evtx_dump",
	shippers: "evtx_dump, with attributes inside or beside",
	signs:    [][]sign{{{"Event.System", Object}}},
	data:     []string{"Event.EventData", "Event.UserData.*"},
	elements: "Event.System",
	xml:      true,
	system: [numSlots][]string{
		slotChannel:  {"Event.System.Channel"},
		slotEventID:  {"Event.System.EventID"},
		slotProvider: {"Event.System.Provider.#attributes.Name", "Event.System.Provider_attributes.Name"},
		slotComputer: {"Event.System.Computer"},
		slotRecordID: {"Event.System.EventRecordID"},
		slotTime: {
			"Event.System.TimeCreated.#attributes.SystemTime",
			"Event.System.TimeCreated_attributes.SystemTime",
		},
	},
}

// Members of an XML element that are no elements.
const (
	xmlText             = "#text"
	xmlAttributes       = "#attributes"
	xmlAttributesSuffix = "_attributes"
)
