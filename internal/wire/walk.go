package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

const (
	attrCodec   = 0x07
	attrLogTime = 0x08 // all records carry the batch's maximum timestamp: the broker set it (KIP-32)
	attrControl = 0x20

	minRecordLen = 7 // length, attributes, two deltas, key, value and header count: a byte each

	// walkEnough ends a walk at the next batch boundary: together with the batch that crosses it, it
	// bounds what one fetch decompresses to.
	walkEnough = 32 << 20
	// walkRecords ends a walk within a batch: 24 MiB of Record. A megabyte that compresses well holds
	// millions of the smallest records.
	walkRecords = 1 << 18
)

// AbortedTxn is a transaction that a read_committed fetch response lists as aborted.
type AbortedTxn struct {
	ProducerID  int64
	FirstOffset int64
}

// Walker reads the record sets of fetch responses. It keeps its buffers from one walk to the next and
// does not allocate once they have grown. The zero value works; one goroutine at a time.
type Walker struct {
	Decompressor *Decompressor // made when nil; share one between Walkers

	records []Record
	arena   arena
	aborted []AbortedTxn
	begun   int                // how many of aborted began in a batch already walked
	bad     map[int64]struct{} // producers inside an aborted transaction
}

// Walk reads the batches of set in place and returns the data records with offsets from position on, and
// the position after them: where to fetch next. Records alias set or the Walker's arena and are valid
// until the next Walk.
//
// Control batches are skipped, and so are the records of the aborted transactions, which must be those
// that came with set; both move the position, as do batches that compaction has emptied. A batch cut
// off at the end of set is left for the next fetch. So is what follows about 32 MiB of decompressed
// records, or 262,144 records: the position then stands before the end of set.
//
// On an error, always a *BatchError, records and position are those before the batch that cannot be read.
func (w *Walker) Walk(set []byte, position int64, aborted []AbortedTxn) ([]Record, int64, error) {
	w.begin(aborted)
	for {
		b, rest, err := splitBatch(set)
		if err != nil || b.raw == nil {
			return w.records, position, err
		}
		set = rest
		if w.arena.total >= walkEnough || len(w.records) >= walkRecords {
			return w.records, position, nil
		}
		kept := len(w.records)
		next, err := w.batch(b, position)
		if err != nil {
			clear(w.records[kept:])
			w.records = w.records[:kept]
			return w.records, position, &BatchError{Offset: b.base, Last: b.last, Err: err}
		}
		position = next
	}
}

// Reset forgets the last walk's records, so that a Walker in a pool holds on to no response.
func (w *Walker) Reset() {
	clear(w.records)
	w.records = w.records[:0]
	w.arena.reset()
	clear(w.bad)
}

func (w *Walker) begin(aborted []AbortedTxn) {
	w.Reset()
	w.aborted, w.begun = append(w.aborted[:0], aborted...), 0
	sortAborted(w.aborted)
	if len(aborted) > 0 && w.bad == nil {
		w.bad = map[int64]struct{}{}
	}
	if w.Decompressor == nil {
		w.Decompressor = NewDecompressor(0)
	}
}

// batchView is one whole batch of magic 2.
type batchView struct {
	raw        []byte
	base, last int64
	attributes uint16
}

// splitBatch takes the first batch off a record set. There is none when the set is empty or cut off.
func splitBatch(set []byte) (b batchView, rest []byte, err error) {
	be := binary.BigEndian
	if len(set) < offCRC {
		return b, nil, nil
	}
	base := int64(be.Uint64(set))
	if magic := set[offMagic]; magic != 2 {
		return b, nil, &BatchError{Offset: base, Last: base, Err: fmt.Errorf("%w: magic %d", ErrMagic, magic)}
	}
	length := int64(int32(be.Uint32(set[offLength:])))
	if length < BatchHeaderLen-offEpoch || base < 0 {
		return b, nil, &BatchError{Offset: base, Last: base, Err: corrupt("%d bytes is not a batch's length", length)}
	}
	if length > int64(len(set)-offEpoch) {
		return b, nil, nil
	}
	end := offEpoch + int(length)
	b.raw, rest = set[:end:end], set[end:]
	delta := int32(be.Uint32(b.raw[offLastDelta:]))
	if delta < 0 || base > math.MaxInt64-1-int64(delta) {
		return batchView{}, nil, &BatchError{Offset: base, Last: base, Err: corrupt("last offset delta %d", delta)}
	}
	b.base, b.last = base, base+int64(delta)
	b.attributes = be.Uint16(b.raw[offAttributes:])
	return b, rest, nil
}

// batch checks one batch, appends its data records from position on and gives the position after them.
func (w *Walker) batch(b batchView, position int64) (next int64, err error) {
	be := binary.BigEndian
	if got, want := crc32.Checksum(b.raw[offAttributes:], castagnoli()), be.Uint32(b.raw[offCRC:]); got != want {
		return 0, corrupt("CRC-32C is %08x, the batch says %08x", got, want)
	}
	// As Java's fetcher does it: transactions that began up to here are open until their marker comes.
	for ; w.begun < len(w.aborted) && w.aborted[w.begun].FirstOffset <= b.last; w.begun++ {
		w.bad[w.aborted[w.begun].ProducerID] = struct{}{}
	}
	producer := int64(be.Uint64(b.raw[offProducerID:]))
	_, aborted := w.bad[producer]
	switch {
	case b.attributes&attrControl != 0:
		if isAbortMarker(b) {
			delete(w.bad, producer)
		}
		return max(position, b.last+1), nil
	case b.attributes&attrTransaction != 0 && aborted:
		return max(position, b.last+1), nil
	case b.last < position: // brokers serve whole batches: this one ends before the position
		return position, nil
	}
	payload := b.raw[BatchHeaderLen:]
	if codec := Codec(b.attributes & attrCodec); codec != CodecNone && len(payload) > 0 {
		if payload, err = w.decompress(codec, payload); err != nil {
			return 0, err
		}
	}
	return w.parse(b, payload, position)
}

// isAbortMarker reads the key of a control batch's only record: version and type, 0 for abort (KIP-98).
// A marker that compaction has emptied is none.
func isAbortMarker(b batchView) bool {
	if Codec(b.attributes&attrCodec) != CodecNone || binary.BigEndian.Uint32(b.raw[offCount:]) == 0 {
		return false
	}
	body, _, ok := nextBytes(b.raw[BatchHeaderLen:])
	if !ok {
		return false
	}
	var r Record
	if !parseRecord(body, 0, 0, &r) || len(r.Key) < 4 {
		return false
	}
	return binary.BigEndian.Uint16(r.Key[2:]) == 0
}

// parse appends the records of one batch and gives the position after them. A compacted batch has gaps
// between its offsets.
func (w *Walker) parse(b batchView, payload []byte, position int64) (next int64, err error) {
	be := binary.BigEndian
	count := int(int32(be.Uint32(b.raw[offCount:])))
	if count < 0 || count > len(payload)/minRecordLen {
		return 0, corrupt("%d records do not fit into %d bytes", count, len(payload))
	}
	first := int64(be.Uint64(b.raw[offFirstTime:]))
	logTime := b.attributes&attrLogTime != 0
	last := b.base - 1 // offset of the record before
	for i := range count {
		if len(w.records) >= walkRecords {
			return max(position, last+1), nil
		}
		body, rest, ok := nextBytes(payload)
		if !ok || body == nil {
			return 0, corrupt("length of record %d of %d", i+1, count)
		}
		payload = rest
		w.records = append(w.records, Record{})
		r := &w.records[len(w.records)-1]
		if !parseRecord(body, b.base, first, r) {
			return 0, corrupt("record %d of %d", i+1, count)
		}
		if r.Offset <= last || r.Offset > b.last {
			return 0, corrupt("record %d of %d has offset %d; the one before has %d, the batch ends at %d", i+1, count, r.Offset, last, b.last)
		}
		last = r.Offset
		if logTime {
			r.Timestamp = int64(be.Uint64(b.raw[offMaxTime:]))
		}
		if r.Offset < position {
			w.records = w.records[:len(w.records)-1]
		}
	}
	if len(payload) > 0 {
		return 0, corrupt("%d bytes follow the last of %d records", len(payload), count)
	}
	return b.last + 1, nil
}

// parseRecord reads the body of one record; all of it, because nobody checks headers later.
func parseRecord(b []byte, base, firstTime int64, r *Record) bool {
	if len(b) < 1 {
		return false
	}
	b = b[1:] // attributes, unused
	timeDelta, n := varint(b)
	if n <= 0 {
		return false
	}
	b = b[n:]
	offsetDelta, n := varint(b)
	if n <= 0 || offsetDelta < 0 || offsetDelta > math.MaxInt32 {
		return false
	}
	b = b[n:]
	var ok bool
	if r.Key, b, ok = nextBytes(b); !ok {
		return false
	}
	if r.Value, b, ok = nextBytes(b); !ok {
		return false
	}
	headers, n := varint(b)
	if n <= 0 || headers < 0 || headers > int64(len(b)) {
		return false
	}
	b = b[n:]
	r.Offset, r.Timestamp = base+offsetDelta, firstTime+timeDelta
	r.Headers = Headers{}
	if headers > 0 {
		r.Headers = Headers{N: int(headers), Raw: b}
		for range headers {
			if _, _, b, ok = nextHeader(b); !ok {
				return false
			}
		}
	}
	return len(b) == 0
}

// decompress puts the records of one batch into the arena.
func (w *Walker) decompress(codec Codec, src []byte) ([]byte, error) {
	free := w.arena.free()
	out, err := w.Decompressor.append(codec, free, src)
	w.arena.take(free, out)
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, ErrTooLarge):
		return nil, fmt.Errorf("%w of %d bytes (%v)", ErrTooLarge, w.Decompressor.limit, codec)
	default:
		return nil, corrupt("%v: %v", codec, err)
	}
}

// castagnoli is built once by hash/crc32 itself; asking for it costs nothing.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
