package event

import (
	"encoding/binary"
	"math/bits"
)

// keySet finds a JSON key among a fixed set of names. Nearly every key of an event is not wanted, so
// the miss is what it is built for: one hash over the length and the ends of the key, one probe.
type keySet struct {
	shift uint8
	slots []int32 // index into keys, or -1; at most a quarter full
	keys  []string
}

func newKeySet(keys []string) keySet {
	size := 16
	for size < 4*len(keys) {
		size *= 2
	}
	s := keySet{shift: uint8(64 - bits.TrailingZeros(uint(size))), slots: make([]int32, size), keys: keys}
	for i := range s.slots {
		s.slots[i] = -1
	}
	for i, key := range keys {
		at := s.home(keyHash([]byte(key)))
		for s.slots[at] >= 0 {
			at = (at + 1) % size
		}
		s.slots[at] = int32(i)
	}
	return s
}

// find returns the index of key, whose keyHash is hash, or -1.
func (s *keySet) find(key []byte, hash uint64) int {
	for at := s.home(hash); ; {
		i := s.slots[at]
		if i < 0 || s.keys[i] == string(key) {
			return int(i)
		}
		if at++; at == len(s.slots) {
			at = 0
		}
	}
}

func (s *keySet) home(hash uint64) int { return int(hash >> s.shift) }

// keyHash mixes the ends and the length of a key. The names in a set are the rules' and the shapes', not
// the events': nobody can make them collide.
func keyHash(key []byte) uint64 {
	var h uint64
	switch n := len(key); {
	case n >= 8:
		h = binary.LittleEndian.Uint64(key) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(key[n-8:]), 23)
	case n >= 4:
		h = uint64(binary.LittleEndian.Uint32(key)) | uint64(binary.LittleEndian.Uint32(key[n-4:]))<<32
	default:
		for _, c := range key {
			h = h<<8 | uint64(c)
		}
	}
	h ^= uint64(len(key)) << 56
	return h * 0x9E3779B97F4A7C15
}
