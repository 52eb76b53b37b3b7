package index

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// keyTable finds entries by a key made of a few bytes. A bitmap over hashed keys turns most values away.
type keyTable struct {
	filter  []uint64
	shift   uint8    // hash >> shift is a bit of filter
	first   []uint32 // per bucket, where its entries begin; one more at the end
	bucket  uint8    // hash >> bucket is a bucket
	entries []keyEntry
}

type keyEntry struct {
	key uint64
	id  uint32
}

// newKeyTable builds a table; it keeps entries.
func newKeyTable(entries []keyEntry) keyTable {
	if len(entries) == 0 {
		return keyTable{}
	}
	filterBits := max(6, bits.Len(uint(len(entries)*filterPerEntry-1)))
	bucketBits := max(1, bits.Len(uint(len(entries)*bucketsPerEntry-1)))
	t := keyTable{
		filter: make([]uint64, 1<<filterBits/64), shift: uint8(64 - filterBits),
		first: make([]uint32, 1<<bucketBits+1), bucket: uint8(64 - bucketBits),
		entries: entries,
	}
	slices.SortStableFunc(entries, func(a, b keyEntry) int {
		return cmp.Compare(keyHash(a.key)>>t.bucket, keyHash(b.key)>>t.bucket)
	})
	for _, e := range entries {
		h := keyHash(e.key)
		t.filter[h>>t.shift>>6] |= 1 << (h >> t.shift & 63)
		t.first[h>>t.bucket+1]++
	}
	for i := 1; i < len(t.first); i++ {
		t.first[i] += t.first[i-1]
	}
	return t
}

func keyHash(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 }

// with gives the entries that may have key; not all do.
func (t *keyTable) with(key uint64) []keyEntry {
	h := keyHash(key)
	bit := h >> (t.shift & 63)
	if t.filter[bit>>6]>>(bit&63)&1 == 0 {
		return nil
	}
	b := h >> (t.bucket & 63)
	return t.entries[t.first[b]:t.first[b+1]]
}

// endKey makes a key of 1, 2, 4, 8 or 16 bytes. Up to eight it is the bytes themselves.
func endKey(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	return mix(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))
}

// wholeKey makes a key of the length and both ends of a value.
func wholeKey(b []byte) uint64 {
	n := uint64(len(b)) << 56
	switch {
	case len(b) >= 8:
		return n ^ mix(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:]))
	case len(b) >= 4:
		return n ^ uint64(binary.LittleEndian.Uint32(b))<<24 ^ uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	case len(b) > 0:
		return n ^ uint64(b[0])<<16 ^ uint64(b[len(b)/2])<<8 ^ uint64(b[len(b)-1])
	}
	return n
}

func mix(a, b uint64) uint64 { return a*0xBF58476D1CE4E5B9 ^ bits.RotateLeft64(b, 29) }
