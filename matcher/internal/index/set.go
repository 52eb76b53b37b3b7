package index

import (
	"bytes"
	"encoding/binary"
)

// Anchor says where in the value a literal has to lie.
type Anchor uint8

const (
	Anywhere Anchor = iota
	Start           // the value begins with it
	End             // the value ends with it
	Whole           // the value is it
)

// Literal is one text to look for.
type Literal struct {
	Text   string
	Anchor Anchor
}

// Set is many literals in one structure. It is exact: AppendHits reports a literal if and only if it
// holds. The Law of prefilters (it may say yes wrongly, never no wrongly) binds the tables inside, each
// of whose answers is verified.
type Set struct {
	literals []Literal
	always   []uint32 // empty literals that are not anchored at both ends
	whole    keyTable // Whole
	starts   []ends   // Start
	finishes []ends   // End
	ascii    anywhere // Anywhere, of ASCII only
	wide     anywhere // Anywhere, others: looked for in values that are not ASCII only
	bytes    []single // Anywhere, of one byte
}

// anywhere finds literals of two bytes or more anywhere in a value.
type anywhere struct {
	long  grams  // found by every eighth byte
	grams grams  // found by every byte
	pairs *pairs // what is shorter than a gram, or short and not many
}

// single is the literals that are one byte.
type single struct {
	c   byte
	ids []uint32
}

// New builds a Set; a literal's number is its index in the slice, which the Set keeps.
func New(literals []Literal) *Set {
	s := &Set{literals: literals}
	var whole []keyEntry
	var starts, finishes [len(levelSizes)][]keyEntry
	var ascii, wide []uint32
	for i, l := range literals {
		id, text := uint32(i), l.Text
		level := levelOf(len(text))
		switch {
		case l.Anchor == Whole:
			whole = append(whole, keyEntry{wholeKey([]byte(text)), id})
		case text == "":
			s.always = append(s.always, id)
		case l.Anchor == Start:
			n := levelSizes[level]
			starts[level] = append(starts[level], keyEntry{endKey([]byte(text[:n])), id})
		case l.Anchor == End:
			n := levelSizes[level]
			finishes[level] = append(finishes[level], keyEntry{endKey([]byte(text[len(text)-n:])), id})
		case len(text) == 1:
			s.addByte(text[0], id)
		case isASCII([]byte(text)):
			ascii = append(ascii, id)
		default:
			wide = append(wide, id)
		}
	}
	s.whole = newKeyTable(whole)
	for level, n := range levelSizes {
		if len(starts[level]) > 0 {
			s.starts = append(s.starts, ends{n, newKeyTable(starts[level])})
		}
		if len(finishes[level]) > 0 {
			s.finishes = append(s.finishes, ends{n, newKeyTable(finishes[level])})
		}
	}
	s.ascii, s.wide = newAnywhere(literals, ascii), newAnywhere(literals, wide)
	return s
}

func isASCII(text []byte) bool {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if binary.LittleEndian.Uint64(text[i:])&0x8080808080808080 != 0 {
			return false
		}
	}
	for ; i < len(text); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

func newAnywhere(literals []Literal, ids []uint32) anywhere {
	var long, middle, short []uint32
	for _, id := range ids {
		switch n := len(literals[id].Text); {
		case n < gramLen:
			short = append(short, id)
		case n < longLen:
			middle = append(middle, id)
		default:
			long = append(long, id)
		}
	}
	// Where short literals are few, looking for the long ones at every eighth byte and for the few by their
	// pairs costs less than looking at every gram.
	if len(middle) <= fewLiterals {
		return anywhere{long: newGrams(literals, long, longStride), pairs: newPairs(literals, append(short, middle...))}
	}
	return anywhere{grams: newGrams(literals, append(middle, long...), 1), pairs: newPairs(literals, short)}
}

func (a *anywhere) empty() bool {
	return a.pairs == nil && len(a.long.entries)+len(a.grams.entries) == 0
}

func (a *anywhere) appendHits(dst []uint32, value []byte) []uint32 {
	if a.pairs != nil {
		dst = a.pairs.appendHits(dst, value)
	}
	if len(a.long.entries) > 0 {
		dst = a.long.appendHits(dst, value)
	}
	if len(a.grams.entries) > 0 {
		dst = a.grams.appendHits(dst, value)
	}
	return dst
}

// fewLiterals is how many short literals are looked for by their pairs. It is a choice: with many, too many pairs of a
// value would be one of them. The slots of real rules have either a few dozen or some hundreds.
const fewLiterals = 64

func (s *Set) addByte(c byte, id uint32) {
	for i := range s.bytes {
		if s.bytes[i].c == c {
			s.bytes[i].ids = append(s.bytes[i].ids, id)
			return
		}
	}
	s.bytes = append(s.bytes, single{c, []uint32{id}})
}

// Len is the number of literals.
func (s *Set) Len() int { return len(s.literals) }

// AppendHits appends the numbers of all literals that hold for value, in no order; a literal that occurs
// several times may be appended several times.
func (s *Set) AppendHits(dst []uint32, value []byte) []uint32 {
	dst = append(dst, s.always...)
	if len(s.whole.entries) > 0 {
		key := wholeKey(value)
		for _, e := range s.whole.with(key) {
			if e.key == key && s.literals[e.id].Text == string(value) {
				dst = append(dst, e.id)
			}
		}
	}
	for i := range s.starts {
		dst = s.appendStarts(dst, value, &s.starts[i])
	}
	for i := range s.finishes {
		dst = s.appendFinishes(dst, value, &s.finishes[i])
	}
	for i := range s.bytes {
		if x := &s.bytes[i]; bytes.IndexByte(value, x.c) >= 0 {
			dst = append(dst, x.ids...)
		}
	}
	dst = s.ascii.appendHits(dst, value)
	if !s.wide.empty() && !isASCII(value) {
		dst = s.wide.appendHits(dst, value)
	}
	return dst
}

func (s *Set) appendStarts(dst []uint32, value []byte, e *ends) []uint32 {
	if len(value) < e.n {
		return dst
	}
	key := endKey(value[:e.n])
	for _, x := range e.with(key) {
		if t := s.literals[x.id].Text; x.key == key && len(value) >= len(t) && string(value[:len(t)]) == t {
			dst = append(dst, x.id)
		}
	}
	return dst
}

func (s *Set) appendFinishes(dst []uint32, value []byte, e *ends) []uint32 {
	if len(value) < e.n {
		return dst
	}
	key := endKey(value[len(value)-e.n:])
	for _, x := range e.with(key) {
		if t := s.literals[x.id].Text; x.key == key && len(value) >= len(t) && string(value[len(value)-len(t):]) == t {
			dst = append(dst, x.id)
		}
	}
	return dst
}

// levelSizes are the lengths by which anchored literals are looked up: each literal at the largest one
// that it fills. `\cmd.exe` fills 8; paths below C:\Windows\System32 need 16 to be told apart.
var levelSizes = [...]int{1, 2, 4, 8, 16}

func levelOf(length int) int {
	level := 0
	for i, n := range levelSizes {
		if n <= length {
			level = i
		}
	}
	return level
}

// ends holds the literals of one end of the value that are looked up by their n outermost bytes.
type ends struct {
	n int
	keyTable
}
