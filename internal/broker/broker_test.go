package broker

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func start(t *testing.T, cfg Config) *Broker {
	t.Helper()
	b, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestListensOnLoopback(t *testing.T) {
	b := start(t, Config{Brokers: 3})
	if len(b.Addrs()) != 3 {
		t.Fatalf("%d addresses, want 3", len(b.Addrs()))
	}
	for _, addr := range b.Addrs() {
		host, _, err := net.SplitHostPort(addr)
		if err != nil || !net.ParseIP(host).IsLoopback() {
			t.Errorf("address %q is not on loopback (%v)", addr, err)
		}
	}
}

func TestKafkaGoReadsTopics(t *testing.T) {
	b := start(t, Config{})
	if err := b.CreateTopics(Topic{Name: "one"}, Topic{Name: "many", Partitions: 12}); err != nil {
		t.Fatal(err)
	}
	conn, err := kafka.DialContext(deadline(t), "tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for topic, want := range map[string]int{"one": 1, "many": 12} {
		got, err := conn.ReadPartitions(topic)
		if err != nil || len(got) != want {
			t.Errorf("topic %s: %d partitions (%v), want %d", topic, len(got), err, want)
		}
	}
	if err := b.CreateTopic("one", 1); !errors.Is(err, kerr.TopicAlreadyExists) || !strings.Contains(err.Error(), "one") {
		t.Errorf("a topic that exists: %v", err)
	}
}

func TestStateSurvivesInDataDir(t *testing.T) {
	cfg := Config{DataDir: t.TempDir()}
	b := start(t, cfg)
	if err := b.CreateTopic("kept", 1); err != nil {
		t.Fatal(err)
	}
	produce := func(value string) {
		t.Helper()
		client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.DefaultProduceTopic("kept"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.ProduceSync(deadline(t), kgo.StringRecord(value)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	produce("before")
	addr := b.Addr()
	b.Close()
	b.Close() // twice is allowed
	_, port, _ := net.SplitHostPort(addr)
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Ports = []int{n}
	b = start(t, cfg)
	if b.Addr() != addr {
		t.Fatalf("address %s after the restart, want %s", b.Addr(), addr)
	}
	produce("after")
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumeTopics("kept"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var got []string
	for ctx := deadline(t); len(got) < 2 && ctx.Err() == nil; {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if strings.Join(got, " ") != "before after" {
		t.Errorf("read %q", got)
	}
}

func TestDiscardKeepsNothing(t *testing.T) {
	b := start(t, Config{Discard: true})
	if err := b.CreateTopic("t", 1); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.DefaultProduceTopic("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(deadline(t), kgo.StringRecord("gone")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	reader := &kafka.Client{Addr: kafka.TCP(b.Addr())}
	got, err := reader.Fetch(deadline(t), &kafka.FetchRequest{Topic: "t", MinBytes: 1, MaxBytes: 1000, MaxWait: time.Millisecond})
	if err != nil || got.Error != nil {
		t.Fatal(err, got)
	}
	if _, err := got.Records.ReadRecord(); !errors.Is(err, io.EOF) || got.HighWatermark != 1 {
		t.Errorf("a fetch gives %v at the end %d, want no record and 1", err, got.HighWatermark)
	}
}

func TestUsersMustAuthenticate(t *testing.T) {
	b := start(t, Config{Users: []User{{Mechanism: "PLAIN", Name: "picket", Password: "right"}}})
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.DefaultProduceTopic("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := client.Ping(ctx); err == nil {
		t.Error("a client without credentials was let in")
	}
}
