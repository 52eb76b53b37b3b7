package event

import "math"

// The fast reading fills the cells as the gjson one does, in one pass of its own that validates the record
// as it goes. What it does not read itself it leaves to gjson, before anything was concluded from it.

// unusual is what the pass returns where gjson has to read the record.
const unusual = math.MinInt

// readFast fills the cells, or gives up: then gjson has to.
func (d *Decoder) readFast() (err *Error, gaveUp bool) {
	b := d.record
	i := space(b, 0)
	if i == len(b) || b[i] != '{' {
		if invalidAt(b) >= 0 {
			return notJSON(b), false
		}
		return errNotObject, false
	}
	i = d.fastObject(d.p.root, i+1, 1)
	if i == unusual {
		return nil, true
	}
	if i < 0 || space(b, i) < len(b) {
		return notJSON(b), false
	}
	return nil, false
}

// fastObject reads the members of the object whose brace is before i, at the given depth, and returns
// where it ended. The recursion is as deep as a shape's paths.
func (d *Decoder) fastObject(n *node, i, depth int) int {
	b := d.record
	i = space(b, i)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for place := n.number; ; {
		g := &d.guesses[place%numGuesses]
		e := g.e
		if g.n == n && i+g.size <= len(b) && string(b[i:i+g.size]) == string(g.text[:g.size]) {
			i, place = i+g.size, g.place
		} else if i, e, place = d.fastKey(n, g, i); i < 0 {
			return i
		}
		i = space(b, i)
		if i = d.fastValue(e, n, i, depth); i < 0 {
			return i
		}
		i = space(b, i)
		switch {
		case i == len(b):
			return bad(i)
		case b[i] == ',':
			i = space(b, i+1)
		case b[i] == '}':
			return i + 1
		default:
			return bad(i)
		}
	}
}

// Fast path: guess is the key that followed another one last time, with its quotes and its colon.
// Records of one kind have their keys in one order; a comparison of the bytes saves looking for the end
// of the key and looking it up, which is a fifth of the whole pass (BenchmarkDecode).
type guess struct {
	n     *node
	e     *entry
	size  int
	place uint32 // of the guess at what follows
	text  [guessSize]byte
}

const (
	guessSize  = 40  // bytes of the longest key that is guessed
	numGuesses = 512 // more than the keys of the events of one topic
)

// fastKey is the slow path: it reads the key at i and the colon behind it, and notes it as the guess.
func (d *Decoder) fastKey(n *node, g *guess, i int) (next int, e *entry, place uint32) {
	b, from := d.record, i
	if i == len(b) || b[i] != '"' {
		return bad(i), nil, 0
	}
	end, odd := nameEnd(b, i+1)
	if end < 0 {
		return end, nil, 0
	}
	name := b[i+1 : end]
	if odd {
		if name = d.plainName(n, name); name == nil {
			return unusual, nil, 0
		}
	}
	i = space(b, end+1)
	if i == len(b) || b[i] != ':' {
		return bad(i), nil, 0
	}
	i++
	hash := keyHash(name)
	e = n.find(name, hash)
	place = uint32(hash>>32) + n.number
	if size := i - from; size <= guessSize {
		*g = guess{n: n, e: e, size: size, place: place}
		copy(g.text[:], b[from:i])
	}
	return i, e, place
}

// fastValue reads the value at i, which e wants unless it is nil, and returns where it ended.
func (d *Decoder) fastValue(e *entry, n *node, i, depth int) int {
	b := d.record
	if i == len(b) {
		return bad(i)
	}
	var v Value
	var end int
	switch c := b[i]; c {
	case '"':
		close, found := stringEnd(b, i+1)
		if close < 0 {
			return close
		}
		v, end = Value{Raw: b[i+1 : close], Kind: String, Escaped: found != 0}, close+1
		d.escapes |= found
	case '{', '[':
		switch {
		case depth >= maxDepth:
			return bad(i)
		case c == '{' && e != nil && e.child != nil:
			d.enter(e)
			end = d.fastObject(e.child, i+1, depth+1)
			d.leave(e)
		default:
			if end = skipNested(b, i, depth); end >= 0 && hasUnicodeEscape(b[i:end]) {
				d.escapes |= unicodeEscape
			}
		}
		if end < 0 {
			return end
		}
		v = Value{Raw: b[i:end], Kind: kindOf(c)}
	default:
		if end = scalarEnd(b, i); end < 0 {
			return end
		}
		v = Value{Raw: b[i:end], Kind: kindOf(c)}
	}
	if e == nil {
		return end
	}
	if e.child != nil && v.Kind != Object && e != n.element {
		d.enter(e)
	}
	if e.cell >= 0 {
		d.set(e.cell, v)
	}
	return end
}

// plainName gives a name without its spaces where n wants that, and nil for one with escapes.
func (d *Decoder) plainName(n *node, name []byte) []byte {
	for _, c := range name {
		if c == '\\' {
			return nil
		}
	}
	if !n.spaces {
		return name
	}
	d.name = appendWithoutSpaces(d.name[:0], name)
	return d.name
}
