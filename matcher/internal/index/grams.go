package index

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// grams finds literals anywhere in a value by one gram of four bytes each, the one least likely to
// occur otherwise.
type grams struct {
	table
	literals []Literal // by the Set's numbers
}

func newGrams(literals []Literal, long []uint32) grams {
	g := grams{literals: literals}
	var entries []entry
	used := map[uint32]int{}
	for _, id := range long {
		e := entry{id: id}
		e.gram, e.off = rarest(literals[id].Text, used)
		used[e.gram]++
		entries = append(entries, e)
	}
	g.table = newTable(entries)
	return g
}

// appendHits looks at four grams at once: of most of them none is in the filter.
func (g *grams) appendHits(dst []uint32, value []byte) []uint32 {
	filter, shift, i := g.filter, g.shift&31, 0
	for ; i+8 <= len(value); i += 4 {
		w := binary.LittleEndian.Uint64(value[i:])
		a, b, c, d := hash(uint32(w))>>shift, hash(uint32(w>>8))>>shift, hash(uint32(w>>16))>>shift, hash(uint32(w>>24))>>shift
		found := filter[a>>6]>>(a&63)&1 | filter[b>>6]>>(b&63)&1<<1 | filter[c>>6]>>(c&63)&1<<2 | filter[d>>6]>>(d&63)&1<<3
		for ; found != 0; found &= found - 1 {
			k := bits.TrailingZeros64(found)
			dst = g.verify(dst, value, i+k, uint32(w>>(8*k)))
		}
	}
	for ; i+gramLen <= len(value); i++ {
		gram := binary.LittleEndian.Uint32(value[i:])
		if h := hash(gram) >> shift; filter[h>>6]>>(h&63)&1 != 0 {
			dst = g.verify(dst, value, i, gram)
		}
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
		lit := g.literals[e.id].Text
		if len(value)-from >= len(lit) && string(value[from:from+len(lit)]) == lit {
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
func rarest(lit string, used map[uint32]int) (gram, off uint32) {
	best := -1
	for i := 0; i+gramLen <= len(lit); i++ {
		w := binary.LittleEndian.Uint32([]byte(lit[i : i+gramLen]))
		score := 1
		for _, b := range []byte(lit[i : i+gramLen]) {
			score *= commonness(b)
		}
		score *= 1 + used[w]
		if best < 0 || score < best {
			best, gram, off = score, w, uint32(i)
		}
	}
	return gram, off
}
