package index

import (
	"encoding/binary"
	"strings"
)

// grams finds literals anywhere in a value by one gram of four bytes each, the one least likely to
// occur otherwise.
type grams struct {
	table
	literals [][]byte // by the Set's numbers; filled for literals searched anywhere only
}

func newGrams(literals []Literal, long []uint32) grams {
	g := grams{literals: make([][]byte, len(literals))}
	for i, l := range literals {
		if l.Anchor == Anywhere {
			g.literals[i] = []byte(l.Text)
		}
	}
	var entries []entry
	used := map[uint32]int{}
	for _, id := range long {
		e := entry{id: id}
		e.gram, e.off = rarest(g.literals[id], used)
		used[e.gram]++
		entries = append(entries, e)
	}
	g.table = newTable(entries)
	return g
}

func (g *grams) appendHits(dst []uint32, value []byte) []uint32 {
	if len(g.entries) == 0 {
		return dst
	}
	filter, shift := g.filter, g.shift
	for i := 0; i+gramLen <= len(value); i++ {
		gram := binary.LittleEndian.Uint32(value[i:])
		h := hash(gram) >> shift
		if filter[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		dst = g.verify(dst, value, i, gram)
	}
	return dst
}

// verify appends the literals whose gram lies at value[at:] and that lie around it as a whole.
func (g *grams) verify(dst []uint32, value []byte, at int, gram uint32) []uint32 {
	for _, e := range g.withHash(gram) {
		if e.gram != gram || int(e.off) > at {
			continue
		}
		from := at - int(e.off)
		lit := g.literals[e.id]
		if len(value)-from >= len(lit) && string(value[from:from+len(lit)]) == string(lit) {
			dst = append(dst, e.id)
		}
	}
	return dst
}

// common lists bytes of folded Windows paths and command lines, the most frequent first. It only
// chooses grams: a wrong order costs time, never a hit.
const common = "esiotnarcmdl\\w.pu fvgyhbx0-31k25647\"89_/:z{}q=,j"

func commonness(b byte) int {
	if i := strings.IndexByte(common, b); i >= 0 {
		return len(common) + 1 - i
	}
	return 1
}

// rarest picks the gram of a literal that is made of the least common bytes and is not the gram of
// many others already.
func rarest(lit []byte, used map[uint32]int) (gram, off uint32) {
	best := -1
	for i := 0; i+gramLen <= len(lit); i++ {
		w := binary.LittleEndian.Uint32(lit[i:])
		score := 1
		for _, b := range lit[i : i+gramLen] {
			score *= commonness(b)
		}
		score *= 1 + used[w]
		if best < 0 || score < best {
			best, gram, off = score, w, uint32(i)
		}
	}
	return gram, off
}
