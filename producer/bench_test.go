//go:build unix

package producer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/picketsigma/picket/internal/broker/brokertest"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

// benchBroker keeps nothing: what is measured is the way there.
func benchBroker(b *testing.B) string {
	b.Helper()
	return brokertest.Start(b, brokertest.Config{Discard: true, Topics: []broker.Topic{{Name: "alerts", Partitions: 4}}})[0]
}

func benchAlert() *Alert {
	a := someAlert()
	a.Event = []byte(`{"@timestamp":"2026-03-02T09:14:07.512Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":"1","event_data":{` +
		strings.Repeat(`"CommandLine":"C:\\Windows\\System32\\cmd.exe /c net use \\\\srv\\share",`, 12) + `"Company":"NetSupport Ltd"}}}`)
	return a
}

func BenchmarkEncodeAlert(b *testing.B) {
	e := NewEncoder(EncoderConfig{Topic: "alerts", Version: "v0.1.0"})
	a := benchAlert()
	e.Add(a)
	b.SetBytes(int64(len(e.Records()[0].Value)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i++; i%100 == 0 {
			e.Reset()
		}
		e.Add(a)
	}
}

const benchBatch = 500 // alerts in a Publish: about one fetch of events in which many fire

func benchRecords() []kafka.Message {
	e := NewEncoder(EncoderConfig{Topic: "alerts", Version: "v0.1.0"})
	for i := range benchBatch {
		a := benchAlert()
		a.Source.Offset = int64(i)
		a.Host = fmt.Sprintf("WS-%04d.corp.example", i%100)
		e.Add(a)
	}
	return e.Records()
}

// BenchmarkPublish sends the same alerts, keyed by host, to 4 partitions by our Publisher and by kafka-go's
// Writer and Client.Produce, with acks=all. cpu-ns/alert is this process alone: the broker is another.
func BenchmarkPublish(b *testing.B) {
	addr := kafka.TCP(benchBroker(b))
	records := benchRecords()
	ctx := context.Background()
	size := 0
	for _, r := range records {
		size += len(r.Value)
	}
	for _, codec := range []wire.Codec{wire.CodecNone, wire.CodecLZ4, wire.CodecZstd} {
		measure := func(name string, publish func() error) {
			b.Run(codec.String()+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				if err := publish(); err != nil {
					b.Fatal(err)
				}
				start := brokertest.CPU()
				for b.Loop() {
					if err := publish(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((brokertest.CPU()-start).Nanoseconds())/float64(b.N*len(records)), "cpu-ns/alert")
			})
		}
		tr := &kafka.Transport{MetadataTopics: []string{"alerts"}}
		p, err := NewPublisher(PublisherConfig{Addr: addr, Transport: tr, Compression: codec})
		if err != nil {
			b.Fatal(err)
		}
		measure("picket", func() error { return p.Publish(ctx, records) })
		w := &kafka.Writer{Addr: addr, Transport: tr, RequiredAcks: kafka.RequireAll, Balancer: kafka.Murmur2Balancer{}, BatchSize: benchBatch,
			BatchBytes: 8 << 20, BatchTimeout: time.Millisecond, Compression: kafka.Compression(codec)}
		measure("writer", func() error { return w.WriteMessages(ctx, records...) })
		cl := &kafka.Client{Addr: addr, Transport: tr, Timeout: 10 * time.Second}
		measure("client", func() error { return clientProduce(ctx, cl, records, kafka.Compression(codec)) })
		_ = w.Close()
		tr.CloseIdleConnections()
	}
}

// clientProduce is what Client.Produce asks of its caller: one request for each partition.
func clientProduce(ctx context.Context, cl *kafka.Client, records []kafka.Message, codec kafka.Compression) error {
	var parts [4][]protocol.Record
	for i := range records {
		p := partitionFor(records[i].Key, len(parts))
		parts[p] = append(parts[p], protocol.Record{Time: records[i].Time, Key: protocol.NewBytes(records[i].Key),
			Value: protocol.NewBytes(records[i].Value), Headers: records[i].Headers})
	}
	for p, rs := range parts {
		res, err := cl.Produce(ctx, &kafka.ProduceRequest{Topic: "alerts", Partition: p, RequiredAcks: kafka.RequireAll,
			Records: protocol.NewRecordReader(rs...), Compression: codec})
		if err != nil {
			return err
		}
		if res.Error != nil {
			return res.Error
		}
	}
	return nil
}

// BenchmarkPublishFew is the usual case: a fetch led to a few alerts.
func BenchmarkPublishFew(b *testing.B) {
	addr := kafka.TCP(benchBroker(b))
	records := benchRecords()[:5]
	ctx := context.Background()
	tr := &kafka.Transport{MetadataTopics: []string{"alerts"}}
	defer tr.CloseIdleConnections()
	p, err := NewPublisher(PublisherConfig{Addr: addr, Transport: tr, Compression: wire.CodecLZ4})
	if err != nil {
		b.Fatal(err)
	}
	cl := &kafka.Client{Addr: addr, Transport: tr, Timeout: 10 * time.Second}
	for name, publish := range map[string]func() error{
		"picket": func() error { return p.Publish(ctx, records) },
		"client": func() error { return clientProduce(ctx, cl, records, kafka.Lz4) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			start := brokertest.CPU()
			for b.Loop() {
				if err := publish(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((brokertest.CPU()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}
