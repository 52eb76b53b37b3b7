package wire

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/segmentio/kafka-go/protocol"
)

// A record batch, magic 2 (Kafka protocol guide, "Record Batch"). Offsets are from the batch's first byte.
const (
	frameLen       = 4  // the record set's size, which stands before the batch in a produce request
	BatchHeaderLen = 61 // what a batch without records takes; the broker's size limit counts it

	offLength       = 8 // of what follows this field
	offEpoch        = 12
	offMagic        = 16
	offCRC          = 17
	offAttributes   = 21 // first byte under the CRC
	offLastDelta    = 23
	offFirstTime    = 27
	offMaxTime      = 35
	offProducerID   = 43
	offProducerEp   = 51
	offSequence     = 53
	offCount        = 57
	attrTransaction = 0x10
)

// Producer identifies the sender of a batch to an idempotent broker (KIP-98).
type Producer struct {
	ID       int64
	Epoch    int16
	Sequence int32 // of the batch's first record
}

// NoProducer sends without idempotence.
func NoProducer() Producer { return Producer{ID: -1, Epoch: -1, Sequence: -1} }

// After is the sequence that follows n records; it wraps as Kafka's does, within 31 bits.
func (p Producer) After(n int) Producer {
	p.Sequence = int32((int64(p.Sequence) + int64(n)) & (1<<31 - 1))
	return p
}

// Batch builds one record batch of magic 2. The zero value is an empty batch. Its buffers are reused:
// what Encode returned is valid until the next Append, Reset or Encode. One goroutine at a time.
type Batch struct {
	raw     []byte // room for frame and header, then the records, not compressed
	out     []byte // the same, compressed
	n       int
	first   int64 // timestamps in milliseconds
	maxTime int64
}

// Reset empties the batch and keeps its buffers.
func (b *Batch) Reset() { b.raw, b.n = b.raw[:0], 0 }

// Len is the number of records.
func (b *Batch) Len() int { return b.n }

// Size is the batch's size as the broker counts it, before compression.
func (b *Batch) Size() int {
	if b.n == 0 {
		return BatchHeaderLen
	}
	return len(b.raw) - frameLen
}

// Append adds a record, copying everything. The timestamp is in milliseconds since the epoch. A nil key
// or value is null, which is not the same as empty; so is a header's nil value.
func (b *Batch) Append(timestamp int64, key, value []byte, headers []protocol.Header) {
	if b.n == 0 {
		var head [frameLen + BatchHeaderLen]byte
		b.raw = append(b.raw[:0], head[:]...)
		b.first, b.maxTime = timestamp, timestamp
	}
	b.maxTime = max(b.maxTime, timestamp)
	timeDelta, offsetDelta := timestamp-b.first, int64(b.n)
	n := 1 + varintLen(timeDelta) + varintLen(offsetDelta) + payloadLen(key, value, headers)
	o := grow(b.raw, n+binary.MaxVarintLen64)
	o = binary.AppendVarint(o, int64(n))
	o = append(o, 0) // attributes, unused
	o = binary.AppendVarint(o, timeDelta)
	o = binary.AppendVarint(o, offsetDelta)
	o = appendBytes(o, key)
	o = appendBytes(o, value)
	o = binary.AppendVarint(o, int64(len(headers)))
	for i := range headers {
		h := &headers[i]
		o = binary.AppendVarint(o, int64(len(h.Key)))
		o = append(o, h.Key...)
		o = appendBytes(o, h.Value)
	}
	b.raw = o
	b.n++
}

// RecordLen is the most that a record can add to a batch, whatever its place in it.
func RecordLen(key, value []byte, headers []protocol.Header) int {
	const worst = 5 + 1 + 10 + 5 // length, attributes, time delta, offset delta
	return worst + payloadLen(key, value, headers)
}

// Encode returns [size][batch], ready for a produce request. A nil compressor leaves the records as they
// are. The batch keeps its records: it can be encoded again.
func (b *Batch) Encode(c *Compressor, p Producer, transactional bool) ([]byte, error) {
	if b.n == 0 {
		return nil, nil
	}
	o := b.raw
	if c.Codec() != CodecNone {
		var err error
		b.out, err = c.append(append(b.out[:0], b.raw[:frameLen+BatchHeaderLen]...), b.raw[frameLen+BatchHeaderLen:])
		if err != nil {
			return nil, err
		}
		o = b.out
	}
	attributes := uint16(c.Codec())
	if transactional {
		attributes |= attrTransaction
	}
	be := binary.BigEndian
	be.PutUint32(o, uint32(len(o)-frameLen))
	h := o[frameLen:]
	be.PutUint64(h, 0)
	be.PutUint32(h[offLength:], uint32(len(h)-offLength-4))
	be.PutUint32(h[offEpoch:], ^uint32(0))
	h[offMagic] = 2
	be.PutUint16(h[offAttributes:], attributes)
	be.PutUint32(h[offLastDelta:], uint32(b.n-1))
	be.PutUint64(h[offFirstTime:], uint64(b.first))
	be.PutUint64(h[offMaxTime:], uint64(b.maxTime))
	be.PutUint32(h[offCount:], uint32(b.n))
	Restamp(o, p)
	return o, nil
}

// Restamp gives an encoded [size][batch] another producer id, epoch and sequence, and a CRC to match.
// Nobody else may be reading the bytes.
func Restamp(encoded []byte, p Producer) {
	be := binary.BigEndian
	h := encoded[frameLen:]
	be.PutUint64(h[offProducerID:], uint64(p.ID))
	be.PutUint16(h[offProducerEp:], uint16(p.Epoch))
	be.PutUint32(h[offSequence:], uint32(p.Sequence))
	be.PutUint32(h[offCRC:], crc32.Checksum(h[offAttributes:], crc32.MakeTable(crc32.Castagnoli)))
}

// appendBytes appends a nullable byte string: a varint length, -1 for null, and the bytes.
func appendBytes(dst, v []byte) []byte {
	if v == nil {
		return binary.AppendVarint(dst, -1)
	}
	dst = binary.AppendVarint(dst, int64(len(v)))
	return append(dst, v...)
}

// payloadLen is the size of the record's part that does not depend on its place in the batch.
func payloadLen(key, value []byte, headers []protocol.Header) int {
	n := bytesLen(key) + bytesLen(value) + varintLen(int64(len(headers)))
	for i := range headers {
		h := &headers[i]
		n += varintLen(int64(len(h.Key))) + len(h.Key) + bytesLen(h.Value)
	}
	return n
}

func bytesLen(v []byte) int {
	if v == nil {
		return 1
	}
	return varintLen(int64(len(v))) + len(v)
}

// varintLen is the size of a zigzag varint.
func varintLen(v int64) int {
	return (bits.Len64(uint64(v)<<1^uint64(v>>63)|1) + 6) / 7
}
