package wire

import (
	"fmt"
	"testing"
)

// BenchmarkWalk walks one fetch of about 1 MiB, uncompressed, of 1.3 KB events in batches of 100.
func BenchmarkWalk(b *testing.B) {
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			const batches, records = 8, 100
			set := jsonSet(b, codec, batches, records)
			w := Walker{Decompressor: NewDecompressor(0)}
			size := 0
			for i := range batches * records {
				size += len(event(i))
			}
			for range 2 { // grow the buffers
				if _, _, err := w.Walk(set, 0, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				got, _, err := w.Walk(set, 0, nil)
				if err != nil || len(got) != batches*records {
					b.Fatal(len(got), err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(batches*records), "ns/record")
			b.ReportMetric(float64(size)/float64(len(set)), "ratio")
		})
	}
}

// BenchmarkWalkSmall walks records of 20 bytes, where the fields cost more than the bytes.
func BenchmarkWalkSmall(b *testing.B) {
	const n = 10_000
	batch := new(Batch)
	for i := range n {
		batch.Append(int64(i), nil, fmt.Appendf(nil, "value %014d", i), nil)
	}
	frame, err := batch.Encode(nil, NoProducer(), false)
	if err != nil {
		b.Fatal(err)
	}
	var w Walker
	b.ReportAllocs()
	for b.Loop() {
		if got, _, err := w.Walk(frame[frameLen:], 0, nil); err != nil || len(got) != n {
			b.Fatal(len(got), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
