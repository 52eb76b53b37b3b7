//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// brokerEnv makes the test binary a broker, so that its CPU is not counted with picket's.
const brokerEnv = "PICKET_TEST_BROKER"

const (
	benchEvents     = 60_000
	benchPartitions = 4
)

// brokerProcess is what the child does: it serves until its stdin is closed.
func brokerProcess() {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second),
		kfake.SeedTopics(benchPartitions, "none", "lz4", "zstd", "alerts", "dead"))
	if err != nil {
		panic(err)
	}
	defer c.Close()
	_, _ = fmt.Fprintln(os.Stdout, c.ListenAddrs()[0])
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startBrokerProcess gives the address of a broker in a process of its own.
func startBrokerProcess(b *testing.B) string {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), brokerEnv+"=1")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = child.Wait()
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// fill writes the recording over and over, in batches as a shipper makes them.
func fill(b *testing.B, addr, topic string, codec kgo.CompressionCodec) {
	b.Helper()
	events, _ := recordedEvents(b)
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec),
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
	addr := startBrokerProcess(b)
	for _, codec := range []struct {
		topic string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()}} {
		fill(b, addr, codec.topic, codec.codec)
		for name, consume := range map[string]func(b *testing.B, addr, topic, group string){"reader": consumeByReader, "picket": consumeByPicket} {
			b.Run(codec.topic+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				runtime.GC() // what was filled in is not this run's garbage
				before := cpuTime(b)
				for b.Loop() {
					n++
					consume(b, addr, codec.topic, fmt.Sprintf("%s-%s-%d-%d", name, codec.topic, n, time.Now().UnixNano()))
				}
				b.ReportMetric(float64(cpuTime(b)-before)/float64(n*benchEvents), "cpu-ns/event")
				b.ReportMetric(float64(benchEvents*n)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

func consumeByReader(b *testing.B, addr, topic, group string) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{addr}, GroupID: group, Topic: topic, StartOffset: kafka.FirstOffset, MaxWait: 500 * time.Millisecond,
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

func consumeByPicket(b *testing.B, addr, topic, group string) {
	rules, err := loadRuleset(nil)
	if err != nil {
		b.Fatal(err)
	}
	cfg, err := loadConfig(configSources{flags: map[string][]string{
		"kafka.bootstrap_servers": {addr}, "kafka.group_id": {group}, "input.topics": {topic}, "dead_letters.topic": {"dead"}, "http.listen": {""},
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

// cpuTime is the CPU time, user and system, of this process in nanoseconds.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
