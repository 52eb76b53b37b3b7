package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// TestWalkReadsFranz reads what franz-go's producer writes, as a broker gives it back.
func TestWalkReadsFranz(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "none", "gzip", "snappy", "lz4", "zstd"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	compression := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
	for i, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic(codec.String()), kgo.ProducerBatchCompression(compression[i]),
				kgo.MaxVersions(kversion.V2_7_0())) // Fetch names topics, not their ids
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var want []testRecord
			for round := range 3 { // three batches
				var batch []*kgo.Record
				for _, r := range someRecords() {
					if r.at < 0 {
						r.at = int64(round) // kfake takes a negative timestamp for none
					}
					want = append(want, r)
					k := &kgo.Record{Key: r.key, Value: r.value, Timestamp: time.UnixMilli(r.at)}
					for _, h := range r.headers {
						k.Headers = append(k.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
					}
					batch = append(batch, k)
				}
				if err := client.ProduceSync(ctx, batch...).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			got, next, err := new(Walker).Walk(fetchRaw(ctx, t, client, codec.String()), 0, nil)
			if err != nil || next != int64(len(want)) {
				t.Fatalf("next %d, want %d; %v", next, len(want), err)
			}
			if diff := cmp.Diff(want, recordsOf(got), cmp.AllowUnexported(testRecord{}), sameBytes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// fetchRaw gives the batches of partition 0 as they are stored.
func fetchRaw(ctx context.Context, t *testing.T, client *kgo.Client, topic string) []byte {
	t.Helper()
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 100, 1, 16<<20
	p := kmsg.NewFetchRequestTopicPartition()
	p.PartitionMaxBytes = 16 << 20
	req.Topics = []kmsg.FetchRequestTopic{{Topic: topic, Partitions: []kmsg.FetchRequestTopicPartition{p}}}
	resp, err := req.RequestWith(ctx, client.Broker(0))
	if err != nil {
		t.Fatal(err)
	}
	return resp.Topics[0].Partitions[0].RecordBatches
}

// TestWalkReadsKafkaGo reads what kafka-go's own encoder writes.
func TestWalkReadsKafkaGo(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			var want []testRecord
			var records []protocol.Record
			for _, r := range someRecords() {
				if r.at < 0 {
					r.at = 1 // kafka-go takes it for none
				}
				want = append(want, r)
				records = append(records, protocol.Record{Time: time.UnixMilli(r.at), Key: orNil(r.key), Value: orNil(r.value), Headers: r.headers})
			}
			set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(compress.Compression(codec)), Records: protocol.NewRecordReader(records...)}
			var buf bytes.Buffer
			if _, err := set.WriteTo(&buf); err != nil {
				t.Fatal(err)
			}
			got, next, err := new(Walker).Walk(buf.Bytes()[frameLen:], 0, nil)
			if err != nil || next != int64(len(want)) {
				t.Fatalf("next %d, want %d; %v", next, len(want), err)
			}
			if diff := cmp.Diff(want, recordsOf(got), cmp.AllowUnexported(testRecord{}), sameBytes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func orNil(b []byte) protocol.Bytes {
	if b == nil {
		return nil
	}
	return protocol.NewBytes(b)
}

// TestDecompressVariants: the forms that other producers give to the four codecs.
func TestDecompressVariants(t *testing.T) {
	plain := bytes.Join([][]byte{bytes.Repeat([]byte("compressible "), 30_000), noise(400_000), bytes.Repeat([]byte{0}, 300_000), []byte("end")}, nil)
	piped := func(make func(io.Writer) io.WriteCloser) []byte {
		var buf bytes.Buffer
		w := make(&buf)
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	withLZ4 := func(options ...lz4.Option) []byte {
		return piped(func(w io.Writer) io.WriteCloser {
			z := lz4.NewWriter(w)
			if err := z.Apply(options...); err != nil {
				t.Fatal(err)
			}
			return z
		})
	}
	half := len(plain) / 2
	for _, c := range []struct {
		name  string
		codec Codec
		src   []byte
	}{
		{"lz4, blocks of 64 KiB as Java writes them", CodecLZ4, withLZ4(lz4.BlockSizeOption(lz4.Block64Kb))},
		{"lz4, blocks of 4 MiB", CodecLZ4, withLZ4(lz4.BlockSizeOption(lz4.Block4Mb))},
		{"lz4 with every checksum and the size", CodecLZ4, withLZ4(lz4.ChecksumOption(true), lz4.BlockChecksumOption(true), lz4.SizeOption(uint64(len(plain))))},
		{"lz4, linked blocks as C's default", CodecLZ4, linkedLZ4(t, plain)},
		{"zstd, streamed: no content size", CodecZstd, piped(func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })},
		{"zstd, best, in one piece", CodecZstd, func() []byte {
			z, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
			return z.EncodeAll(plain, nil)
		}()},
		{"zstd, two frames", CodecZstd, func() []byte {
			z, _ := zstd.NewWriter(nil)
			return z.EncodeAll(plain[half:], z.EncodeAll(plain[:half], nil))
		}()},
		{"gzip, best", CodecGzip, piped(func(w io.Writer) io.WriteCloser { z, _ := gzip.NewWriterLevel(w, gzip.BestCompression); return z })},
		{"snappy, one bare block", CodecSnappy, s2.EncodeSnappyBetter(nil, plain)},
		{"snappy in Java's framing", CodecSnappy, xerialBlocks(plain, 32<<10)},
		{"snappy in Java's framing, one block", CodecSnappy, xerialBlocks(plain, len(plain))},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecompressor(0)
			for _, room := range []int{0, 100, len(plain) - 1, len(plain), 4 * len(plain)} {
				got, err := d.append(c.codec, make([]byte, 0, room), c.src)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("with room for %d: %d bytes, want %d; %v", room, len(got), len(plain), err)
				}
			}
			if _, err := d.append(c.codec, nil, c.src[:len(c.src)*2/3]); err == nil {
				t.Error("two thirds of it were read without an error")
			}
		})
	}
}

// noise is the same every time and does not compress.
func noise(n int) []byte {
	out := make([]byte, 0, n+8)
	for x := uint64(88172645463325252); len(out) < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		out = binary.LittleEndian.AppendUint64(out, x)
	}
	return out[:n]
}

// xerialBlocks frames snappy as snappy-java does.
func xerialBlocks(plain []byte, block int) []byte {
	out := append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1)
	for len(plain) > 0 {
		n := min(block, len(plain))
		b := s2.EncodeSnappy(nil, plain[:n])
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(b))), b...)
		plain = plain[n:]
	}
	return out
}

// linkedLZ4 writes a frame whose blocks refer to the 64 KiB before them. No Go encoder does, so it makes
// the blocks by hand: a stored one, then one that copies from it.
func linkedLZ4(t *testing.T, plain []byte) []byte {
	t.Helper()
	out := append([]byte(lz4Magic), 0x40, 0x70, 0) // linked, blocks of 4 MiB, a checksum that nobody reads
	block := func(b []byte, stored uint32) {
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(b))|stored), b...)
	}
	block(plain[:13], lz4Stored) // "compressible "
	// Token: no literals, a match of 15 + 4 and more; offset 13; the length's rest; then the last literals.
	n := 30_000*13 - 13
	var b []byte
	b = append(b, 0x0f, 13, 0)
	rest := n - 4 - 15
	for ; rest >= 255; rest -= 255 {
		b = append(b, 255)
	}
	b = append(b, byte(rest))
	b = append(b, 0xf0)
	tail := plain[30_000*13:]
	for rest = len(tail) - 15; rest >= 255; rest -= 255 {
		b = append(b, 255)
	}
	b = append(append(b, byte(rest)), tail...)
	block(b, 0)
	if len(b) > 4<<20 {
		t.Fatal("the block is too long for its frame")
	}
	return append(out, 0, 0, 0, 0)
}

// TestDecompressLies: a few bytes that claim to be many are refused before memory is taken for them.
func TestDecompressLies(t *testing.T) {
	lie := binary.AppendUvarint(nil, 100<<20)
	d := NewDecompressor(0)
	for _, c := range []struct {
		name  string
		codec Codec
		src   []byte
	}{
		{"snappy", CodecSnappy, append(lie, 0, 0)},
		{"snappy in Java's framing", CodecSnappy, append(append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6), append(lie, 0, 0)...)},
		{"snappy, a block longer than what there is", CodecSnappy, append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)},
		{"lz4, a block longer than what there is", CodecLZ4, append([]byte(lz4Magic+lz4Header), 0xff, 0xff, 0xff, 0x7f)},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := d.append(c.codec, nil, c.src)
			if err == nil || cap(out) > 1<<10 {
				t.Errorf("%d bytes were taken; %v", cap(out), err)
			}
		})
	}
}
