package index

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// pairs finds a few literals anywhere in a value by two of their bytes in a row, or, where all literals have
// three bytes or more, by two such pairs at neighbouring places: then every second byte is looked at. The bitmap
// over all pairs of bytes is 8 kB.
type pairs struct {
	filter   [1 << 16 / 64]uint64
	first    [pairBuckets + 1]uint32 // by bucket, where its entries begin
	entries  []pairEntry
	literals []Literal // by the Set's numbers
	stride   int
}

const pairBuckets = 256

type pairEntry struct {
	pair uint16
	off  uint16 // where in the literal the pair lies
	id   uint32
}

func pairBucket(pair uint16) uint16 { return pair * 0x9E37 >> 8 }

// newPairs takes literals of two bytes or more; it gives nil for none.
func newPairs(literals []Literal, ids []uint32) *pairs {
	if len(ids) == 0 {
		return nil
	}
	p := &pairs{literals: literals, stride: 2}
	for _, id := range ids {
		if len(literals[id].Text) == 2 {
			p.stride = 1
		}
	}
	for _, id := range ids {
		text := literals[id].Text
		from := rarestPair(text, p.stride)
		for off := from; off < from+p.stride; off++ {
			pair := pairAt(text, off)
			p.filter[pair>>6] |= 1 << (pair & 63)
			p.entries = append(p.entries, pairEntry{pair: pair, off: uint16(off), id: id})
			p.first[pairBucket(pair)+1]++
		}
	}
	slices.SortStableFunc(p.entries, func(a, b pairEntry) int { return cmp.Compare(pairBucket(a.pair), pairBucket(b.pair)) })
	for i := range pairBuckets {
		p.first[i+1] += p.first[i]
	}
	return p
}

func pairAt(text string, off int) uint16 { return uint16(text[off]) | uint16(text[off+1])<<8 }

// rarestPair picks where in a literal stride pairs in a row begin that are made of the least common bytes.
func rarestPair(lit string, stride int) int {
	best, at := -1, 0
	for from := 0; from+stride < min(len(lit), maxOff); from++ {
		sum := 0
		for off := from; off < from+stride; off++ {
			sum += commonness(lit[off]) * commonness(lit[off+1])
		}
		if best < 0 || sum < best {
			best, at = sum, from
		}
	}
	return at
}

func (p *pairs) appendHits(dst []uint32, value []byte) []uint32 {
	i := 0
	for ; i+8 <= len(value); i += 4 {
		w := binary.LittleEndian.Uint64(value[i:])
		found := p.bit(w) | p.bit(w>>16)<<2
		if p.stride == 1 {
			found |= p.bit(w>>8)<<1 | p.bit(w>>24)<<3
		}
		for ; found != 0; found &= found - 1 {
			k := bits.TrailingZeros64(found)
			dst = p.verify(dst, value, i+k, uint16(w>>(8*k)))
		}
	}
	for ; i+2 <= len(value); i += p.stride {
		if w := binary.LittleEndian.Uint16(value[i:]); p.bit(uint64(w)) != 0 {
			dst = p.verify(dst, value, i, w)
		}
	}
	return dst
}

func (p *pairs) bit(w uint64) uint64 { return p.filter[w>>6&1023] >> (w & 63) & 1 }

// verify appends the literals whose pair lies at value[at:] and that lie around it as a whole.
func (p *pairs) verify(dst []uint32, value []byte, at int, pair uint16) []uint32 {
	b := pairBucket(pair)
	for _, e := range p.entries[p.first[b]:p.first[b+1]] {
		if e.pair == pair && around(value, at, int(e.off), p.literals[e.id].Text) {
			dst = append(dst, e.id)
		}
	}
	return dst
}
