package index

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

const gramLen = 4

// grams finds literals anywhere in a value by one gram of four bytes each, the one least likely to
// occur otherwise. A bitmap over hashed grams turns most positions of a value away; it may say yes
// wrongly, never no wrongly, and each yes is verified against the whole literal.
type grams struct {
	literals [][]byte // by the Set's numbers; filled for literals searched anywhere only
	filter   []uint64
	shift    uint8    // hash >> shift is a bit of filter
	first    []uint32 // per bucket, where its entries begin; one more at the end
	bucket   uint8    // hash >> bucket is a bucket
	entries  []entry
}

type entry struct {
	gram uint32
	off  uint32 // where in the literal the gram lies
	id   uint32
}

// Bits of filter, and buckets, per literal: 32 turns 97 % of the positions of a command line away with
// the 1,400 literals of process creation, in 8 kB (BenchmarkAppendHits).
const (
	filterPerLiteral  = 32
	bucketsPerLiteral = 2
)

func hash(gram uint32) uint32 { return gram * 0x9E3779B1 }

func newGrams(literals []Literal, long []uint32) grams {
	g := grams{literals: make([][]byte, len(literals))}
	for i, l := range literals {
		if l.Anchor == Anywhere {
			g.literals[i] = []byte(l.Text)
		}
	}
	if len(long) == 0 {
		return g
	}
	used := map[uint32]int{}
	for _, id := range long {
		e := entry{id: id}
		e.gram, e.off = rarest(g.literals[id], used)
		used[e.gram]++
		g.entries = append(g.entries, e)
	}
	filterBits := max(6, bits.Len(uint(len(long)*filterPerLiteral-1)))
	bucketBits := bits.Len(uint(len(long)*bucketsPerLiteral - 1))
	g.shift, g.bucket = uint8(32-filterBits), uint8(32-bucketBits)
	g.filter = make([]uint64, 1<<filterBits/64)
	slices.SortStableFunc(g.entries, func(a, b entry) int {
		return cmp.Compare(hash(a.gram)>>g.bucket, hash(b.gram)>>g.bucket)
	})
	g.first = make([]uint32, 1<<bucketBits+1)
	for _, e := range g.entries {
		h := hash(e.gram)
		g.filter[h>>g.shift>>6] |= 1 << (h >> g.shift & 63)
		g.first[h>>g.bucket+1]++
	}
	for i := 1; i < len(g.first); i++ {
		g.first[i] += g.first[i-1]
	}
	return g
}

func (g *grams) text(id uint32) []byte { return g.literals[id] }

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
	b := hash(gram) >> g.bucket
	for _, e := range g.entries[g.first[b]:g.first[b+1]] {
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
