package wire

import (
	"encoding/binary"
	"iter"
)

// All yields the headers in order. A key aliases the record, and so does a value; a nil value is null,
// which is not the same as empty. The walk has checked the bytes: headers that were not walked end the
// sequence at the first pair that does not decode.
func (h Headers) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		b := h.Raw
		for range h.N {
			key, value, rest, ok := nextHeader(b)
			if !ok || !yield(key, value) {
				return
			}
			b = rest
		}
	}
}

// Last finds the value of the last header with the key, as Kafka's own lastHeader does. It does not
// allocate.
func (h Headers) Last(key string) (value []byte, ok bool) {
	b := h.Raw
	for range h.N {
		k, v, rest, fine := nextHeader(b)
		if !fine {
			break
		}
		if string(k) == key {
			value, ok = v, true
		}
		b = rest
	}
	return value, ok
}

// nextHeader splits the first header off b. A header's key cannot be null.
func nextHeader(b []byte) (key, value, rest []byte, ok bool) {
	key, b, ok = nextBytes(b)
	if !ok || key == nil {
		return nil, nil, nil, false
	}
	value, b, ok = nextBytes(b)
	return key, value, b, ok
}

// nextBytes splits a nullable byte string off b: a varint length, -1 for null, and the bytes.
func nextBytes(b []byte) (v, rest []byte, ok bool) {
	n, w := varint(b)
	if w <= 0 || n < -1 || n > int64(len(b)-w) {
		return nil, nil, false
	}
	b = b[w:]
	if n < 0 {
		return nil, b, true
	}
	return b[:n:n], b[n:], true
}

// varint reads a zigzag varint; the width is not positive when there is none.
func varint(b []byte) (v int64, width int) {
	// Fast path: most lengths and deltas take one or two bytes.
	if len(b) > 0 && b[0] < 0x80 {
		return int64(b[0]>>1) ^ -int64(b[0]&1), 1
	}
	if len(b) > 1 && b[1] < 0x80 {
		u := uint64(b[0]&0x7f) | uint64(b[1])<<7
		return int64(u>>1) ^ -int64(u&1), 2
	}
	return binary.Varint(b)
}
