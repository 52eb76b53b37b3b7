package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pierrec/lz4/v4"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var codecs = []Codec{CodecNone, CodecGzip, CodecSnappy, CodecLZ4, CodecZstd}

type testRecord struct {
	at         int64
	key, value []byte
	headers    []protocol.Header
}

func someRecords() []testRecord {
	return []testRecord{
		{at: 1_772_442_847_512, key: []byte("host"), value: []byte(strings.Repeat("{\"a\":1}", 100)), headers: []protocol.Header{{Key: "k", Value: []byte("v")}, {Key: "", Value: []byte{}}, {Key: "null"}}},
		{at: 1_772_442_847_000, value: []byte("earlier, no key")},
		{at: 1_772_442_848_512, key: []byte{}, value: []byte{}},
		{at: 1_772_442_848_513, key: []byte("tombstone")},
		{at: -1, key: []byte("no time"), value: bytes.Repeat([]byte{0}, 300_000)},
	}
}

func newBatch(t testing.TB, codec Codec) (*Batch, *Compressor) {
	t.Helper()
	c, err := NewCompressor(codec)
	if err != nil {
		t.Fatal(err)
	}
	return new(Batch), c
}

// TestBatchIsReadByFranz decodes our batches with a decoder that shares no code with them.
func TestBatchIsReadByFranz(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			b, c := newBatch(t, codec)
			b.Append(1, nil, []byte("of an earlier batch"), nil)
			b.Reset()
			records := someRecords()
			for _, r := range records {
				b.Append(r.at, r.key, r.value, r.headers)
			}
			frame, err := b.Encode(c, Producer{ID: 4711, Epoch: 3, Sequence: 99}, true)
			if err != nil {
				t.Fatal(err)
			}
			var got kmsg.RecordBatch
			if err := got.ReadFrom(frame[4:]); err != nil {
				t.Fatal(err)
			}
			head := fmt.Sprint(got.FirstOffset, got.Length, got.Magic, got.Attributes, got.LastOffsetDelta, got.FirstTimestamp,
				got.MaxTimestamp, got.ProducerID, got.ProducerEpoch, got.FirstSequence, got.NumRecords)
			want := fmt.Sprint(0, len(frame)-4-12, 2, int16(codec)|0x10, 4, records[0].at, records[3].at, 4711, 3, 99, 5)
			if head != want {
				t.Errorf("header %s, want %s", head, want)
			}
			decoded, err := kfake.BatchRecords(got)
			if err != nil {
				t.Fatal(err)
			}
			if len(decoded) != len(records) {
				t.Fatalf("%d records, want %d", len(decoded), len(records))
			}
			for i, r := range decoded {
				var headers []protocol.Header
				for _, h := range r.Headers {
					headers = append(headers, protocol.Header{Key: h.Key, Value: h.Value})
				}
				back := testRecord{got.FirstTimestamp + r.TimestampDelta64, r.Key, r.Value, headers}
				if diff := cmp.Diff(records[i], back, cmp.AllowUnexported(testRecord{}), sameBytes); diff != "" {
					t.Errorf("record %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestSizeIsKnownBeforeEncoding(t *testing.T) {
	var b Batch
	if b.Size() != BatchHeaderLen {
		t.Errorf("an empty batch has size %d", b.Size())
	}
	bound := BatchHeaderLen
	for range 3 {
		for _, r := range someRecords() {
			b.Append(r.at, r.key, r.value, r.headers)
			bound += RecordLen(r.key, r.value, r.headers)
			frame, err := b.Encode(nil, NoProducer(), false)
			if err != nil {
				t.Fatal(err)
			}
			if b.Size() != len(frame)-4 {
				t.Fatalf("size %d, encoded %d", b.Size(), len(frame)-4)
			}
			if b.Size() > bound || bound-b.Size() > 20*b.Len() {
				t.Fatalf("size %d, RecordLen says at most %d", b.Size(), bound)
			}
		}
	}
}

func TestRestampKeepsTheRecords(t *testing.T) {
	b, c := newBatch(t, CodecLZ4)
	b.Append(1, []byte("k"), []byte("v"), nil)
	p := Producer{ID: 2, Epoch: 1, Sequence: 7}
	want, _ := b.Encode(c, p, false)
	want = bytes.Clone(want)
	got, _ := b.Encode(c, NoProducer(), false)
	if bytes.Equal(got, want) {
		t.Fatal("the producer is not in the batch")
	}
	Restamp(got, p)
	if !bytes.Equal(got, want) {
		t.Error("a restamped batch differs from one encoded for that producer")
	}
}

func TestSequenceWraps(t *testing.T) {
	for _, c := range []struct{ from, n, want int32 }{{0, 10, 10}, {1<<31 - 1, 1, 0}, {1<<31 - 3, 5, 2}} {
		if got := (Producer{Sequence: c.from}).After(int(c.n)).Sequence; got != c.want {
			t.Errorf("%d after %d is %d, want %d", c.n, c.from, got, c.want)
		}
	}
}

// TestLZ4HeaderChecksum compares the constant header of our frames with pierrec's writer.
func TestLZ4HeaderChecksum(t *testing.T) {
	var buf bytes.Buffer
	w := lz4.NewWriter(&buf)
	if err := w.Apply(lz4.BlockSizeOption(lz4.Block256Kb), lz4.ChecksumOption(false)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := buf.Bytes()[:7]; string(got) != lz4Magic+lz4Header {
		t.Errorf("pierrec writes % x, we % x", got, lz4Magic+lz4Header)
	}
}

func TestParseCodec(t *testing.T) {
	for _, c := range codecs {
		if got, err := ParseCodec(c.String()); err != nil || got != c {
			t.Errorf("%s: %v, %v", c, got, err)
		}
	}
	if _, err := ParseCodec("brotli"); err == nil {
		t.Error("brotli is no codec of Kafka's")
	}
	if _, err := NewCompressor(9); err == nil {
		t.Error("9 is no codec of Kafka's")
	}
}

// TestEncodeDoesNotAllocate: nothing per record. A pool may lose a codec's state now and then.
func TestEncodeDoesNotAllocate(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			b, c := newBatch(t, codec)
			records := someRecords()
			encode := func() {
				b.Reset()
				for range 20 {
					for i := range records {
						b.Append(records[i].at, records[i].key, records[i].value[:min(len(records[i].value), 1000)], records[i].headers)
					}
				}
				if _, err := b.Encode(c, NoProducer(), false); err != nil {
					t.Fatal(err)
				}
			}
			encode()
			if n := testing.AllocsPerRun(50, encode); n >= 10 {
				t.Errorf("%v allocations for a batch of 100 records", n)
			}
		})
	}
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), "header", []byte(nil), int64(1), int64(-1), uint8(3))
	f.Fuzz(func(t *testing.T, key, value []byte, name string, header []byte, t1, t2 int64, codec uint8) {
		b, c := newBatch(t, Codec(codec%5))
		headers := []protocol.Header{{Key: name, Value: header}}
		b.Append(t1, key, value, headers)
		b.Append(t2, value, key, nil)
		if b.Size() > BatchHeaderLen+RecordLen(key, value, headers)+RecordLen(value, key, nil) {
			t.Error("RecordLen is not an upper bound")
		}
		frame, err := b.Encode(c, NoProducer(), false)
		if err != nil {
			t.Fatal(err)
		}
		var got kmsg.RecordBatch
		if err := got.ReadFrom(frame[4:]); err != nil {
			t.Fatal(err)
		}
		rs, err := kfake.BatchRecords(got)
		if err != nil || len(rs) != 2 {
			t.Fatalf("%d records, %v", len(rs), err)
		}
		if !bytes.Equal(rs[0].Key, key) || !bytes.Equal(rs[1].Value, key) || rs[0].Headers[0].Key != name ||
			!bytes.Equal(rs[0].Headers[0].Value, header) || got.FirstTimestamp+rs[1].TimestampDelta64 != t2 {
			t.Errorf("%+v", rs)
		}
	})
}

// TestBatchIsWalked reads our batches with our own reader: the two halves of the package agree.
func TestBatchIsWalked(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			b, c := newBatch(t, codec)
			records := someRecords()
			for _, r := range records {
				b.Append(r.at, r.key, r.value, r.headers)
			}
			frame, err := b.Encode(c, NoProducer(), false)
			if err != nil {
				t.Fatal(err)
			}
			got, next, err := new(Walker).Walk(frame[4:], 0, nil)
			if err != nil || next != 5 || len(got) != len(records) {
				t.Fatalf("%d records, next %d, %v", len(got), next, err)
			}
			if diff := cmp.Diff(records, recordsOf(got), cmp.AllowUnexported(testRecord{}), sameBytes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
