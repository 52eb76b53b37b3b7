package index

import (
	"encoding/binary"
	"math/bits"
)

// grams finds literals anywhere in a value by grams of four bytes. Each literal is known by stride grams in a
// row: whatever its place, one of them lies where every stride-th byte is looked at.
type grams struct {
	table
	literals []Literal // by the Set's numbers
	stride   int
}

// longStride is the stride for long literals, and longLen how long they have to be for it.
const (
	longStride = 8
	longLen    = longStride + gramLen - 1
)

// newGrams takes literals of at least stride+3 bytes.
func newGrams(literals []Literal, ids []uint32, stride int) grams {
	g := grams{literals: literals, stride: stride}
	var entries []entry
	used := map[uint32]int{}
	for i := 0; i+gramLen <= len(frequent); i++ {
		used[gramAt(frequent, i)] = veryOften
	}
	for _, id := range ids {
		text := literals[id].Text
		from := rarest(text, stride, used)
		for off := from; off < from+stride; off++ {
			used[gramAt(text, off)]++
			entries = append(entries, newEntry(text, off, id))
		}
	}
	g.table = newTable(entries)
	return g
}

func (g *grams) appendHits(dst []uint32, value []byte) []uint32 {
	if g.stride == 1 {
		return g.appendAll(dst, value)
	}
	filter, shift := g.filter, g.shift&31
	for i := 0; i+gramLen <= len(value); i += g.stride {
		gram := binary.LittleEndian.Uint32(value[i:])
		if h := hash(gram) >> shift; filter[h>>6]>>(h&63)&1 != 0 {
			dst = g.verify(dst, value, i, gram)
		}
	}
	return dst
}

// appendAll looks at four grams at once: of most of them none is in the filter.
func (g *grams) appendAll(dst []uint32, value []byte) []uint32 {
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
		if e.gram != gram {
			continue
		}
		near := at + int(e.to)
		if near < 0 || near+gramLen > len(value) || binary.LittleEndian.Uint32(value[near:]) != e.near {
			continue
		}
		if around(value, at, int(e.off), g.literals[e.id].Text) {
			dst = append(dst, e.id)
		}
	}
	return dst
}

// around reports whether lit lies in value such that its byte off is at.
func around(value []byte, at, off int, lit string) bool {
	from := at - off
	return from >= 0 && len(value)-from >= len(lit) && string(value[from:from+len(lit)]) == lit
}

// common lists bytes of folded Windows paths and command lines, the most frequent first. It only
// chooses grams: a wrong order costs time, never a hit.
const common = "esiotnarcmdl\\w.pu fvgyhbx0-31k25647\"89_/:z{}q=,j"

// frequent is what most values of Windows are made of, folded; its grams count as if veryOften literals had
// them. Like common it only chooses grams.
const (
	frequent = `"c:\windows\system32\ c:\program files (x86)\microsoft\ c:\users\ \appdata\local\temp\ powershell.exe" -command cmd.exe /c http:// host` +
		`hklm\software\microsoft\windows nt\currentversion\ hklm\system\currentcontrolset\services\ administrator version services`
	veryOften = 16
)

// commonnessOf has the rank of each byte; 1 for those that are not listed.
var commonnessOf = func() (rank [256]int) {
	for b := range rank {
		rank[b] = 1
	}
	for i := range len(common) {
		rank[common[i]] = len(common) + 1 - i
	}
	return rank
}()

func commonness(b byte) int { return commonnessOf[b] }

// rarest picks where in a literal stride grams in a row begin that are made of the least common bytes and are
// not the grams of many others already.
func rarest(lit string, stride int, used map[uint32]int) int {
	score := func(off int) int {
		score := 1 + used[gramAt(lit, off)]
		for _, b := range []byte(lit[off : off+gramLen]) {
			score *= commonness(b)
		}
		return score
	}
	sum := 0
	for off := range stride {
		sum += score(off)
	}
	best, at := sum, 0
	for from := 1; from+stride+gramLen-1 <= min(len(lit), maxOff); from++ {
		if sum += score(from+stride-1) - score(from-1); sum < best {
			best, at = sum, from
		}
	}
	return at
}
