package event

import "strings"

// walkDotted looks for a field whose whole name is no key: by objects along the segments of its name,
// fanning out over arrays (sigma-specification: nested fields by dots).
func (d *Decoder) walkDotted(f *dottedField) {
	if d.cells[f.field].Kind != Missing {
		return
	}
	w := walker{d: d, start: len(d.scratch)}
	if w.walk(d.cells[f.from], f.rest) {
		d.set(f.field, w.value())
	}
}

// walker follows one name. What it finds is one value where it lies, or, when that is inside an array,
// a list in scratch of all there are.
type walker struct {
	d      *Decoder
	inside bool   // of an array
	single Value  // what was found outside of arrays
	first  []byte // the first element of the list
	start  int    // of the list in scratch
}

// value gives what was found.
func (w *walker) value() Value {
	if w.first == nil {
		return w.single
	}
	w.d.scratch = append(w.d.scratch, ']')
	return w.d.composed(Array, w.start, w.first, originFanOut)
}

// walk looks for rest below from. Its recursion is as deep as the name has segments.
func (w *walker) walk(from Value, rest string) bool {
	switch from.Kind {
	case Object:
		return w.object(from.Raw, rest)
	case Array:
		return w.array(from.Raw, rest)
	}
	return false
}

func (w *walker) object(raw []byte, rest string) bool {
	segment, rest, more := strings.Cut(rest, ".")
	v, ok := member(raw, segment)
	switch {
	case !ok:
		return false
	case more:
		return w.walk(v, rest)
	}
	w.add(v)
	return true
}

// array collects what rest finds in the objects of an array, and of arrays in it: it reads on over their
// brackets, so that nesting costs nothing.
func (w *walker) array(raw []byte, rest string) bool {
	before := w.inside
	w.inside = true
	found := false
	for i := 0; i < len(raw); {
		switch raw[i] {
		case '{':
			var v Value
			v, i = valueAt(raw, i)
			found = w.object(v.Raw, rest) || found
		case '[', ']', ',', ' ', '\t', '\n', '\r':
			i++
		default:
			_, i = valueAt(raw, i)
		}
	}
	w.inside = before || found
	return found
}

func (w *walker) add(v Value) {
	if !w.inside {
		w.single = v
		return
	}
	if w.first == nil {
		w.first = v.Raw
		w.d.scratch = append(w.d.scratch, '[')
	} else {
		w.d.scratch = append(w.d.scratch, ',')
	}
	w.d.scratch = appendJSON(w.d.scratch, v)
}
