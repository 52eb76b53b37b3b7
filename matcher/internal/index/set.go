package index

import "bytes"

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
	always   []uint32            // empty literals that are not anchored at both ends
	whole    map[string][]uint32 // Whole, by text
	starts   ends                // Start
	finishes ends                // End
	grams    grams               // Anywhere, of four bytes or more
	short    []shortGroup        // Anywhere, shorter than a gram
}

// New builds a Set; a literal's number is its index in the slice, which the Set keeps.
func New(literals []Literal) *Set {
	s := &Set{literals: literals, whole: map[string][]uint32{}}
	var long []uint32
	for i, l := range literals {
		id := uint32(i)
		switch {
		case l.Anchor == Whole:
			s.whole[l.Text] = append(s.whole[l.Text], id)
		case l.Text == "":
			s.always = append(s.always, id)
		case l.Anchor == Start:
			s.starts.add(l.Text, id, firstBytes)
		case l.Anchor == End:
			s.finishes.add(l.Text, id, lastBytes)
		case len(l.Text) < gramLen:
			s.addShort(l.Text, id)
		default:
			long = append(long, id)
		}
	}
	s.grams = newGrams(literals, long)
	return s
}

// Len is the number of literals.
func (s *Set) Len() int { return len(s.literals) }

// AppendHits appends the numbers of all literals that hold for value, in no order; a literal that occurs
// several times may be appended several times.
func (s *Set) AppendHits(dst []uint32, value []byte) []uint32 {
	dst = append(dst, s.always...)
	if len(s.whole) > 0 {
		dst = append(dst, s.whole[string(value)]...)
	}
	for i := range s.starts.levels {
		lv := &s.starts.levels[i]
		if len(value) < lv.n {
			continue
		}
		for _, id := range lv.table[string(value[:lv.n])] {
			if t := s.literals[id].Text; len(value) >= len(t) && string(value[:len(t)]) == t {
				dst = append(dst, id)
			}
		}
	}
	for i := range s.finishes.levels {
		lv := &s.finishes.levels[i]
		if len(value) < lv.n {
			continue
		}
		for _, id := range lv.table[string(value[len(value)-lv.n:])] {
			if t := s.literals[id].Text; len(value) >= len(t) && string(value[len(value)-len(t):]) == t {
				dst = append(dst, id)
			}
		}
	}
	for i := range s.short {
		dst = s.appendShort(dst, value, &s.short[i])
	}
	return s.grams.appendHits(dst, value)
}

// levelSizes are the lengths by which anchored literals are looked up: each literal at the largest one
// that it fills. `\cmd.exe` fills 8; paths below C:\Windows\System32 need 16 to be told apart.
var levelSizes = [...]int{1, 2, 4, 8, 16}

// ends holds the literals of one end of the value, by their outermost bytes.
type ends struct {
	levels []level
}

type level struct {
	n     int
	table map[string][]uint32
}

func (e *ends) add(text string, id uint32, outermost func(string, int) string) {
	n := 0
	for _, size := range levelSizes {
		if size <= len(text) {
			n = size
		}
	}
	for i := range e.levels {
		if e.levels[i].n == n {
			key := outermost(text, n)
			e.levels[i].table[key] = append(e.levels[i].table[key], id)
			return
		}
	}
	e.levels = append(e.levels, level{n: n, table: map[string][]uint32{outermost(text, n): {id}}})
}

func firstBytes(s string, n int) string { return s[:n] }
func lastBytes(s string, n int) string  { return s[len(s)-n:] }

// shortGroup is the short literals that begin with one byte. There are hundreds, but most are emoji, which
// share their first byte and occur in few values.
type shortGroup struct {
	first byte
	ids   []uint32
}

func (s *Set) addShort(text string, id uint32) {
	for i := range s.short {
		if s.short[i].first == text[0] {
			s.short[i].ids = append(s.short[i].ids, id)
			return
		}
	}
	s.short = append(s.short, shortGroup{first: text[0], ids: []uint32{id}})
}

func (s *Set) appendShort(dst []uint32, value []byte, g *shortGroup) []uint32 {
	for {
		i := bytes.IndexByte(value, g.first)
		if i < 0 {
			return dst
		}
		value = value[i:]
		for _, id := range g.ids {
			if t := s.literals[id].Text; len(value) >= len(t) && string(value[:len(t)]) == t {
				dst = append(dst, id)
			}
		}
		value = value[1:]
	}
}
