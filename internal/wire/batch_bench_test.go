package wire

import (
	"fmt"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
)

// BenchmarkEncodeBatch encodes 500 records of about 1.5 KB that look like alerts.
func BenchmarkEncodeBatch(b *testing.B) {
	const records = 500
	values := make([][]byte, records)
	headers := []protocol.Header{{Key: "content-type", Value: []byte("application/json")}, {Key: "picket.alert.id", Value: make([]byte, 32)}}
	size := 0
	for i := range values {
		v := fmt.Appendf(nil, `{"schema":"alert/1","id":"%032x","host":"WS-%04d.corp.example","event":{`, i*2654435761, i%100)
		for k := range 12 {
			v = fmt.Appendf(v, `"Field%d":"C:\\Windows\\System32\\cmd.exe /c net use \\\\srv-%d\\share %x",`, k, i%7, i*k*40503)
		}
		values[i] = append(v, `"end":1}}`...)
		size += len(values[i])
	}
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			batch, c := newBatch(b, codec)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				batch.Reset()
				for i, v := range values {
					batch.Append(int64(i), []byte("WS-0001.corp.example"), v, headers)
				}
				out, err := batch.Encode(c, NoProducer(), false)
				if err != nil {
					b.Fatal(err)
				}
				n = len(out)
			}
			b.ReportMetric(float64(size)/float64(n), "ratio")
		})
	}
}
