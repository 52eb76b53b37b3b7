//go:build unix

package consumer

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/picketsigma/picket/internal/broker/brokertest"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

const (
	benchRecords    = 300_000 // about 370 MB of JSON
	benchPartitions = 4
	benchBatch      = 100 // records in a batch, as the producers' lingering gives
)

// BenchmarkConsume reads the same topic to its end with kafka-go's Reader.FetchMessage, which commits
// nothing, and with our Consumer and a handler that does nothing, which commits. Each iteration is a new
// group. cpu-ns/record is this process alone: the broker is another.
func BenchmarkConsume(b *testing.B) {
	codecs := []struct {
		name  string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()}}
	var topics []broker.Topic
	for _, c := range codecs {
		topics = append(topics, broker.Topic{Name: c.name, Partitions: benchPartitions})
	}
	addrs := brokertest.Start(b, brokertest.Config{Topics: topics})
	groups := 0
	for _, c := range codecs {
		size := fill(b, addrs, c.name, c.codec)
		for _, client := range []struct {
			name string
			read func(*testing.B, []string, string, string)
		}{{"reader", readWithReader}, {"picket", readWithConsumer}} {
			b.Run(c.name+"/"+client.name, func(b *testing.B) {
				b.SetBytes(size)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				cpu := brokertest.CPU()
				for b.Loop() {
					groups++
					client.read(b, addrs, c.name, fmt.Sprint("group-", groups))
				}
				cpu = brokertest.CPU() - cpu
				runtime.ReadMemStats(&after)
				n := float64(b.N) * benchRecords
				b.ReportMetric(float64(cpu.Nanoseconds())/n, "cpu-ns/record")
				b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/record")
			})
		}
	}
}

// fill produces the records and gives the size of their values.
func fill(b *testing.B, addrs []string, topic string, codec kgo.CompressionCodec) (size int64) {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	for i := 0; i < benchRecords; i += benchPartitions * benchBatch {
		var records []*kgo.Record
		for j := range benchPartitions * benchBatch {
			r := &kgo.Record{Topic: topic, Partition: int32(j / benchBatch), Value: benchEvent(i + j)}
			size += int64(len(r.Value))
			records = append(records, r)
		}
		if err := client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
			b.Fatal(err)
		}
	}
	return size
}

// benchEvent is about 1.2 KB of JSON.
func benchEvent(i int) []byte {
	v := fmt.Appendf(nil, `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"WS-%04d.corp.example","RecordNumber":%d`, i%100, i)
	for k := range 12 {
		v = fmt.Appendf(v, `,"Field%d":"C:\\Windows\\System32\\cmd.exe /c net use \\\\srv-%d\\share%d %08x %08x"`, k, i%7, k, i*k*40503, i*2654435761)
	}
	return append(v, '}')
}

func readWithReader(b *testing.B, addrs []string, topic, group string) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: addrs, Topic: topic, GroupID: group, StartOffset: kafka.FirstOffset,
		MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 500 * time.Millisecond,
	})
	defer func() { _ = r.Close() }()
	for range benchRecords {
		if _, err := r.FetchMessage(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func readWithConsumer(b *testing.B, addrs []string, topic, group string) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var seen atomic.Int64
	c, err := New(Config{
		Brokers: addrs, Topics: []string{topic}, GroupID: group,
		Open: func(context.Context, Assignment) (Handler, error) {
			return handlerFunc(func(batch *Batch) {
				if seen.Add(int64(len(batch.Records))) >= benchRecords {
					cancel()
				}
			}), nil
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Run(ctx); err != nil {
		b.Fatal(err)
	}
	if n := seen.Load(); n != benchRecords {
		b.Fatalf("%d records, want %d", n, benchRecords)
	}
}

// handlerFunc sees batches and finishes them at once.
type handlerFunc func(*Batch)

var _ Handler = handlerFunc(nil)

func (f handlerFunc) Handle(_ context.Context, b *Batch) error { f(b); return nil }
func (handlerFunc) Close()                                     {}
