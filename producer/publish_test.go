package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// faultOn makes every Produce to a topic fail.
func faultOn(topic string) kfake.Fault {
	return kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotEnoughReplicas, Count: -1}
}

// TestTopicTakesLess: the topic refuses what the settings allow. Batches are halved, and a record that is
// too large alone is named; everything else is stored once.
func TestTopicTakesLess(t *testing.T) {
	c := startBroker(t)
	if err := c.CreateTopic("alerts", 1, map[string]string{"max.message.bytes": "2000"}); err != nil {
		t.Fatal(err)
	}
	p := startPublisher(t, c, nil)
	ctx := testContext(t)
	sent := numbered("w0-r0", 100)
	for i := range sent {
		sent[i].Value = append(sent[i].Value, strings.Repeat(" ", 200)...)
	}
	sent[7].Value, sent[70].Value = make([]byte, 3000), make([]byte, 4000)
	err := p.Publish(ctx, sent)
	var large *TooLargeError
	if !errors.As(err, &large) {
		t.Fatalf("Publish says %v", err)
	}
	if !slices.Equal(large.Records, []int{7, 70}) || large.Topic != "alerts" || large.Size < 4000 {
		t.Errorf("%+v", large)
	}
	kept := slices.Concat(sent[:7], sent[8:70], sent[71:])
	got := readAll(t, c, "alerts", 98)
	if diff := cmp.Diff(wantValues(kept), values(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The limit was learned: the next batches are small enough at once.
	refused := p.Stats().Errors["message_too_large"]
	if err := p.Publish(ctx, kept); err != nil {
		t.Fatal(err)
	}
	if again := p.Stats().Errors["message_too_large"]; again != refused {
		t.Errorf("refused %d times more", again-refused)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	p := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.MaxBatchBytes = 1000; cfg.MaxBatchRecords = 9 })
	sizes := make(chan int, 100)
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			for _, p := range topic.Partitions {
				sizes <- len(p.Records)
			}
		}
		return nil, nil, false
	})
	sent := numbered("n", 30) // 9 at a time
	sent[20].Value = make([]byte, 5000)
	if err := p.Publish(testContext(t), sent); err != nil {
		t.Fatal(err)
	}
	readAll(t, c, "alerts", 30)
	close(sizes)
	large := 0
	for n := range sizes {
		if n > 1000 {
			large++
		}
	}
	if large != 1 || p.Stats().Batches < 5 {
		t.Errorf("%d batches over the limit, %d in all", large, p.Stats().Batches)
	}
}

// TestRefusedTimestamp: a topic does not take an event's time (Kafka 4 refuses one that is an hour ahead).
// The alert is stored with the wall clock, the others of its batch with their own.
func TestRefusedTimestamp(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	p := startPublisher(t, c, nil)
	future := time.Now().Add(24 * time.Hour).Truncate(time.Millisecond)
	past := time.UnixMilli(1_000_000)
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := r.(*kmsg.ProduceRequest)
		var batch kmsg.RecordBatch
		if err := batch.ReadFrom(req.Topics[0].Partitions[0].Records); err != nil {
			return nil, err, true
		}
		if batch.MaxTimestamp < time.Now().Add(time.Hour).UnixMilli() {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic = "alerts"
		part := kmsg.NewProduceResponseTopicPartition()
		part.ErrorCode = kerr.InvalidTimestamp.Code
		part.ErrorRecords = []kmsg.ProduceResponseTopicPartitionErrorRecord{{RelativeOffset: 1}}
		topic.Partitions = append(topic.Partitions, part)
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	before := time.Now().Truncate(time.Millisecond)
	err := p.Publish(testContext(t), []kafka.Message{
		{Topic: "alerts", Value: []byte("past"), Time: past},
		{Topic: "alerts", Value: []byte("future"), Time: future},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := readAll(t, c, "alerts", 2)
	if !got[0].Timestamp.Equal(past) {
		t.Errorf("the first record's time became %v", got[0].Timestamp)
	}
	if at := got[1].Timestamp; at.Before(before) || at.After(time.Now()) {
		t.Errorf("the second record carries %v", at)
	}
	if p.Stats().Restamped != 1 {
		t.Errorf("stats %+v", p.Stats())
	}
}

func TestProducerIDIsNotToBeHad(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	h := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.ClusterAuthorizationFailed, TopLevel: true, Count: 3})
	p := startPublisher(t, c, nil)
	if err := p.Publish(testContext(t), numbered("n", 2)); err != nil {
		t.Fatal(err)
	}
	if h.Hits() != 3 || p.Stats().Errors["cluster_authorization_failed"] != 3 {
		t.Errorf("%d hits, stats %+v", h.Hits(), p.Stats())
	}
	readAll(t, c, "alerts", 2)

	off := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.DisableIdempotence = true })
	if err := off.Publish(testContext(t), numbered("n", 3)); err != nil {
		t.Fatal(err)
	}
	if r := readAll(t, c, "alerts", 5)[4]; r.ProducerID != -1 {
		t.Errorf("producer id %d", r.ProducerID)
	}
}

// TestInitProducerIDNeedsNoCoordinator: asking the transaction coordinator would make a broker create the
// topic of transactions.
func TestInitProducerIDNeedsNoCoordinator(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	seen := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Observe: true, Count: -1})
	p := startPublisher(t, c, nil)
	if err := p.Publish(testContext(t), numbered("n", 2)); err != nil {
		t.Fatal(err)
	}
	if seen.Hits() != 0 {
		t.Error("a coordinator was looked for")
	}
}

func TestRecordsWithoutKeySpread(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(4, "alerts"))
	p := startPublisher(t, c, nil)
	for range 8 {
		if err := p.Publish(testContext(t), []kafka.Message{{Topic: "alerts", Value: []byte("1")}, {Topic: "alerts", Value: []byte("2")}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, info := range c.PartitionInfos("alerts") {
		if info.HighWatermark != 4 {
			t.Errorf("partition %d holds %d records, want 4", info.Partition, info.HighWatermark)
		}
	}
}

// TestNothingIsLeftBehind: a Publisher that has gone through trouble holds no record, call or lane.
func TestNothingIsLeftBehind(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(2, "alerts"))
	p := startPublisher(t, c, nil)
	ctx := testContext(t)
	h := c.Fault(faultOn("alerts"))
	short, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := p.Publish(short, numbered("n", 20)); !errors.Is(err, context.Canceled) {
				t.Errorf("Publish says %v", err)
			}
		})
	}
	waitFor(t, func() bool { return h.Hits() > 3 })
	cancel()
	wg.Wait()
	p.mu.Lock()
	for _, l := range p.topics["alerts"].lanes {
		if l.busy || l.flight != nil || len(l.queue) != 0 {
			t.Errorf("partition %d: %+v", l.partition, l)
		}
		for _, it := range l.queue[:cap(l.queue)] {
			if it.call != nil {
				t.Errorf("partition %d holds on to a call", l.partition)
			}
		}
	}
	p.mu.Unlock()
	h.Remove()
	if err := p.Publish(ctx, numbered("m", 5)); err != nil {
		t.Fatal(err)
	}
	// What was given up may have been on its way when the fault was removed: only the rest is certain.
	got := slices.DeleteFunc(values(readAll(t, c, "alerts", stored(c, "alerts"))), func(v string) bool { return v[0] == 'n' })
	if diff := cmp.Diff(wantValues(numbered("m", 5)), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTroubleIsLoggedOnce(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	var log strings.Builder
	p := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: 6})
	if err := p.Publish(testContext(t), numbered("n", 2)); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if strings.Count(text, "level=WARN") != 1 || strings.Count(text, "publishing works again") != 1 ||
		!strings.Contains(text, "code=topic_authorization_failed") || !strings.Contains(text, "grant WRITE") {
		t.Error(text)
	}
	if strings.Contains(text, "n-0") {
		t.Error("a record's content is in the log")
	}
}

func TestPublisherNeedsAnAddress(t *testing.T) {
	if _, err := NewPublisher(PublisherConfig{}); err == nil {
		t.Error("no error")
	}
	p := startPublisher(t, startBroker(t, kfake.SeedTopics(1, "alerts")), nil)
	if err := p.Publish(testContext(t), nil); err != nil {
		t.Errorf("nothing to publish: %v", err)
	}
}
