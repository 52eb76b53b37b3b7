package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// startBroker gives a cluster that ends with the test.
func startBroker(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// startPublisher gives a Publisher for the cluster, quick to retry, whose connections end with the test.
func startPublisher(t testing.TB, c *kfake.Cluster, change func(*PublisherConfig)) *Publisher {
	t.Helper()
	tr := &kafka.Transport{ClientID: "picket-test"}
	cfg := PublisherConfig{
		Addr:       kafka.TCP(c.ListenAddrs()...),
		Transport:  tr,
		Topics:     []string{"alerts"},
		BackoffMin: time.Millisecond,
		BackoffMax: 20 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	p, err := NewPublisher(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return p
}

// testContext bounds a test that would otherwise wait for ever.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// readAll reads n records of a topic with franz-go, and makes sure that there are no more.
func readAll(t testing.TB, c *kfake.Cluster, topic string, n int) []*kgo.Record {
	t.Helper()
	total := 0
	for _, p := range c.PartitionInfos(topic) {
		total += int(p.HighWatermark - p.LogStartOffset)
	}
	if total != n {
		t.Errorf("topic %s holds %d records, want %d", topic, total, n)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx := testContext(t)
	var out []*kgo.Record
	for len(out) < total {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		out = append(out, fetches.Records()...)
	}
	return out
}

// numbered makes records alerts/key-i with values that name them.
func numbered(prefix string, n int) []kafka.Message {
	out := make([]kafka.Message, n)
	for i := range out {
		out[i] = kafka.Message{Topic: "alerts", Key: fmt.Appendf(nil, "host-%d", i%17), Value: fmt.Appendf(nil, "%s-%d", prefix, i)}
	}
	return out
}

func values(records []*kgo.Record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = string(r.Value)
	}
	slices.Sort(out)
	return out
}

func wantValues(messages ...[]kafka.Message) []string {
	var out []string
	for _, ms := range messages {
		for i := range ms {
			out = append(out, string(ms[i].Value))
		}
	}
	slices.Sort(out)
	return out
}

func TestPublishRoundTrip(t *testing.T) {
	for _, codec := range []wire.Codec{wire.CodecNone, wire.CodecGzip, wire.CodecSnappy, wire.CodecLZ4, wire.CodecZstd} {
		t.Run(codec.String(), func(t *testing.T) {
			c := startBroker(t, kfake.SeedTopics(3, "alerts"))
			p := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.Compression = codec })
			at := time.UnixMilli(1_772_442_847_512)
			sent := []kafka.Message{
				{Topic: "alerts", Key: []byte("WS-1"), Value: []byte(strings.Repeat("value ", 1000)), Time: at, Headers: []kafka.Header{
					{Key: "picket.schema", Value: []byte("alert/1")}, {Key: "empty", Value: []byte{}}, {Key: "null"}}},
				{Topic: "alerts", Key: []byte{}, Value: []byte("empty key"), Time: at.Add(-time.Hour)},
				{Topic: "alerts", Value: []byte("null key"), Time: at},
				{Topic: "alerts", Key: []byte("tombstone"), Time: at},
			}
			if err := p.Publish(testContext(t), sent); err != nil {
				t.Fatal(err)
			}
			got := map[string]*kgo.Record{}
			for _, r := range readAll(t, c, "alerts", len(sent)) {
				got[string(r.Key)+"/"+string(r.Value)] = r
				if int8(codec) != int8(r.Attrs.CompressionType()) {
					t.Errorf("stored with codec %d, want %d", r.Attrs.CompressionType(), codec)
				}
			}
			for _, m := range sent {
				r := got[string(m.Key)+"/"+string(m.Value)]
				if r == nil {
					t.Errorf("%q is not there", m.Key)
					continue
				}
				if (r.Key == nil) != (m.Key == nil) || (r.Value == nil) != (m.Value == nil) {
					t.Errorf("%q: null and empty are confused: key %v value %v", m.Key, r.Key, r.Value)
				}
				if !r.Timestamp.Equal(m.Time) {
					t.Errorf("%q: timestamp %v, want %v", m.Key, r.Timestamp, m.Time)
				}
				var headers []kafka.Header
				for _, h := range r.Headers {
					headers = append(headers, kafka.Header{Key: h.Key, Value: h.Value})
				}
				if diff := cmp.Diff(m.Headers, headers); diff != "" {
					t.Errorf("%q: headers (-want +got):\n%s", m.Key, diff)
				}
				if r.ProducerID < 0 {
					t.Errorf("%q: stored without a producer id", m.Key)
				}
			}
		})
	}
}

func TestPublishWithoutTimeCarriesTheWallClock(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	p := startPublisher(t, c, nil)
	before := time.Now().Truncate(time.Millisecond)
	if err := p.Publish(testContext(t), []kafka.Message{{Topic: "alerts", Value: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if r := readAll(t, c, "alerts", 1)[0]; r.Timestamp.Before(before) || r.Timestamp.After(time.Now()) {
		t.Errorf("timestamp %v is not now", r.Timestamp)
	}
}

func TestPublishConcurrently(t *testing.T) {
	c := startBroker(t, kfake.NumBrokers(3), kfake.SeedTopics(5, "alerts"), kfake.SeedTopics(1, "dead"))
	p := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.MaxBatchRecords = 7; cfg.Compression = wire.CodecLZ4 })
	ctx := testContext(t)
	var wg sync.WaitGroup
	var sent [][]kafka.Message
	const workers, rounds = 8, 10
	for w := range workers {
		var mine [][]kafka.Message
		for r := range rounds {
			ms := numbered(fmt.Sprintf("w%d-r%d", w, r), 20)
			ms[3].Topic, ms[4].Topic = "dead", "dead"
			mine = append(mine, ms)
		}
		sent = append(sent, slices.Concat(mine...))
		wg.Go(func() {
			for _, ms := range mine {
				if err := p.Publish(ctx, ms); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	alerts, dead := readAll(t, c, "alerts", workers*rounds*18), readAll(t, c, "dead", workers*rounds*2)
	if diff := cmp.Diff(wantValues(sent...), values(slices.Concat(alerts, dead))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	inOrder(t, alerts)
	if s := p.Stats(); s.Records != workers*rounds*20 || s.Retries != 0 {
		t.Errorf("stats %+v", s)
	}
}

// inOrder checks that the records of each worker and key lie in the order in which they were published.
func inOrder(t *testing.T, records []*kgo.Record) {
	t.Helper()
	last := map[string]int{}
	for _, r := range records {
		var w, round, i int
		if _, err := fmt.Sscanf(string(r.Value), "w%d-r%d-%d", &w, &round, &i); err != nil {
			t.Fatal(err)
		}
		k := fmt.Sprintf("%d/%d/%s", r.Partition, w, r.Key)
		if at := round*1000 + i + 1; at <= last[k] {
			t.Errorf("%s comes after %d", r.Value, last[k])
		} else {
			last[k] = at
		}
	}
}

// TestPublishThroughFaults: whatever the broker answers, everything is stored once and in order.
func TestPublishThroughFaults(t *testing.T) {
	for name, fault := range map[string]kfake.Fault{
		"not leader":              {Err: kerr.NotLeaderForPartition, Count: 3},
		"stored but timed out":    {Err: kerr.RequestTimedOut, Count: 3},
		"stored, replicas gone":   {Err: kerr.NotEnoughReplicasAfterAppend, Count: 2},
		"too few replicas":        {Err: kerr.NotEnoughReplicas, Count: 5},
		"out of order sequence":   {Err: kerr.OutOfOrderSequenceNumber, Count: 2},
		"unknown producer":        {Err: kerr.UnknownProducerID, Count: 1},
		"fenced":                  {Err: kerr.InvalidProducerEpoch, Count: 1},
		"not authorized":          {Err: kerr.TopicAuthorizationFailed, Count: 2},
		"unknown topic":           {Err: kerr.UnknownTopicOrPartition, Count: 2},
		"storage error":           {Err: kerr.KafkaStorageError, Count: 2},
		"invalid timestamp":       {Err: kerr.InvalidTimestamp, Count: 1},
		"the broker knows no why": {Err: kerr.UnknownServerError, Count: 2},
	} {
		t.Run(name, func(t *testing.T) {
			c := startBroker(t, kfake.SeedTopics(2, "alerts"))
			p := startPublisher(t, c, nil)
			fault.Keys = []kmsg.Key{kmsg.Produce}
			ctx := testContext(t)
			first := numbered("w0-r0", 30)
			if err := p.Publish(ctx, first); err != nil {
				t.Fatal(err)
			}
			h := c.Fault(fault)
			second := numbered("w0-r1", 30)
			if err := p.Publish(ctx, second); err != nil {
				t.Fatal(err)
			}
			if h.Hits() != fault.Count {
				t.Errorf("the fault was met %d times, want %d", h.Hits(), fault.Count)
			}
			third := numbered("w0-r2", 30)
			if err := p.Publish(ctx, third); err != nil {
				t.Fatal(err)
			}
			got := readAll(t, c, "alerts", 90)
			if diff := cmp.Diff(wantValues(first, second, third), values(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			inOrder(t, got)
			if len(p.Stats().Errors) == 0 {
				t.Error("no error was counted")
			}
		})
	}
}

func TestPublishUnknownTopicWaitsForIt(t *testing.T) {
	c := startBroker(t)
	p := startPublisher(t, c, nil)
	ctx := testContext(t)

	var unknown *UnknownTopicError
	if err := p.Check(ctx); !errors.As(err, &unknown) || unknown.Topic != "alerts" {
		t.Fatalf("Check says %v", err)
	}
	short, cancel := context.WithCancelCause(ctx)
	time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("drain deadline")) })
	err := p.Publish(short, numbered("a", 3))
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "drain deadline") {
		t.Errorf("Publish says %v", err)
	}

	done := make(chan error, 1)
	sent := numbered("b", 3)
	go func() { done <- p.Publish(ctx, sent) }()
	waitFor(t, func() bool { return p.Stats().Retries > 3 })
	if err := c.CreateTopic("alerts", 2, nil); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := p.Check(ctx); err != nil {
		t.Errorf("Check says %v", err)
	}
	if diff := cmp.Diff(wantValues(sent), values(readAll(t, c, "alerts", 3))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// waitFor waits for a condition.
func waitFor(t testing.TB, cond func() bool) {
	t.Helper()
	ctx := testContext(t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the condition did not come about")
		}
	}
}
