package event

import (
	"bytes"
	"math"
	"slices"
)

// resolve makes the event of the cells that a pass has filled: the normal form that rules see.
func (d *Decoder) resolve() *Error {
	e := &d.event
	e.Shape = d.p.shape.name
	e.Values = d.cells[:d.schema.Len():d.schema.Len()]
	d.mergeData()
	e.Channel = d.textOf(d.first(slotChannel))
	if eventType := d.first(slotEventType); eventType.Kind == String {
		e.EventType = d.textOf(eventType)
	}
	if err := d.readEventID(); err != nil {
		return err
	}
	d.fillAliases()
	if d.p.shape.nxlog {
		d.amendNXLog()
	}
	if d.p.list >= 0 && d.cells[d.p.list].Kind == Missing {
		d.listParams()
	}
	if len(d.p.hashes) > 0 {
		d.deriveHashes()
	}
	for i := range d.p.dotted {
		d.walkDotted(&d.p.dotted[i])
	}
	return nil
}

// mergeData moves the fields of later data objects over those of the first, and opens XML elements.
func (d *Decoder) mergeData() {
	for _, later := range d.p.later {
		if d.cells[later.object].Kind != Object {
			continue
		}
		for f := range int32(d.p.fields) {
			if v := d.cells[later.first+f]; v.Kind != Missing {
				d.set(f, v)
			}
		}
	}
	if !d.p.shape.xml {
		return
	}
	for _, c := range d.touched {
		if int(c) < d.p.fields {
			d.cells[c] = d.text(d.cells[c])
		}
	}
}

// text gives the text of an XML element that has attributes beside it, and any other value as it is.
func (d *Decoder) text(v Value) Value {
	if v.Kind != Object || !d.p.shape.xml {
		return v
	}
	if inner, ok := member(v.Raw, xmlText); ok {
		return inner
	}
	return v
}

// readEventID reads the System's event id, whatever the shipper made of it: a number, digits in a string,
// or an XML element.
func (d *Decoder) readEventID() *Error {
	v := d.first(slotEventID)
	if v.Kind == Object {
		v, _ = member(v.Raw, xmlText)
	}
	switch v.Kind {
	case Missing:
		return errNoEventID
	case String, Number:
		if id, digits, ok := parseEventID(d.unescaped(v).Raw); ok {
			d.event.EventID = id
			d.id = Value{Raw: digits, Kind: Number}
			return nil
		}
	}
	return errBadEventID
}

// parseEventID reads digits; a fraction of zeros is let pass, as pipelines that know only floating point
// write one.
func parseEventID(raw []byte) (id uint32, digits []byte, ok bool) {
	digits = raw
	if whole, fraction, found := bytes.Cut(raw, []byte{'.'}); found {
		if len(fraction) == 0 || len(bytes.Trim(fraction, "0")) > 0 {
			return 0, nil, false
		}
		digits = whole
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	n := uint64(0)
	for _, c := range digits {
		if c < '0' || c > '9' || n > math.MaxUint32 {
			return 0, nil, false
		}
		n = n*10 + uint64(c-'0')
	}
	return uint32(n), digits, len(digits) > 0 && n <= math.MaxUint32
}

// fillAliases gives the fields that the data does not have the System's values. Where the two are one
// object, the event id replaces what the record says.
func (d *Decoder) fillAliases() {
	if f := d.p.eventID; f >= 0 && (d.cells[f].Kind == Missing || d.p.shape.nxlog) {
		d.set(f, d.id)
	}
	for i := range d.p.aliases {
		d.fillAlias(&d.p.aliases[i])
	}
	if !d.p.shape.xml {
		return
	}
	// Of the elements and attributes that rules could read, few are there.
	d.present = d.present[:0]
	for _, c := range d.touched {
		if i := d.p.elementOf[c]; i >= 0 {
			d.present = append(d.present, i)
		}
	}
	slices.Sort(d.present) // the preferred place of a field first
	for _, i := range d.present {
		d.fillAlias(&d.p.elements[i])
	}
}

func (d *Decoder) fillAlias(a *namedCell) {
	if d.cells[a.field].Kind != Missing {
		return
	}
	v := d.text(d.cells[a.cell])
	if v.Kind == Missing || v.Kind == Object && d.p.shape.xml {
		return // an element without a text, attributes only, is no value
	}
	d.set(a.field, v)
}

// amendNXLog puts NXLog's own values right: see isSeverityWord and appendKeywords.
func (d *Decoder) amendNXLog() {
	if isSeverityWord(d.event.EventType) {
		d.event.EventType, d.severity = "", true
		if f := d.p.eventType; f >= 0 {
			d.cells[f] = Value{}
		}
	}
	if f := d.p.keywords; f >= 0 {
		d.cells[f] = d.keywords(d.cells[f])
	}
}

// keywords gives NXLog's Keywords as Windows writes them.
func (d *Decoder) keywords(v Value) Value {
	if v.Kind != Number {
		return v
	}
	start := len(d.scratch)
	text, ok := appendKeywords(d.scratch, v.Raw)
	if !ok {
		return v
	}
	d.scratch = text
	return d.composed(String, start, v.Raw, originValue)
}

// composed gives what was appended to scratch since start as a value, made of the one at from.
func (d *Decoder) composed(kind Kind, start int, from []byte, how originKind) Value {
	v := Value{Raw: d.scratch[start:len(d.scratch):len(d.scratch)], Kind: kind}
	offset, _ := offsetIn(d.record, from)
	d.origins = append(d.origins, origin{v.Raw, offset, how})
	return v
}

// unescaped gives a string's text as Raw, in scratch when there was something to unescape. It is for text
// whose parts need no escapes.
func (d *Decoder) unescaped(v Value) Value {
	if !v.Escaped {
		return v
	}
	start := len(d.scratch)
	d.scratch = appendUnescaped(d.scratch, v.Raw)
	return d.composed(String, start, v.Raw, originValue)
}

// listParams makes the list of an event's unnamed Data elements of the parts that the shipper numbered
// param1, param2 and so on. It leaves out empty ones, as some shippers do, and keeps the order.
func (d *Decoder) listParams() {
	if !slices.ContainsFunc(d.touched, func(c int32) bool { return int(c) < d.p.fields && d.p.isParam[c] }) {
		return
	}
	start := len(d.scratch)
	var first []byte
	for _, f := range d.p.params {
		v := d.cells[f]
		if v.Kind == Missing {
			continue
		}
		if first == nil {
			first = v.Raw
			d.scratch = append(d.scratch, '[')
		} else {
			d.scratch = append(d.scratch, ',')
		}
		d.scratch = appendJSON(d.scratch, v)
	}
	d.scratch = append(d.scratch, ']')
	d.set(d.p.list, d.composed(Array, start, first, originParams))
}

// appendJSON appends a value as it stands in a record.
func appendJSON(dst []byte, v Value) []byte {
	if v.Kind != String {
		return append(dst, v.Raw...)
	}
	return append(append(append(dst, '"'), v.Raw...), '"')
}

// deriveHashes fills the hashes' own fields from Sysmon's Hashes, where the event has no such field.
func (d *Decoder) deriveHashes() {
	parts := d.splitHashes()
	for _, h := range d.p.hashes {
		if v := parts[h.part]; v.Kind != Missing && d.cells[h.field].Kind == Missing {
			d.set(h.field, v)
		}
	}
}

// splitHashes gives the ALGO=hex parts of Sysmon's Hashes that hashFields names, in its order.
func (d *Decoder) splitHashes() (parts [len(hashFields)]Value) {
	hashes := d.first(slotHashes)
	if hashes.Kind != String {
		return parts
	}
	for rest := d.unescaped(hashes).Raw; len(rest) > 0; {
		var part []byte
		part, rest, _ = bytes.Cut(rest, []byte{','})
		i := bytes.IndexByte(part, '=')
		if i < 0 {
			continue
		}
		algo, hex := part[:i], part[i+1:]
		for i, name := range hashFields {
			if equalLower(algo, name) && parts[i].Kind == Missing && isHex(hex) {
				parts[i] = Value{Raw: hex, Kind: String}
			}
		}
	}
	return parts
}

// equalLower compares ASCII text with a lower-case name, in any case.
func equalLower(text []byte, name string) bool {
	if len(text) != len(name) {
		return false
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

func isHex(text []byte) bool {
	for _, c := range text {
		if !isHexDigit[c] {
			return false
		}
	}
	return len(text) > 0
}
