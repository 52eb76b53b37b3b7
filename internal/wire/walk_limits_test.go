package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestWalkMaxBatch: a batch that decompresses to one byte more than the limit is refused, and the limit
// itself is not too much.
func TestWalkMaxBatch(t *testing.T) {
	for _, codec := range codecs[1:] {
		t.Run(codec.String(), func(t *testing.T) {
			b := batchOf(0, value(0, strings.Repeat("abcdefgh", 40_000)), value(1, strings.Repeat("x", 300_000)))
			b.compressed = codec
			size := len(b.payload())
			for _, limit := range []int{size, size - 1, size / 2, 1000} {
				w := Walker{Decompressor: NewDecompressor(limit)}
				w.arena.total = 1 // so that the first reset looks at the arena
				got, next, err := w.Walk(b.bytes(t), 0, nil)
				var bad *BatchError
				switch {
				case limit == size && (err != nil || len(got) != 2 || next != 2):
					t.Errorf("limit %d: %d records, next %d, %v", limit, len(got), next, err)
				case limit < size && (!errors.As(err, &bad) || !errors.Is(err, ErrTooLarge) || bad.Last != 1 || next != 0 || len(got) != 0):
					t.Errorf("limit %d of %d: %d records, next %d, %v", limit, size, len(got), next, err)
				}
				if w.arena.total > limit+1 {
					t.Errorf("limit %d: %d bytes were decompressed", limit, w.arena.total)
				}
			}
		})
	}
}

// TestWalkStopsWithinASet: what a set decompresses to is bounded, and the walks that follow bring the rest.
func TestWalkStopsWithinASet(t *testing.T) {
	const batches, size = 6, 12 << 20
	var set []byte
	for i := range batches {
		b := batchOf(int64(i), value(0, strings.Repeat(string(rune('a'+i)), size)))
		b.compressed = CodecLZ4
		set = append(set, b.bytes(t)...)
	}
	var w Walker
	var got []int
	var position int64
	for position < batches {
		records, next, err := w.Walk(set, position, nil)
		if err != nil || next == position {
			t.Fatalf("at %d: next %d, %v", position, next, err)
		}
		for i, r := range records {
			if r.Offset != position+int64(i) || len(r.Value) != size || r.Value[size-1] != 'a'+byte(r.Offset) {
				t.Errorf("offset %d has %d bytes that end in %q", r.Offset, len(r.Value), r.Value[len(r.Value)-1])
			}
		}
		if cap(w.arena.buf) > keepArena {
			t.Errorf("the arena keeps %d bytes", cap(w.arena.buf))
		}
		got = append(got, len(records))
		position = next
	}
	if fmt.Sprint(got) != "[3 3]" {
		t.Errorf("walks of %v records, want [3 3]", got)
	}
}

// TestWalkStopsWithinABatch: so is the number of records, of which a small batch can hold millions.
func TestWalkStopsWithinABatch(t *testing.T) {
	const n = walkRecords + walkRecords/2
	b := batchOf(100)
	b.lastDelta, b.count, b.compressed = 2*n-1, n, CodecZstd
	for i := range int32(n) {
		b.records = append(b.records, kmsg.Record{OffsetDelta: 2 * i}) // as if compacted
	}
	b.lastDelta = 2*n - 1
	set := append(b.bytes(t), batchOf(100+2*n, value(0, "behind")).bytes(t)...)
	if len(set) > 2<<20 {
		t.Errorf("the set has %d bytes; it should have compressed well", len(set))
	}
	var w Walker
	first, next, err := w.Walk(set, 0, nil)
	if err != nil || len(first) != walkRecords || next != 100+2*(walkRecords-1)+1 {
		t.Fatalf("%d records, next %d, %v", len(first), next, err)
	}
	rest, end, err := w.Walk(set, next, nil)
	if err != nil || len(rest) != n-walkRecords+1 || end != 100+2*n+1 {
		t.Fatalf("then %d records, next %d, %v", len(rest), end, err)
	}
	if rest[0].Offset != 100+2*walkRecords || string(rest[len(rest)-1].Value) != "behind" {
		t.Errorf("the second walk goes from %d to %q", rest[0].Offset, rest[len(rest)-1].Value)
	}
}

// TestWalkDoesNotAllocate once the Walker's buffers have grown.
func TestWalkDoesNotAllocate(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			set := jsonSet(t, codec, 20, 20)
			w := Walker{Decompressor: NewDecompressor(0)}
			aborted := []AbortedTxn{{ProducerID: 9, FirstOffset: 1}}
			n := 0
			walk := func() {
				records, _, err := w.Walk(set, 0, aborted)
				if err != nil {
					t.Fatal(err)
				}
				n = len(records)
			}
			walk()
			walk()      // the arena grows at the second begin
			most := 1.0 // not reached
			if racing {
				most = 400 // the codecs pool their tables, by the batch; nothing is per record
			}
			if allocs := testing.AllocsPerRun(50, walk); allocs >= most {
				t.Errorf("%v allocations for a walk", allocs)
			}
			if n != 400 {
				t.Errorf("%d records, want 400", n)
			}
		})
	}
}

// TestResetHoldsNothing: a pooled Walker must not keep a response alive through its records.
func TestResetHoldsNothing(t *testing.T) {
	var w Walker
	got, _, err := w.Walk(batchOf(0, value(0, "a"), value(1, "b")).bytes(t), 0, nil)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	w.Reset()
	for _, r := range w.records[:cap(w.records)] {
		if r.Value != nil || r.Key != nil || r.Headers.Raw != nil {
			t.Fatalf("a record is left: %q", r.Value)
		}
	}
}

// jsonSet encodes batches of records that look like events, with what a broker sets.
func jsonSet(t testing.TB, codec Codec, batches, records int) []byte {
	t.Helper()
	b, c := newBatch(t, codec)
	var set []byte
	for i := range batches {
		b.Reset()
		for j := range records {
			b.Append(int64(1_700_000_000_000+i*records+j), nil, event(i*records+j), nil)
		}
		frame, err := b.Encode(c, NoProducer(), false)
		if err != nil {
			t.Fatal(err)
		}
		frame = bytes.Clone(frame[frameLen:])
		rebase(frame, int64(i*records))
		set = append(set, frame...)
	}
	return set
}

// event is about 1.3 KB of JSON.
func event(i int) []byte {
	v := fmt.Appendf(nil, `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"WS-%04d.corp.example","RecordNumber":%d`, i%100, i)
	for k := range 12 {
		v = fmt.Appendf(v, `,"Field%d":"C:\\Windows\\System32\\cmd.exe /c net use \\\\srv-%d\\share%d %08x %08x"`, k, i%7, k, i*k*40503, i*2654435761)
	}
	return append(v, '}')
}
