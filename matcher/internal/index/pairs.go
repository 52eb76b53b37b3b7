package index

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// pairs finds literals of two and three bytes anywhere in a value, by their first two. There are hundreds where
// rules list emoji. The bitmap over all pairs of bytes is 8 kB.
type pairs struct {
	filter  [1 << 16 / 64]uint64
	first   [pairBuckets + 1]uint32 // by bucket, where its entries begin
	entries []pairEntry
}

const pairBuckets = 256

type pairEntry struct {
	pair uint16
	text string
	id   uint32
}

func pairBucket(pair uint16) uint16 { return pair * 0x9E37 >> 8 }

// newPairs gives nil for no literals.
func newPairs(literals []Literal, short []uint32) *pairs {
	if len(short) == 0 {
		return nil
	}
	p := &pairs{}
	for _, id := range short {
		text := literals[id].Text
		pair := uint16(text[0]) | uint16(text[1])<<8
		p.filter[pair>>6] |= 1 << (pair & 63)
		p.entries = append(p.entries, pairEntry{pair, text, id})
		p.first[pairBucket(pair)+1]++
	}
	slices.SortStableFunc(p.entries, func(a, b pairEntry) int { return cmp.Compare(pairBucket(a.pair), pairBucket(b.pair)) })
	for i := range pairBuckets {
		p.first[i+1] += p.first[i]
	}
	return p
}

// appendHits looks at four pairs at once: of most of them none is in the filter.
func (p *pairs) appendHits(dst []uint32, value []byte) []uint32 {
	i := 0
	for ; i+8 <= len(value); i += 4 {
		w := binary.LittleEndian.Uint64(value[i:])
		found := p.bit(w) | p.bit(w>>8)<<1 | p.bit(w>>16)<<2 | p.bit(w>>24)<<3
		for ; found != 0; found &= found - 1 {
			k := bits.TrailingZeros64(found)
			dst = p.verify(dst, value[i+k:], uint16(w>>(8*k)))
		}
	}
	for ; i+2 <= len(value); i++ {
		if w := binary.LittleEndian.Uint16(value[i:]); p.bit(uint64(w)) != 0 {
			dst = p.verify(dst, value[i:], w)
		}
	}
	return dst
}

func (p *pairs) bit(w uint64) uint64 { return p.filter[w>>6&1023] >> (w & 63) & 1 }

// verify appends the literals that value begins with; pair is its first two bytes.
func (p *pairs) verify(dst []uint32, value []byte, pair uint16) []uint32 {
	b := pairBucket(pair)
	for _, e := range p.entries[p.first[b]:p.first[b+1]] {
		if e.pair == pair && (len(e.text) == 2 || len(value) > 2 && value[2] == e.text[2]) {
			dst = append(dst, e.id)
		}
	}
	return dst
}
