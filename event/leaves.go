package event

import (
	"bytes"
	"hash/maphash"
)

// AppendLeaves appends every scalar of the event's normal form: strings, numbers and booleans, inside
// lists and objects too; nulls are none (Sigma keywords: each value by itself, never a name). Of fields
// with equal names the last counts; of equal keys inside a field's object all do, for telling them apart
// would cost more than a keyword too many. What only repeats another value as it is is left out: the list
// made of param1 and so on, and flat names that stand in for others. The hashes taken from Hashes are
// values of their own.
func (e *Event) AppendLeaves(dst []Leaf) []Leaf {
	d := e.decoder
	if len(d.normal.all) == 0 {
		d.collect()
	}
	for i := range d.normal.all {
		m := &d.normal.all[i]
		dst = appendScalars(dst, alias(m.name), m.value)
	}
	return dst
}

// LeafPath gives the gjson path of a leaf in the record.
func (e *Event) LeafPath(l Leaf) string { return e.decoder.path(l.Value.Raw) }

// appendScalars appends the scalars in v. It reads on over brackets, so that nesting costs nothing.
func appendScalars(dst []Leaf, field string, v Value) []Leaf {
	switch v.Kind {
	case Missing, Null:
		return dst
	case String, Number, Bool:
		return append(dst, Leaf{field, v})
	}
	for i := 0; i < len(v.Raw); {
		switch c := v.Raw[i]; c {
		case '{', '}', '[', ']', ',', ' ', '\t', '\n', '\r':
			i++
		default:
			inner, end := valueAt(v.Raw, i)
			i = space(v.Raw, end)
			if v.Raw[i] == ':' { // it was a key
				i++
			} else if inner.Kind != Null {
				dst = append(dst, Leaf{field, inner})
			}
		}
	}
	return dst
}

// Ranks of what gives a field its value: the higher wins. Data objects are ranked in their order above.
const (
	rankDerived          = iota // a hash taken from Hashes
	rankAttributesBeside        // Element_attributes beside an element
	rankAttributes
	rankSystem
	rankData
)

// collect brings the whole normal form together, whatever the Schema wants of it.
func (d *Decoder) collect() {
	for i, cell := range d.p.data {
		if object := d.dataObject(i, cell); object != nil {
			d.collectData(object, rankData+i)
		}
	}
	for i, v := range d.splitHashes() {
		d.normal.put(bytesOf(hashFields[i]), v, rankDerived)
	}
	if d.p.shape.nxlog {
		return // the System's values are fields there
	}
	d.normal.put(bytesOf(eventIDField), d.id, rankSystem)
	for _, n := range d.p.names {
		d.normal.put(bytesOf(n.name), d.cells[n.cell], rankSystem)
	}
	if d.p.system >= 0 {
		d.collectElements(d.cells[d.p.system].Raw)
	}
}

// dataObject gives data object i, or nil when the record has none.
func (d *Decoder) dataObject(i int, cell int32) []byte {
	if cell < 0 {
		return d.record[space(d.record, 0):]
	}
	v := d.cells[cell]
	if v.Kind != Object {
		return nil
	}
	if objectPath(d.p.shape.data[i]) == d.p.shape.data[i] {
		return v.Raw
	}
	var element []byte // the single one; of several the last, as in the passes
	for m := (members{object: v.Raw}); m.next(); {
		if m.value.Kind == Object && !isXMLAttributes(d.plain(m.key, m.escaped)) {
			element = m.value.Raw
		}
	}
	return element
}

func (d *Decoder) collectData(object []byte, rank int) {
	for m := (members{object: object}); m.next(); {
		name, v := d.plain(m.key, m.escaped), m.value
		if bytes.IndexByte(name, ' ') >= 0 {
			start := len(d.scratch)
			d.scratch = appendWithoutSpaces(d.scratch, name)
			name = d.scratch[start:]
		}
		name, ours := bytes.CutPrefix(name, bytesOf(d.p.shape.prefix))
		if !ours {
			continue
		}
		if d.p.shape.xml {
			if isXMLAttributes(name) {
				continue
			}
			v = d.text(v)
		}
		if d.p.shape.nxlog {
			switch string(name) {
			case eventIDField:
				v = d.id
			case "EventType":
				if d.severity {
					v = Value{}
				}
			case "Keywords":
				v = d.keywords(v)
			}
		}
		d.normal.put(name, v, rank)
	}
}

// collectElements adds the elements of XML's System, and their attributes.
func (d *Decoder) collectElements(system []byte) {
	d.elements.reset()
	for m := (members{object: system}); m.next(); {
		d.elements.put(d.plain(m.key, m.escaped), m.value, rankSystem)
	}
	for _, e := range d.elements.all {
		if element, beside := bytes.CutSuffix(e.name, []byte(xmlAttributesSuffix)); beside {
			if e.value.Kind == Object {
				d.collectAttributes(element, e.value.Raw, rankAttributesBeside)
			}
			continue
		}
		if e.value.Kind == Object {
			if attributes, ok := member(e.value.Raw, xmlAttributes); ok && attributes.Kind == Object {
				d.collectAttributes(e.name, attributes.Raw, rankAttributes)
			}
		}
		if v := d.text(e.value); v.Kind != Object && string(e.name) != eventIDField {
			d.normal.put(e.name, v, rankSystem)
		}
	}
}

func (d *Decoder) collectAttributes(element, attributes []byte, rank int) {
	for m := (members{object: attributes}); m.next(); {
		name := d.plain(m.key, m.escaped) // before start: it may be in scratch itself
		start := len(d.scratch)
		d.scratch = append(append(append(d.scratch, element...), '_'), name...)
		d.normal.put(d.scratch[start:], m.value, rank)
	}
}

// plain gives the text of a key, in scratch when there was something to unescape.
func (d *Decoder) plain(key []byte, escaped bool) []byte {
	if !escaped {
		return key
	}
	start := len(d.scratch)
	d.scratch = appendUnescaped(d.scratch, key)
	return d.scratch[start:]
}

// nameSet holds values by name, each name once. Its hash is seeded: no sender of events can make names
// that collide.
type nameSet struct {
	seed  maphash.Seed
	all   []namedValue
	table []int32 // index into all, plus one; open addressing, at most half full
}

type namedValue struct {
	name  []byte
	hash  uint64
	value Value
	rank  int
}

func (s *nameSet) reset() {
	if len(s.all) == 0 {
		return
	}
	clear(s.all)
	s.all = s.all[:0]
	clear(s.table)
	if cap(s.all) > maxNames {
		s.all, s.table = nil, nil
	}
}

// maxNames is for how many names memory is kept from one event to the next.
const maxNames = 4096

// put adds a value, or replaces one that does not outrank it.
func (s *nameSet) put(name []byte, v Value, rank int) {
	if len(s.all)*2 >= len(s.table) {
		s.grow()
	}
	hash := maphash.Bytes(s.seed, name)
	at := s.slot(hash, name)
	if i := s.table[at]; i > 0 {
		if old := &s.all[i-1]; rank >= old.rank {
			old.value, old.rank = v, rank
		}
		return
	}
	s.all = append(s.all, namedValue{name, hash, v, rank})
	s.table[at] = int32(len(s.all))
}

// slot finds where name is in the table, or may be put.
func (s *nameSet) slot(hash uint64, name []byte) int {
	mask := len(s.table) - 1
	for at := int(hash) & mask; ; at = (at + 1) & mask {
		i := s.table[at]
		if i == 0 || s.all[i-1].hash == hash && bytes.Equal(s.all[i-1].name, name) {
			return at
		}
	}
}

func (s *nameSet) grow() {
	s.table = make([]int32, max(128, 2*len(s.table)))
	for i := range s.all {
		s.table[s.slot(s.all[i].hash, s.all[i].name)] = int32(i + 1)
	}
}
