package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// testBatch describes a batch that franz-go's kmsg encodes.
type testBatch struct {
	base       int64
	lastDelta  int32 // -1 for that of the last record
	producer   int64
	attributes int16
	firstTime  int64
	maxTime    int64
	count      int32 // -1 for the number of records
	records    []kmsg.Record
	compressed Codec
}

func batchOf(base int64, records ...kmsg.Record) *testBatch {
	return &testBatch{base: base, lastDelta: -1, producer: -1, count: -1, records: records}
}

// value is a record at an offset delta.
func value(delta int32, v string) kmsg.Record {
	return kmsg.Record{OffsetDelta: delta, Value: []byte(v)}
}

// inTxn makes the batch part of a transaction.
func (b *testBatch) inTxn(producer int64) *testBatch {
	b.producer, b.attributes = producer, b.attributes|attrTransaction
	return b
}

// marker ends a producer's transaction at an offset: type 0 aborts, 1 commits (KIP-98).
func marker(offset, producer int64, kind uint16) *testBatch {
	key := binary.BigEndian.AppendUint16([]byte{0, 0}, kind)
	b := batchOf(offset, kmsg.Record{Key: key, Value: []byte{0, 0, 0, 0, 0, 0}}).inTxn(producer)
	b.attributes |= attrControl
	return b
}

func abort(offset, producer int64) *testBatch  { return marker(offset, producer, 0) }
func commit(offset, producer int64) *testBatch { return marker(offset, producer, 1) }

// payload is the records' bytes before compression.
func (b *testBatch) payload() (out []byte) {
	for _, r := range b.records {
		r.Length = 0
		r.Length = int32(len(r.AppendTo(nil)) - 1) // a length of 0 takes one byte
		out = r.AppendTo(out)
	}
	return out
}

func (b *testBatch) bytes(t testing.TB) []byte {
	t.Helper()
	payload := b.payload()
	if b.compressed != CodecNone {
		c, err := NewCompressor(b.compressed)
		if err != nil {
			t.Fatal(err)
		}
		if payload, err = c.append(nil, payload); err != nil {
			t.Fatal(err)
		}
	}
	return b.with(payload)
}

// with encodes the batch with these bytes as its records.
func (b *testBatch) with(payload []byte) []byte {
	k := kmsg.RecordBatch{
		FirstOffset: b.base, PartitionLeaderEpoch: 7, Magic: 2, Attributes: b.attributes | int16(b.compressed),
		LastOffsetDelta: b.lastDelta, FirstTimestamp: b.firstTime, MaxTimestamp: b.maxTime,
		ProducerID: b.producer, ProducerEpoch: 0, FirstSequence: -1, NumRecords: b.count, Records: payload,
	}
	if b.lastDelta < 0 && len(b.records) > 0 {
		k.LastOffsetDelta = b.records[len(b.records)-1].OffsetDelta
	}
	if b.count < 0 {
		k.NumRecords = int32(len(b.records))
	}
	k.Length = int32(BatchHeaderLen - offEpoch + len(payload))
	raw := k.AppendTo(nil)
	resum(raw)
	return raw
}

// resum puts right the CRC of a batch that was changed.
func resum(raw []byte) {
	sum := crc32.Checksum(raw[offAttributes:], crc32.MakeTable(crc32.Castagnoli))
	binary.BigEndian.PutUint32(raw[offCRC:], sum)
}

func setOf(t testing.TB, batches ...*testBatch) (set []byte) {
	t.Helper()
	for _, b := range batches {
		set = append(set, b.bytes(t)...)
	}
	return set
}

// shown writes records as "offset=value".
func shown(records []Record) string {
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%d=%s", r.Offset, r.Value))
	}
	return strings.Join(out, " ")
}

func TestWalkPositionsAndFilters(t *testing.T) {
	aborted := func(list ...int64) (out []AbortedTxn) { // producer, first offset, …
		for i := 0; i < len(list); i += 2 {
			out = append(out, AbortedTxn{ProducerID: list[i], FirstOffset: list[i+1]})
		}
		return out
	}
	gap := batchOf(10, value(2, "c"), value(5, "f"))
	gap.lastDelta = 9
	emptied := batchOf(20)
	emptied.lastDelta = 4
	emptiedZstd := batchOf(20)
	emptiedZstd.lastDelta, emptiedZstd.attributes = 4, int16(CodecZstd) // says zstd and holds nothing
	emptiedMarker := abort(1, 5)
	emptiedMarker.records, emptiedMarker.lastDelta = nil, 0
	plainOfTxnProducer := batchOf(0, value(0, "a")) // idempotent, not in a transaction
	plainOfTxnProducer.producer = 5
	logTime := batchOf(0, value(0, "a"))
	logTime.attributes, logTime.firstTime, logTime.maxTime = attrLogTime, 1, 99

	for _, c := range []struct {
		name     string
		set      []*testBatch
		position int64
		aborted  []AbortedTxn
		want     string
		next     int64
	}{
		{"nothing", nil, 7, nil, "", 7},
		{"one batch", []*testBatch{batchOf(0, value(0, "a"), value(1, "b"))}, 0, nil, "0=a 1=b", 2},
		{"begins below the position", []*testBatch{batchOf(4, value(0, "a"), value(1, "b"), value(2, "c"))}, 5, nil, "5=b 6=c", 7},
		{"a batch wholly below the position", []*testBatch{batchOf(0, value(0, "a")), batchOf(1, value(0, "b"))}, 1, nil, "1=b", 2},
		{"only below the position", []*testBatch{batchOf(0, value(0, "a"))}, 9, nil, "", 9},
		{"gap inside, before and after", []*testBatch{gap, batchOf(25, value(0, "z"))}, 3, nil, "12=c 15=f 25=z", 26},
		{"a batch that compaction emptied", []*testBatch{emptied}, 20, nil, "", 25},
		{"two such in a row", []*testBatch{emptied, emptiedZstd, batchOf(30, value(0, "x"))}, 20, nil, "30=x", 31},
		{"position inside an emptied batch", []*testBatch{emptied}, 22, nil, "", 25},
		{"control records only", []*testBatch{commit(3, 5), abort(4, 6)}, 3, nil, "", 5},
		{"log-append time", []*testBatch{logTime}, 0, nil, "0=a", 1},

		{"a committed transaction", []*testBatch{batchOf(0, value(0, "a")).inTxn(5), commit(1, 5)}, 0, nil, "0=a", 2},
		{"an aborted transaction", []*testBatch{batchOf(0, value(0, "a")).inTxn(5), abort(1, 5)}, 0, aborted(5, 0), "", 2},
		{"not listed as aborted: read_uncommitted", []*testBatch{batchOf(0, value(0, "a")).inTxn(5), abort(1, 5)}, 0, nil, "0=a", 2},
		{"aborted, then committed by the same producer",
			[]*testBatch{batchOf(0, value(0, "a")).inTxn(5), abort(1, 5), batchOf(2, value(0, "b")).inTxn(5), commit(3, 5)},
			0, aborted(5, 0), "2=b", 4},
		{"committed, then aborted by the same producer",
			[]*testBatch{batchOf(0, value(0, "a")).inTxn(5), commit(1, 5), batchOf(2, value(0, "b")).inTxn(5), abort(3, 5)},
			0, aborted(5, 2), "0=a", 4},
		{"aborted twice with a commit between",
			[]*testBatch{batchOf(0, value(0, "a")).inTxn(5), abort(1, 5), batchOf(2, value(0, "b")).inTxn(5), commit(3, 5), batchOf(4, value(0, "c")).inTxn(5), abort(5, 5)},
			0, aborted(5, 0, 5, 4), "2=b", 6},
		{"three producers interleaved",
			[]*testBatch{
				batchOf(0, value(0, "a1")).inTxn(1), batchOf(1, value(0, "b1")).inTxn(2), batchOf(2, value(0, "c1")),
				batchOf(3, value(0, "a2")).inTxn(1), batchOf(4, value(0, "d1")).inTxn(3), abort(5, 1), batchOf(6, value(0, "b2")).inTxn(2),
				batchOf(7, value(0, "a3")).inTxn(1), commit(8, 2), abort(9, 3), commit(10, 1),
			},
			0, aborted(1, 0, 3, 4), "1=b1 2=c1 6=b2 7=a3", 11},
		{"the list in another order",
			[]*testBatch{batchOf(0, value(0, "a")).inTxn(1), abort(1, 1), batchOf(2, value(0, "b")).inTxn(2), batchOf(3, value(0, "a")).inTxn(1), abort(4, 2), commit(5, 1)},
			0, aborted(2, 2, 1, 0), "3=a", 6},
		{"the transaction began before the set", []*testBatch{batchOf(10, value(0, "a")).inTxn(5), abort(11, 5)}, 10, aborted(5, 2), "", 12},
		{"its abort marker lies below the position, in the same fetch",
			[]*testBatch{abort(3, 5), batchOf(4, value(0, "b")).inTxn(5), commit(5, 5)}, 4, aborted(5, 0), "4=b", 6},
		{"a later abort does not reach back", []*testBatch{batchOf(0, value(0, "a")).inTxn(5), commit(1, 5)}, 0, aborted(5, 7), "0=a", 2},
		{"a batch outside of transactions by the same producer", []*testBatch{plainOfTxnProducer}, 0, aborted(5, 0), "0=a", 1},
		{"an emptied marker ends nothing",
			[]*testBatch{emptiedMarker, batchOf(2, value(0, "b")).inTxn(5)}, 0, aborted(5, 0), "", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, next, err := new(Walker).Walk(setOf(t, c.set...), c.position, c.aborted)
			if err != nil {
				t.Fatal(err)
			}
			if shown(got) != c.want || next != c.next {
				t.Errorf("records %q, next %d; want %q, %d", shown(got), next, c.want, c.next)
			}
			if c.name == "log-append time" && got[0].Timestamp != 99 {
				t.Errorf("timestamp %d, want the batch's 99", got[0].Timestamp)
			}
		})
	}
}

// TestWalkFields reads records whose numbers need every length of varint, and null against empty.
func TestWalkFields(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	records := []kmsg.Record{
		{OffsetDelta: 0, Key: []byte("k"), Value: []byte("v"), Headers: []kmsg.Header{{Key: "a", Value: []byte("1")}, {Key: "", Value: []byte{}}, {Key: "null"}, {Key: long, Value: []byte(long)}}},
		{OffsetDelta: 1}, // null key, null value
		{OffsetDelta: 2, Key: []byte{}, Value: []byte{}},  // empty
		{OffsetDelta: 63, TimestampDelta64: 63},           // the last of one byte
		{OffsetDelta: 64, TimestampDelta64: -64},          //
		{OffsetDelta: 65, TimestampDelta64: 64},           // the first of two
		{OffsetDelta: 8191, TimestampDelta64: -65},        //
		{OffsetDelta: 8192, TimestampDelta64: 8192},       // the first of three
		{OffsetDelta: 1 << 20, TimestampDelta64: 1 << 40}, //
		{OffsetDelta: 1<<31 - 1, TimestampDelta64: -(1 << 62), Value: []byte(long)},
	}
	b := batchOf(1<<40, records...)
	b.firstTime = 1_700_000_000_000
	for _, codec := range codecs {
		b.compressed = codec
		got, next, err := new(Walker).Walk(b.bytes(t), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(records) || next != 1<<40+1<<31 {
			t.Fatalf("%v: %d records, next %d", codec, len(got), next)
		}
		for i, r := range got {
			want := records[i]
			if r.Offset != b.base+int64(want.OffsetDelta) || r.Timestamp != b.firstTime+want.TimestampDelta64 || !same(r.Key, want.Key) || !same(r.Value, want.Value) {
				t.Errorf("%v: record %d is at %d with time %d, key %.9q, value %.9q", codec, i, r.Offset, r.Timestamp, r.Key, r.Value)
			}
			var headers []kmsg.Header
			for k, v := range r.Headers.All() {
				headers = append(headers, kmsg.Header{Key: string(k), Value: v})
			}
			if !slices.EqualFunc(headers, want.Headers, func(a, b kmsg.Header) bool { return a.Key == b.Key && same(a.Value, b.Value) }) {
				t.Errorf("%v: record %d has headers %.99v", codec, i, headers)
			}
		}
	}
}

// same compares bytes, and null with null only.
func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// sameBytes has cmp compare byte slices as same does, and not byte by byte.
var sameBytes = cmp.Comparer(same)

// recordsOf brings a walk's records into the form that tests compare.
func recordsOf(list []Record) (out []testRecord) {
	for _, r := range list {
		back := testRecord{at: r.Timestamp, key: r.Key, value: r.Value}
		for k, v := range r.Headers.All() {
			back.headers = append(back.headers, protocol.Header{Key: string(k), Value: v})
		}
		out = append(out, back)
	}
	return out
}

func TestHeadersLast(t *testing.T) {
	b := batchOf(0, kmsg.Record{Headers: []kmsg.Header{{Key: "a", Value: []byte("1")}, {Key: "b"}, {Key: "a", Value: []byte("2")}}}, kmsg.Record{OffsetDelta: 1})
	got, _, err := new(Walker).Walk(b.bytes(t), 0, nil)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for _, c := range []struct {
		key   string
		value []byte
		ok    bool
	}{{"a", []byte("2"), true}, {"b", nil, true}, {"c", nil, false}} {
		if v, ok := got[0].Headers.Last(c.key); !same(v, c.value) || ok != c.ok {
			t.Errorf("last %s is %q, %v; want %q, %v", c.key, v, ok, c.value, c.ok)
		}
	}
	if v, ok := got[1].Headers.Last("a"); v != nil || ok || got[1].Headers.N != 0 {
		t.Errorf("a record without headers has %q, %v", v, ok)
	}
	if n := testing.AllocsPerRun(10, func() { got[0].Headers.Last("b") }); n != 0 {
		t.Errorf("Last allocates %v times", n)
	}
}

// TestWalkCutOff cuts a set at every byte: whole batches are read, the rest is left for the next fetch.
func TestWalkCutOff(t *testing.T) {
	first, second := batchOf(0, value(0, "a"), value(1, "b")), batchOf(2, value(0, "c"))
	whole := setOf(t, first, second)
	border := len(first.bytes(t))
	var w Walker
	for n := range len(whole) {
		got, next, err := w.Walk(whole[:n], 0, nil)
		want, wantNext := "", int64(0)
		if n >= border {
			want, wantNext = "0=a 1=b", 2
		}
		if err != nil || shown(got) != want || next != wantNext {
			t.Fatalf("%d of %d bytes: records %q, next %d, %v", n, len(whole), shown(got), next, err)
		}
	}
}

func TestWalkRefuses(t *testing.T) {
	edit := func(at int, b ...byte) func(raw []byte) { return func(raw []byte) { copy(raw[at:], b) } }
	summed := func(f func([]byte)) func([]byte) { return func(raw []byte) { f(raw); resum(raw) } }
	good := func() *testBatch { return batchOf(5, value(0, "abc"), value(1, "def")) }
	for _, c := range []struct {
		name string
		bad  []byte // nil: good, changed by edit
		edit func(raw []byte)
		kind error
		last int64 // what the error says
		text string
	}{
		{"a flipped bit", nil, edit(BatchHeaderLen+3, 0xff), ErrCorrupt, 6, "CRC-32C"},
		{"magic 1", nil, edit(offMagic, 1), ErrMagic, 5, "magic 1"},
		{"magic 3", nil, edit(offMagic, 3), ErrMagic, 5, "magic 3"},
		{"a length of nothing", nil, edit(offLength, 0, 0, 0, 0), ErrCorrupt, 5, "length"},
		{"a length below the header's", nil, edit(offLength, 0, 0, 0, 48), ErrCorrupt, 5, "length"},
		{"a negative length", nil, edit(offLength, 0xff, 0xff, 0xff, 0xff), ErrCorrupt, 5, "length"},
		{"a negative last offset delta", nil, summed(edit(offLastDelta, 0xff)), ErrCorrupt, 5, "delta"},
		{"a negative count", nil, summed(edit(offCount, 0xff)), ErrCorrupt, 6, "fit"},
		{"more records than bytes", nil, summed(edit(offCount, 0, 0, 0, 99)), ErrCorrupt, 6, "fit"},
		{"one record more than there is", nil, summed(edit(offCount, 0, 0, 0, 3)), ErrCorrupt, 6, "fit"},
		{"one record less than there is", nil, summed(edit(offCount, 0, 0, 0, 1)), ErrCorrupt, 6, "follow"},
		{"an unknown codec", nil, summed(edit(offAttributes+1, 6)), ErrCorrupt, 6, "codec 6"},
		{"zstd that is none", nil, summed(edit(offAttributes+1, byte(CodecZstd))), ErrCorrupt, 6, "zstd"},
		{"lz4 that is none", nil, summed(edit(offAttributes+1, byte(CodecLZ4))), ErrCorrupt, 6, "lz4"},
		{"gzip that is none", nil, summed(edit(offAttributes+1, byte(CodecGzip))), ErrCorrupt, 6, "gzip"},
		{"snappy that is none", nil, summed(edit(offAttributes+1, byte(CodecSnappy))), ErrCorrupt, 6, "snappy"},
		{"a record length beyond the batch", nil, summed(edit(BatchHeaderLen, 0x7e)), ErrCorrupt, 6, "length of record 1"},
		{"a negative record length", nil, summed(edit(BatchHeaderLen, 0x01)), ErrCorrupt, 6, "length of record 1"},
		{"a value beyond the record", nil, summed(edit(BatchHeaderLen+5, 0x7e)), ErrCorrupt, 6, "record 1 of 2"},
		{"a record that goes on behind its headers", nil, summed(edit(BatchHeaderLen+5, 0x04)), ErrCorrupt, 6, "record 1 of 2"},
		{"more headers than bytes", nil, summed(edit(BatchHeaderLen+9, 0x7e)), ErrCorrupt, 6, "record 1 of 2"},
		{"a record behind the batch's last offset", batchOf(5, value(0, "a"), value(9, "b"), value(2, "c")).bytes(t), nil, ErrCorrupt, 7, "record 2 of 3 has offset 14"},
		{"two records with one offset", batchOf(5, value(0, "a"), value(0, "b")).bytes(t), nil, ErrCorrupt, 5, "record 2 of 2 has offset 5"},
		{"a header without a key", good().with([]byte{22, 0, 0, 0, 1, 1, 2, 1, 1, 0, 0, 0}), nil, ErrCorrupt, 6, "record"},
		{"an endless varint", good().with(bytes.Repeat([]byte{0xff}, 40)), nil, ErrCorrupt, 6, "length of record 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := c.bad
			if bad == nil {
				bad = good().bytes(t)
				c.edit(bad)
			}
			before := batchOf(2, value(0, "x"), value(2, "z"))
			got, next, err := new(Walker).Walk(append(before.bytes(t), bad...), 0, nil)
			if shown(got) != "2=x 4=z" || next != 5 {
				t.Errorf("what precedes the bad batch is %q, next %d", shown(got), next)
			}
			var b *BatchError
			if !errors.As(err, &b) || !errors.Is(err, c.kind) || b.Offset != 5 || b.Last != c.last || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v (%+v), want %v, last %d, with %q", err, b, c.kind, c.last, c.text)
			}
		})
	}
	if _, _, err := new(Walker).Walk(batchOf(-3, value(0, "a")).bytes(t), 0, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a negative offset: %v", err)
	}
	if _, _, err := new(Walker).Walk(batchOf(1<<63-2, value(2, "a")).bytes(t), 0, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an offset beyond 63 bits: %v", err)
	}
}
