package event

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Path gives the gjson path of the value of f in the record as it really lies there, such as
// winlog.event_data.Company; of a value put together the path of what it came from. It is empty when the
// event has no such field.
func (e *Event) Path(f Field) string {
	v := e.Values[f]
	if v.Kind == Missing {
		return ""
	}
	if path := e.decoder.directPath(f, v); path != "" { // Fast path.
		return path
	}
	return e.decoder.path(v.Raw)
}

// directPath is the path of a value that is a member of the first data object under the field's own name, as
// most are: known beforehand. It is empty for any other, and for a key that is not written plainly.
func (d *Decoder) directPath(f Field, v Value) string {
	path, start, ok := d.p.direct[f], 0, false
	if start, ok = offsetIn(d.record, v.Raw); !ok || path == "" {
		return ""
	}
	if c := d.p.data[0]; c >= 0 {
		if _, inside := offsetIn(d.cells[c].Raw, v.Raw); !inside || !d.plainWay(c) {
			return ""
		}
	}
	if v.Kind == String {
		start-- // its quote
	}
	name := d.schema.Name(f)
	key := start - len(name) - len(`"":`)
	if key < 0 || d.record[key] != '"' || string(d.record[key+1:key+1+len(name)]) != name || string(d.record[start-2:start]) != `":` {
		return ""
	}
	return path
}

// plainWay reports whether the first data object, which is in cell c, lies at its path as that is written: a key on
// the way to it can have spaces. It looks once per event.
func (d *Decoder) plainWay(c int32) bool {
	if d.way == wayUnknown {
		d.way = wayPlain
		offset, _ := offsetIn(d.record, d.cells[c].Raw)
		d.steps = stepsTo(d.steps[:0], d.record, offset)
		rest := d.p.shape.data[0]
		for _, s := range d.steps {
			key, below, _ := strings.Cut(rest, ".")
			if rest = below; s.array || string(s.key) != key {
				d.way = wayOdd
			}
		}
	}
	return d.way == wayPlain
}

// way is how the first data object is reached.
type way uint8

const (
	wayUnknown way = iota
	wayPlain
	wayOdd
)

// directPaths gives the paths of the fields as members of the first data object.
func (p *program) directPaths(schema *Schema) []string {
	out := make([]string, schema.Len())
	for f, name := range schema.names {
		dir := p.shape.data[0]
		if dir != objectPath(dir) || strings.HasPrefix(name, "#") || strings.ContainsAny(name, `"\ `) {
			continue // its place is not known, or XML's own, or the key is not written like that
		}
		if out[f] = gjson.Escape(name); dir != "" {
			out[f] = dir + "." + out[f]
		}
	}
	return out
}

// path gives the path of a value's bytes. It reads the record up to them: it is for alerts.
func (d *Decoder) path(raw []byte) string {
	if offset, ok := offsetIn(d.record, raw); ok {
		return d.pathAt(offset, false)
	}
	for _, o := range d.origins {
		if _, ok := offsetIn(o.raw, raw); !ok {
			continue
		}
		if o.kind == originParams {
			return d.pathOfParams()
		}
		return d.pathAt(o.offset, o.kind == originFanOut)
	}
	return ""
}

// pathOfParams is a gjson multipath: it gives the list that listParams made.
func (d *Decoder) pathOfParams() string {
	var paths []string
	for _, f := range d.p.params {
		if v := d.cells[f]; v.Kind != Missing {
			paths = append(paths, d.path(v.Raw))
		}
	}
	return "[" + strings.Join(paths, ",") + "]"
}

// step is one bracket that is open at a place in the record.
type step struct {
	array bool
	index int    // of the element
	key   []byte // of the member, between its quotes
}

// pathAt gives the path of the value that holds the byte at offset. With all set, every element of an
// array is meant, not only the one there.
func (d *Decoder) pathAt(offset int, all bool) string {
	d.steps = stepsTo(d.steps[:0], d.record, offset)
	var b strings.Builder
	for i, s := range d.steps {
		if i > 0 {
			b.WriteByte('.')
		}
		switch {
		case s.array && all:
			b.WriteByte('#')
		case s.array:
			b.WriteString(strconv.Itoa(s.index))
		default:
			b.WriteString(gjson.Escape(string(appendUnescaped(nil, s.key))))
		}
	}
	return b.String()
}

// stepsTo reads the record up to the value that holds the byte at offset, and appends the brackets around it.
func stepsTo(steps []step, b []byte, offset int) []step {
	for i := 0; i < len(b); {
		switch b[i] {
		case '{', '[':
			if i == offset {
				return steps
			}
			steps = append(steps, step{array: b[i] == '['})
			i++
		case '}', ']':
			steps = steps[:len(steps)-1]
			i++
		case ',':
			steps[len(steps)-1].index++
			i++
		case ':', ' ', '\t', '\n', '\r':
			i++
		default:
			v, end := valueAt(b, i)
			if offset < end {
				return steps
			}
			if next := space(b, end); next < len(b) && b[next] == ':' {
				steps[len(steps)-1].key = v.Raw
			}
			i = end
		}
	}
	return nil
}
