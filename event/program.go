package event

import (
	"slices"
	"strconv"
	"strings"
)

// program is a shape joined with a Schema: which keys of a record are wanted, and what becomes of their
// values. Each place in the record has a cell; a pass over the record fills the cells, and resolve makes
// the event of them. Immutable, shared by all Decoders of the Schema.
//
// The first cells are the fields: those of the Schema, by number, then hidden ones that others are made
// of. A field's cell is at once its place in the first data object, so that most values need no second
// step.
type program struct {
	shape  *shape
	root   *node
	fields int // number of fields, hidden ones included
	cells  int
	visits int // number of entries with a child

	signs  [len(shapes)][][]cellSign
	slots  [numSlots][]int32 // cells, the first present counts
	data   []int32           // cell of each data object; -1 for the record
	direct []string          // by field of the Schema: its path in the first data object
	later  []laterData
	system int32 // cell of shape.elements, or -1
	names  []namedCell
	// aliases fill fields that the data does not have; so do elements, of which elementOf gives the number
	// by cell, or -1: of several for one field the first.
	aliases   []namedCell
	elements  []namedCell
	elementOf []int32
	dotted    []dottedField

	eventID, eventType, keywords, list int32 // fields, -1 when no rule reads them
	hashes                             []hashField
	params                             []int32 // fields param1, param2 …, when a rule reads Data
	isParam                            []bool  // by field
}

type cellSign struct {
	cell int32
	kind Kind
}

// laterData is a data object whose members win over those of the ones before: cells of its fields.
type laterData struct{ object, first int32 }

type namedCell struct {
	name  string
	field int32
	cell  int32
}

// dottedField is a field whose name may have to be walked: from the field that its first segment names,
// along the rest.
type dottedField struct {
	field int32
	from  int32
	rest  string
}

type hashField struct {
	field int32
	part  int // index into hashFields
}

// hashFields are the taxonomy's names for the parts of Hashes.
var hashFields = [...]string{"md5", "sha1", "sha256", "imphash"}

// listField is the name of the list of unnamed Data elements; maxParams is how many inserts a message
// of Windows can number (%1 to %99), by which some shippers name them.
const (
	listField = "Data"
	maxParams = 99
)

// newProgram joins shapes[i] with a schema.
func newProgram(i int, schema *Schema) *program {
	s := shapes[i]
	// The top level loses its spaces in every shape: what the detector sees must not depend on the
	// program that looks.
	p := &program{shape: s, root: &node{spaces: true, number: uint32(i) * 131}, system: -1}
	names := p.fieldNames(schema)
	p.fields, p.cells = len(names), len(names)
	number := make(map[string]int32, len(names))
	for i, name := range names {
		number[name] = int32(i)
	}
	p.addData(names)
	p.addSystem()
	p.addNames(names, number)
	p.addDotted(names, number)
	p.addOwn(schema, number)
	p.indexElements()
	p.direct = p.directPaths(schema)
	p.root.finish()
	return p
}

// fieldNames lists the fields of the schema, then the hidden ones: what dotted names walk from, and
// the numbered parts of Data.
func (p *program) fieldNames(schema *Schema) []string {
	names := slices.Clone(schema.names)
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	hide := func(name string) {
		if !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	for _, name := range schema.names {
		if first, _, ok := strings.Cut(name, "."); ok {
			hide(first)
		}
	}
	if known[listField] {
		for i := range maxParams {
			hide(paramName(i))
		}
	}
	return names
}

func paramName(i int) string { return "param" + strconv.Itoa(i+1) }

// addData routes the members of each data object to the cells of the fields.
func (p *program) addData(names []string) {
	for i, path := range p.shape.data {
		first := int32(0)
		if i > 0 {
			first = int32(p.cells)
			p.cells += len(names)
			p.later = append(p.later, laterData{p.cell(objectPath(path)), first})
		}
		dir := p.node(path)
		dir.spaces = true
		for f, name := range names {
			if strings.Contains(name, " ") || p.shape.xml && isXMLAttributes([]byte(name)) {
				continue // no field has such a name
			}
			dir.at(p.shape.prefix + name).cell = first + int32(f)
		}
	}
	for _, path := range p.shape.data {
		if path == "" {
			p.data = append(p.data, -1)
		} else {
			p.data = append(p.data, p.cell(objectPath(path)))
		}
	}
}

// objectPath is a data path without the element of any name.
func objectPath(path string) string { return strings.TrimSuffix(path, ".*") }

// addSystem gives cells to what the detector and the event itself look at.
func (p *program) addSystem() {
	for i, s := range shapes {
		for _, alternative := range s.signs {
			var all []cellSign
			for _, sg := range alternative {
				all = append(all, cellSign{p.cell(sg.path), sg.kind})
			}
			p.signs[i] = append(p.signs[i], all)
		}
	}
	for sl, name := range dataSlots {
		if name == "" {
			continue
		}
		for _, path := range slices.Backward(p.shape.data) {
			p.slots[sl] = append(p.slots[sl], p.cellIn(p.node(path), p.shape.prefix+name))
		}
	}
	for sl, paths := range p.shape.system {
		for _, path := range paths {
			p.slots[sl] = append(p.slots[sl], p.cell(path))
		}
	}
}

// addNames says which values stand in for fields that the data does not have. The event id does too, but
// has to be made a number first: see resolve.
func (p *program) addNames(names []string, number map[string]int32) {
	for _, n := range p.shape.names {
		c := namedCell{n.name, -1, p.cell(n.path)}
		if field, wanted := number[n.name]; wanted {
			c.field = field
			p.aliases = append(p.aliases, c)
		}
		p.names = append(p.names, c)
	}
	if p.shape.elements == "" {
		return
	}
	p.system = p.cell(p.shape.elements)
	system := p.node(p.shape.elements)
	for f, name := range names {
		if name == eventIDField {
			continue
		}
		alias := func(n *node, key string) {
			p.elements = append(p.elements, namedCell{name, int32(f), p.cellIn(n, key)})
		}
		alias(system, name)
		if element, attribute, ok := strings.Cut(name, "_"); ok {
			alias(p.child(p.child(system, element), xmlAttributes), attribute)
			alias(p.child(system, element+xmlAttributesSuffix), attribute)
		}
	}
}

func (p *program) indexElements() {
	p.elementOf = slices.Repeat([]int32{-1}, p.cells)
	for i, e := range p.elements {
		p.elementOf[e.cell] = int32(i)
	}
}

func (p *program) addDotted(names []string, number map[string]int32) {
	for f, name := range names {
		if first, rest, ok := strings.Cut(name, "."); ok {
			p.dotted = append(p.dotted, dottedField{int32(f), number[first], rest})
		}
	}
}

// addOwn notes the fields that are not simply where the record has them.
func (p *program) addOwn(schema *Schema, number map[string]int32) {
	wanted := func(name string) int32 {
		if f, ok := schema.Field(name); ok {
			return int32(f)
		}
		return -1
	}
	p.eventID, p.eventType = wanted(eventIDField), wanted("EventType")
	p.keywords, p.list = wanted("Keywords"), wanted(listField)
	for i, name := range hashFields {
		if f := wanted(name); f >= 0 {
			p.hashes = append(p.hashes, hashField{f, i})
		}
	}
	p.isParam = make([]bool, p.fields)
	if p.list >= 0 {
		for i := range maxParams {
			f := number[paramName(i)]
			p.params = append(p.params, f)
			p.isParam[f] = true
		}
	}
}

const eventIDField = "EventID"

// cell returns the cell of the value at path, creating it.
func (p *program) cell(path string) int32 {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return p.cellIn(p.node(path[:i]), path[i+1:])
	}
	return p.cellIn(p.root, path)
}

// cellIn returns the cell of the value of key in n, creating it.
func (p *program) cellIn(n *node, key string) int32 {
	e := n.at(key)
	if e.cell < 0 {
		e.cell = int32(p.cells)
		p.cells++
	}
	return e.cell
}

// node returns the node of the object at path, creating it; a key of "*" is the element of any name.
func (p *program) node(path string) *node {
	n := p.root
	for _, key := range keys(path) {
		if key != "*" {
			n = p.child(n, key)
			continue
		}
		if n.element == nil {
			n.element = &entry{cell: -1, visit: -1}
		}
		n = p.below(n.element)
	}
	return n
}

// child returns the node of the object that key has in n, creating it.
func (p *program) child(n *node, key string) *node { return p.below(n.at(key)) }

func (p *program) below(e *entry) *node {
	if e.child == nil {
		e.visit = int32(p.visits)
		p.visits++
		e.child = &node{number: p.root.number + uint32(p.visits)*7} // apart, so that few keys share a guess
	}
	return e.child
}
