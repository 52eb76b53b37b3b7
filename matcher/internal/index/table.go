package index

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

const gramLen = 4

// table finds texts by grams of four bytes that lie in them. A bitmap over hashed grams turns most grams of
// a value away. Law of prefilters: the bitmap may say yes wrongly, never no wrongly; each yes is verified
// against the whole text.
type table struct {
	filter  []uint64
	shift   uint8    // hash >> shift is a bit of filter
	first   []uint32 // per bucket, where its entries begin; one more at the end
	bucket  uint8    // hash >> bucket is a bucket
	entries []entry
}

// entry is a text by one of its grams. Most grams that are found belong to another text: near, four more bytes of
// the text, tells without a look at the text itself, which lies elsewhere in memory.
type entry struct {
	gram uint32
	near uint32
	id   uint32
	off  uint16 // where in the text the gram lies
	to   int16  // from there to near
}

// maxOff is how far into a text grams are taken.
const maxOff = 1 << 15

// newEntry makes the entry of a text of at least four bytes for its gram at off.
func newEntry(text string, off int, id uint32) entry {
	near := off + gramLen
	if near+gramLen > len(text) {
		near = max(0, off-gramLen)
	}
	return entry{gram: gramAt(text, off), near: gramAt(text, near), id: id, off: uint16(off), to: int16(near - off)}
}

func gramAt(text string, off int) uint32 {
	return binary.LittleEndian.Uint32([]byte(text[off : off+gramLen]))
}

// Bits of filter, and buckets, per entry: 32 turns 97 % of the positions of a command line away with the
// 1,400 literals of process creation, in 8 kB (BenchmarkAppendHits).
const (
	filterPerEntry  = 32
	bucketsPerEntry = 1
)

func hash(gram uint32) uint32 { return gram * 0x9E3779B1 }

// newTable builds a table; it keeps entries.
func newTable(entries []entry) table {
	if len(entries) == 0 {
		return table{}
	}
	filterBits := max(6, bits.Len(uint(len(entries)*filterPerEntry-1)))
	bucketBits := bits.Len(uint(len(entries)*bucketsPerEntry - 1))
	t := table{
		filter: make([]uint64, 1<<filterBits/64), shift: uint8(32 - filterBits),
		first: make([]uint32, 1<<bucketBits+1), bucket: uint8(32 - bucketBits),
		entries: entries,
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Compare(hash(a.gram)>>t.bucket, hash(b.gram)>>t.bucket)
	})
	for _, e := range entries {
		h := hash(e.gram)
		t.filter[h>>t.shift>>6] |= 1 << (h >> t.shift & 63)
		t.first[h>>t.bucket+1]++
	}
	for i := 1; i < len(t.first); i++ {
		t.first[i] += t.first[i-1]
	}
	return t
}

// withHash gives the entries whose gram has the hash bits of gram; not all have its value.
func (t *table) withHash(gram uint32) []entry {
	b := hash(gram) >> t.bucket
	return t.entries[t.first[b]:t.first[b+1]]
}
