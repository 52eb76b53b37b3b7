package event

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/bits"
)

// Decoder reads records into events. It belongs to one goroutine; what it hands out is valid until its
// next Decode.
//
// It tries the shape of the last record that began with the same bytes first: what one shipper writes
// begins alike. A wrong guess costs a second pass and never changes an answer: every pass looks for the
// signs of all shapes.
type Decoder struct {
	schema *Schema
	opts   Options
	shapes [numOpenings]uint8 // index into shapes of the last record that began as this one does
	stats  DecoderStats

	record []byte
	p      *program // of the record in hand
	event  Event
	n      int

	cells   []Value // by the cells of p
	touched []int32 // cells that were filled, to be emptied before the next record
	present []int32 // XML elements of the System that are fields, see fillAliases
	visits  []visit // by the visits of p
	escapes escapes // in the strings of the record, by the fast pass
	steps   []step  // for paths
	way     way
	round   uint64 // number of the pass, by which visits are told apart from old ones

	// scratch holds the texts of values that the record does not hold as they are; origins says where
	// each came from.
	scratch []byte
	origins []origin
	name    []byte // of a key without its spaces, while it is looked up
	guesses [numGuesses]guess

	id       Value   // the event id, a Number
	severity bool    // EventType was NXLog's severity
	normal   nameSet // the whole normal form, once AppendLeaves was asked for it
	elements nameSet // the elements of XML's System, on the way there
}

// visit says which cells an object filled: touched[from:to].
type visit struct {
	round    uint64
	from, to int
}

// origin says where a value in scratch came from: the record's bytes at offset. A list was put together
// of several members of one object, of which that is the first.
type origin struct {
	raw    []byte
	offset int
	kind   originKind
}

type originKind uint8

const (
	originValue  originKind = iota // the value there, written differently
	originFanOut                   // the same key in every element of an array
	originParams                   // param1, param2 … of one object
)

// Options are the settings of a Decoder. The zero value is right for everything but tests.
type Options struct {
	// NoFast reads every record by gjson, which defines what its fields are and costs several times more.
	NoFast bool
}

// DecoderStats counts how records were read.
type DecoderStats struct {
	Fast     uint64 // records read by the hand-written pass alone
	Fallback uint64 // records read by gjson: the fast pass met something it does not read, or Options.NoFast
}

// NewDecoder makes a Decoder that takes out the fields of s.
func NewDecoder(s *Schema) *Decoder { return NewDecoderWith(s, Options{}) }

// NewDecoderWith is NewDecoder with settings.
func NewDecoderWith(s *Schema, opts Options) *Decoder {
	seed := maphash.MakeSeed()
	d := &Decoder{schema: s, opts: opts, normal: nameSet{seed: seed}, elements: nameSet{seed: seed}}
	for i := range d.shapes {
		d.shapes[i] = uint8(firstGuess)
	}
	return d
}

// Stats counts the records read since NewDecoder.
func (d *Decoder) Stats() DecoderStats { return d.stats }

// Decode reads one record; timestamp is the Kafka record's, in milliseconds since the epoch, negative
// when it has none. n is the number of events in it, to be had by Event; no shape of today has more than
// one. The record's bytes must stay unchanged for as long as the events are used. A record that yields
// no event gives an *Error.
func (d *Decoder) Decode(record []byte, timestamp int64) (n int, err error) {
	d.reset(record, timestamp)
	if record == nil {
		return 0, errNullValue
	}
	if len(record) == 0 {
		return 0, errEmptyValue
	}
	if err := d.decode(); err != nil {
		return 0, err
	}
	d.n = 1
	return d.n, nil
}

// decode reads the record as the shape it is of, and makes the event.
func (d *Decoder) decode() *Error {
	slow := d.opts.NoFast
	guess := d.guessShape()
	for range 2 { // what detect says depends on the record alone: at most the guess was wrong
		d.start(d.schema.program(int(*guess)))
		var err *Error
		if !slow {
			if err, slow = d.readFast(); slow {
				d.start(d.p) // forget what the fast pass found before it gave up
			}
		}
		if slow {
			err = d.readGJSON()
		}
		if err != nil {
			return d.count(slow, err)
		}
		shape := d.detect()
		if shape < 0 {
			return d.count(slow, errUnknownShape)
		}
		if shape == int(*guess) {
			d.event.Plain = !slow && d.escapes&unicodeEscape == 0
			return d.count(slow, d.resolve())
		}
		*guess = uint8(shape)
	}
	return d.count(slow, errUnknownShape)
}

// numOpenings is how many ways for a record to begin are told apart, by its first openingSize bytes: a
// brace and a key, as a rule. A topic that several shippers write has one for each of them.
const (
	numOpenings = 64
	openingSize = 16
)

// guessShape gives the guess for records that begin as this one does. A wrong one costs a second pass.
func (d *Decoder) guessShape() *uint8 {
	var opening [openingSize]byte
	copy(opening[:], d.record)
	h := binary.LittleEndian.Uint64(opening[:8]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(opening[8:]), 23)
	return &d.shapes[h*0x9E3779B97F4A7C15>>58] // its six highest bits
}

func (d *Decoder) count(slow bool, err *Error) *Error {
	if slow {
		d.stats.Fallback++
	} else {
		d.stats.Fast++
	}
	return err
}

// Event gives event i of the record, counted from 0. It is valid until the next Decode or Event. An
// index that Decode did not announce is an error.
func (d *Decoder) Event(i int) (*Event, error) {
	if i < 0 || i >= d.n {
		return nil, fmt.Errorf("event %d of a record with %d events", i, d.n)
	}
	return &d.event, nil
}

// maxScratch is how much memory for values put together is kept from one record to the next.
const maxScratch = 1 << 20

// reset forgets the record before.
func (d *Decoder) reset(record []byte, timestamp int64) {
	d.record, d.n, d.severity = record, 0, false
	d.scratch = d.scratch[:0]
	if cap(d.scratch) > maxScratch {
		d.scratch = nil
	}
	clear(d.steps[:cap(d.steps)]) // they alias the record
	clear(d.origins)
	d.origins = d.origins[:0]
	d.normal.reset()
	d.elements.reset()
	d.event = Event{Raw: record, decoder: d, timestamp: timestamp}
}

// start empties the cells and makes room for those of p.
func (d *Decoder) start(p *program) {
	for _, c := range d.touched {
		d.cells[c] = Value{}
	}
	d.touched = d.touched[:0]
	if cap(d.touched) > maxScratch {
		d.touched = nil
	}
	if d.p = p; len(d.cells) < p.cells {
		d.cells = make([]Value, p.cells)
	}
	if len(d.visits) < p.visits {
		d.visits = make([]visit, p.visits)
	}
	d.round++
	d.escapes, d.way = 0, wayUnknown
}

// set fills a cell. A key that comes again replaces what was there, as in encoding/json.
func (d *Decoder) set(cell int32, v Value) {
	c := &d.cells[cell]
	if c.Kind == Missing {
		d.touched = append(d.touched, cell)
	}
	*c = v
}

// enter is called before the value of an entry with a child is read. When the key comes again, what its
// earlier value filled is emptied: the last of equal keys counts as a whole.
func (d *Decoder) enter(e *entry) {
	v := &d.visits[e.visit]
	if v.round == d.round {
		for _, c := range d.touched[v.from:v.to] {
			d.cells[c] = Value{}
		}
	}
	*v = visit{d.round, len(d.touched), len(d.touched)}
}

// leave is called after the members of the child were read.
func (d *Decoder) leave(e *entry) { d.visits[e.visit].to = len(d.touched) }

// detect gives the index of the shape whose signs were found, or -1.
func (d *Decoder) detect() int {
	for i := range d.p.signs {
		for _, alternative := range d.p.signs[i] {
			if d.found(alternative) {
				return i
			}
		}
	}
	return -1
}

func (d *Decoder) found(signs []cellSign) bool {
	for _, s := range signs {
		if kind := d.cells[s.cell].Kind; kind == Missing || s.kind != Missing && kind != s.kind {
			return false
		}
	}
	return true
}

// first gives the first present value of a slot, or a Missing one. Of an XML element it is the text.
func (d *Decoder) first(s slot) Value {
	for _, c := range d.p.slots[s] {
		if v := d.text(d.cells[c]); v.Kind != Missing && v.Kind != Null {
			return v
		}
	}
	return Value{}
}
