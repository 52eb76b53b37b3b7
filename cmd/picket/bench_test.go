//go:build unix

package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/picketsigma/picket/internal/broker/brokertest"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	benchEvents     = 120_000
	benchPartitions = 4
)

// fill writes the recording over and over, in batches as a shipper makes them.
func fill(b *testing.B, addrs []string, topic string, codec kgo.CompressionCodec) {
	b.Helper()
	events, _ := recordedEvents(b)
	c, err := kgo.NewClient(kgo.SeedBrokers(addrs...), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(1000), kgo.ProducerLinger(20*time.Millisecond), kgo.ProducerBatchMaxBytes(256<<10))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for i := range benchEvents {
		c.Produce(b.Context(), &kgo.Record{Partition: int32(i % benchPartitions), Value: events[i%len(events)]}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := c.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkWholePath consumes a topic of the recording's events, with its alerts, by the whole of picket;
// and, to compare with, by kafka-go's Reader, which hands each record out and does nothing with it. The
// figure is CPU of this process per event; the broker is another process.
func BenchmarkWholePath(b *testing.B) {
	codecs := []struct {
		name  string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()}}
	topics := []broker.Topic{{Name: "alerts", Partitions: benchPartitions}, {Name: "dead"}}
	for _, c := range codecs {
		topics = append(topics, broker.Topic{Name: c.name, Partitions: benchPartitions})
	}
	addrs := brokertest.Start(b, brokertest.Config{Topics: topics})
	groups := 0
	for _, c := range codecs {
		fill(b, addrs, c.name, c.codec)
		for _, client := range []struct {
			name    string
			consume func(b *testing.B, addrs []string, topic, group string)
		}{{"reader", consumeByReader}, {"picket", consumeByPicket}} {
			b.Run(c.name+"/"+client.name, func(b *testing.B) {
				runtime.GC() // what was filled in is not this run's garbage
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				cpu := brokertest.CPU()
				for b.Loop() {
					groups++
					client.consume(b, addrs, c.name, fmt.Sprint("group-", groups))
				}
				cpu = brokertest.CPU() - cpu
				runtime.ReadMemStats(&after)
				n := float64(b.N) * benchEvents
				b.ReportMetric(float64(cpu.Nanoseconds())/n, "cpu-ns/event")
				b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/event")
				b.ReportMetric(n/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

func consumeByReader(b *testing.B, addrs []string, topic, group string) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: addrs, GroupID: group, Topic: topic, StartOffset: kafka.FirstOffset, MaxWait: 500 * time.Millisecond,
		CommitInterval: 100 * time.Millisecond, JoinGroupBackoff: 50 * time.Millisecond,
	})
	defer r.Close()
	for i := range benchEvents {
		m, err := r.FetchMessage(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if i%1000 == 0 || i == benchEvents-1 {
			if err := r.CommitMessages(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func consumeByPicket(b *testing.B, addrs []string, topic, group string) {
	rules, err := loadRuleset(&RulesConfig{})
	if err != nil {
		b.Fatal(err)
	}
	cfg, err := loadConfig(configSources{flags: map[string][]string{
		"kafka.bootstrap_servers": addrs, "kafka.group_id": {group}, "input.topics": {topic}, "dead_letters.topic": {"dead"}, "http.listen": {""},
	}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := newService(&cfg.Config, rules, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	for s.detection.events.Load() < benchEvents {
		time.Sleep(5 * time.Millisecond) // a poll, not a guess
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	if s.detection.alertsSent.Load() == 0 {
		b.Fatal("no alerts: this is not the whole path")
	}
}
