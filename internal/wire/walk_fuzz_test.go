package wire

import (
	"errors"
	"slices"
	"testing"
)

// FuzzWalk: whatever bytes come, they are read or refused, in memory that the limits bound.
func FuzzWalk(f *testing.F) {
	whole := func(b *testBatch) []byte { return b.bytes(f) }
	for _, codec := range codecs {
		b := batchOf(3, value(0, "a"), value(2, "some longer value, some longer value"))
		b.compressed = codec
		f.Add(whole(b), int64(0), int64(-1))
	}
	f.Add(append(whole(batchOf(0, value(0, "a")).inTxn(5)), whole(abort(1, 5))...), int64(0), int64(5))
	f.Add(whole(batchOf(0, value(0, "a")))[:40], int64(9), int64(-1))
	d := NewDecompressor(fuzzLimit)
	f.Fuzz(func(t *testing.T, set []byte, position, aborted int64) {
		if position < 0 {
			return // the consumer never asks for one
		}
		var list []AbortedTxn
		if aborted >= 0 {
			list = []AbortedTxn{{ProducerID: aborted}}
		}
		w := Walker{Decompressor: d}
		checkWalk(t, &w, set, position, list)
		// The CRC keeps a fuzzer out. Once it is right, everything else has to hold by itself.
		set = slices.Clone(set)
		for rest := set; ; {
			b, behind, err := splitBatch(rest)
			if err != nil || b.raw == nil {
				break
			}
			resum(b.raw)
			rest = behind
		}
		checkWalk(t, &w, set, position, list)
	})
}

// FuzzWalkRecords: whatever a batch holds behind a header that is right, as it is and as a codec's bytes.
func FuzzWalkRecords(f *testing.F) {
	some := batchOf(0, value(0, "a"), value(1, "b")).payload()
	f.Add(some, int32(2), int32(1), int16(0), int64(0))
	for _, codec := range codecs {
		c, err := NewCompressor(codec)
		if err != nil {
			f.Fatal(err)
		}
		payload, err := c.append(nil, some)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload, int32(2), int32(1), int16(codec), int64(1))
	}
	d := NewDecompressor(fuzzLimit)
	f.Fuzz(func(t *testing.T, payload []byte, count, lastDelta int32, attributes int16, position int64) {
		if position < 0 {
			return
		}
		b := testBatch{base: 1, lastDelta: lastDelta, count: count, attributes: attributes}
		w := Walker{Decompressor: d}
		checkWalk(t, &w, b.with(payload), position, nil)
	})
}

const fuzzLimit = 1 << 20

// checkWalk walks twice, the second time with used buffers, and checks what has to hold for any bytes.
func checkWalk(t *testing.T, w *Walker, set []byte, position int64, aborted []AbortedTxn) {
	t.Helper()
	var before string
	for range 2 {
		records, next, err := w.Walk(set, position, aborted)
		var bad *BatchError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if next < position {
			t.Fatalf("next %d for position %d", next, position)
		}
		at := position - 1
		for _, r := range records {
			if r.Offset <= at || r.Offset >= next {
				t.Fatalf("offset %d behind %d, next %d", r.Offset, at, next)
			}
			at = r.Offset
			n := 0
			for range r.Headers.All() {
				n++
			}
			if n != r.Headers.N {
				t.Fatalf("%d of %d headers decode", n, r.Headers.N)
			}
		}
		if most := walkEnough + fuzzLimit; w.arena.total > most || len(records) > walkRecords {
			t.Fatalf("%d bytes, %d records", w.arena.total, len(records))
		}
		now := shown(records)
		if before != "" && now != before {
			t.Fatal("the second walk gave other records")
		}
		before = now
	}
}
