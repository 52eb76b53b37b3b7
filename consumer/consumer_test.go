package consumer

import (
	"testing"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestConsumesEverythingOnceAndCommits(t *testing.T) {
	for _, codec := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{
		{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()},
		{"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()},
	} {
		t.Run(codec.name, func(t *testing.T) {
			const partitions, n = 3, 1000
			b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: partitions})
			w := watchCommits(b)
			records := numbered("in", partitions, n)
			produce(t, b, records, kgo.ProducerBatchCompression(codec.codec))
			cfg := testConfig(t, b, "in")
			s := newSeen()
			cfg.Open = record(s)
			m := startMember(t, cfg)
			eventually(t, "all records", func() bool { return s.len() == n })
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
			if twice := s.twice(); twice != 0 {
				t.Errorf("%d records were handled twice", twice)
			}
			for i, v := range s.sortedValues() {
				if v != string(records[i].Value) {
					t.Fatalf("record %d has value %q, want %q", i, v, records[i].Value)
				}
			}
			if w.total() != n {
				t.Errorf("committed up to %d records, want %d", w.total(), n)
			}
			if back := w.backwards(); len(back) > 0 {
				t.Errorf("commits went backwards: %v", back)
			}
		})
	}
}
