package consumer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestCompactedTopic: gaps within batches and between them, and a commit at the log's end.
func TestCompactedTopic(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Configs: map[string]string{"cleanup.policy": "compact"}})
	batch := func(pairs ...string) {
		var records []*kgo.Record
		for _, p := range pairs {
			k, v, _ := strings.Cut(p, "=")
			r := &kgo.Record{Topic: "in", Key: []byte(k), Value: []byte(v)}
			if v == "" {
				r.Value = nil
			}
			records = append(records, r)
		}
		produce(t, b, records)
	}
	batch("a=1", "b=1", "c=1") // keeps only b, in the middle
	batch("a=2", "c=2")        // nothing is left
	batch("a=3", "d=", "c=3")  // d is a tombstone that is kept for a day
	batch("e=1")
	b.Cluster().Compact()
	l := newLedger()
	w := watchCommits(b, l)
	cfg := testConfig(t, b, "in")
	cfg.Open = l.open(nil)
	m := startMember(t, cfg)
	eventually(t, "the commit of the end", func() bool { return committed(b, "in", 0) == 9 })
	m.stopped(t)
	if got := l.inOrder(slot{"in", 0}); got != "1 3  3 1" || l.twice() != 0 {
		t.Errorf("handled %q, %d twice", got, l.twice())
	}
	w.sound(t)
	l.sound(t)
}

// transactional is a franz-go client in a transaction.
func transactional(t *testing.T, b *broker.Broker, id string) *kgo.Client {
	t.Helper()
	c := franz(t, b, kgo.TransactionalID(id))
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	return c
}

// put writes values to partition 0 of "in" and waits until they are there.
func put(t *testing.T, c *kgo.Client, values ...string) {
	t.Helper()
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: "in", Value: []byte(v)})
	}
	if err := c.ProduceSync(soon(t), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func end(t *testing.T, c *kgo.Client, how kgo.TransactionEndTry) {
	t.Helper()
	if err := c.EndTransaction(soon(t), how); err != nil {
		t.Fatal(err)
	}
}

// TestTransactions: three producers interleaved, one of which aborts; markers last in the log.
func TestTransactions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		isolation Isolation
		want      string
	}{
		{ReadCommitted, "b1 plain b2 c1 a-again"},
		{ReadUncommitted, "a1 b1 plain a2 b2 c1 a3 a-again"},
	} {
		t.Run(string(c.isolation), func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
			p1, p2, p3 := transactional(t, b, "1"), transactional(t, b, "2"), transactional(t, b, "3")
			put(t, p1, "a1")
			put(t, p2, "b1")
			put(t, franz(t, b), "plain")
			put(t, p1, "a2")
			put(t, p2, "b2")
			put(t, p3, "c1")
			end(t, p2, kgo.TryCommit)
			put(t, p1, "a3")
			end(t, p1, kgo.TryAbort)
			end(t, p3, kgo.TryCommit)
			if err := p1.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			put(t, p1, "a-again")
			end(t, p1, kgo.TryCommit)

			l := newLedger()
			fetches := requests(b, kmsg.Fetch)
			cfg := testConfig(t, b, "in")
			cfg.IsolationLevel, cfg.Open = c.isolation, l.open(nil)
			m := startMember(t, cfg)
			// Eight records and four markers: the position goes past the last marker, which holds nothing.
			eventually(t, "the commit of the end", func() bool { return committed(b, "in", 0) == 12 })
			before, since := fetches(), time.Now()
			eventually(t, "five more fetches", func() bool { return fetches() >= before+5 })
			if took := time.Since(since); took < 3*cfg.FetchMaxWait {
				t.Errorf("five fetches at the end took %v: they do not wait for the broker", took)
			}
			eventually(t, "no lag", func() bool {
				s := m.Stats()
				return s.Partitions[0].LagRecords == 0 && s.Partitions[0].Position == 12
			})
			m.stopped(t)
			if got := l.inOrder(slot{"in", 0}); got != c.want || l.twice() != 0 {
				t.Errorf("handled %q, %d twice; want %q", got, l.twice(), c.want)
			}
			l.sound(t)
		})
	}
}

// TestOpenTransaction: read_committed stops before it, without a lag, and goes on once it has ended.
func TestOpenTransaction(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	plain, txn := franz(t, b), transactional(t, b, "1")
	put(t, plain, "before")
	put(t, txn, "inside")
	put(t, plain, "behind")
	l := newLedger()
	cfg := testConfig(t, b, "in")
	cfg.Open = l.open(nil)
	m := startMember(t, cfg)
	eventually(t, "the commit of what precedes it", func() bool { return committed(b, "in", 0) == 1 })
	if p := m.Stats().Partitions[0]; p.LagRecords != 0 || p.LagSeconds != 0 || p.HighWatermark != 3 {
		t.Errorf("what may not be read counts as lag: %+v", p)
	}
	if got := l.inOrder(slot{"in", 0}); got != "before" {
		t.Errorf("handled %q while the transaction is open", got)
	}
	end(t, txn, kgo.TryCommit)
	eventually(t, "the commit of the end", func() bool { return committed(b, "in", 0) == 4 })
	m.stopped(t)
	if got := l.inOrder(slot{"in", 0}); got != "before inside behind" {
		t.Errorf("handled %q", got)
	}
}

// TestOversizeRecord: a record of 10 MB comes though a fetch is limited to 1 MiB, and so does what surrounds it.
func TestOversizeRecord(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{MaxRecordBytes: 16 << 20}, broker.Topic{Name: "in", Partitions: 2})
	huge := make([]byte, 10<<20)
	for i := range huge {
		huge[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[(i*7+i>>10)%36]
	}
	for p, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.ZstdCompression()} {
		for _, v := range [][]byte{[]byte("before"), huge, []byte("behind")} {
			produce(t, b, []*kgo.Record{{Topic: "in", Partition: int32(p), Value: v}}, kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(16<<20))
		}
	}
	l := newLedger()
	w := watchCommits(b, l)
	cfg := testConfig(t, b, "in")
	cfg.Open = l.open(nil)
	m := startMember(t, cfg)
	eventually(t, "all commits", func() bool { return committed(b, "in", 0) == 3 && committed(b, "in", 1) == 3 })
	m.stopped(t)
	for p := range int32(2) {
		if got := l.inOrder(slot{"in", p}); got != "before "+string(huge)+" behind" {
			t.Errorf("partition %d: %d bytes were handled, want %d", p, len(got), len(huge)+14)
		}
	}
	w.sound(t)
}

// TestTooLargeBatch: a batch that decompresses to more than the limit stops its partition, says so once,
// and no other partition.
func TestTooLargeBatch(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 2})
	produce(t, b, numberedFrom("in", 2, 0, 2))
	produce(t, b, []*kgo.Record{{Topic: "in", Value: bytes.Repeat([]byte("x"), 900_000)}}, kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	produce(t, b, numberedFrom("in", 2, 2, 2))
	l, lg := newLedger(), newLogs(t)
	cfg := testConfig(t, b, "in")
	cfg.MaxBatchBytes, cfg.Open, cfg.Logger = 100_000, l.open(nil), lg.logger
	m := startMember(t, cfg)
	eventually(t, "what can be read", func() bool { return l.len() == 3 && committed(b, "in", 0) == 1 && committed(b, "in", 1) == 2 })
	eventually(t, "a second attempt", func() bool { return m.Stats().CorruptBatches >= 2 })
	if why := strings.Join(m.NotReady(), ""); !strings.Contains(why, "partition in/0 stands still") || !strings.Contains(why, "100000 bytes") {
		t.Errorf("not ready: %s", why)
	}
	m.stopped(t)
	if s := m.Stats(); s.FetchErrors["corrupt_batch"] != s.CorruptBatches {
		t.Errorf("%+v", s)
	}
	lg.once(t, "level=ERROR", "batch cannot be read", "partition=0", "offset=1", "next=2", "decompresses to more than the limit")
}

// rawBatch is a batch of magic 2 whose values are given; none for one that compaction has emptied.
func rawBatch(base int64, lastDelta int32, values ...string) []byte {
	var payload []byte
	for i, v := range values {
		r := kmsg.Record{OffsetDelta: int32(i), Value: []byte(v)}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		payload = r.AppendTo(payload)
	}
	batch := kmsg.RecordBatch{
		FirstOffset: base, Length: int32(49 + len(payload)), Magic: 2, LastOffsetDelta: lastDelta,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: int32(len(values)), Records: payload,
	}
	raw := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// serve has the broker answer fetches of partition 0 of "in" with what records gives for their offset; nil
// leaves it to the broker.
func serve(b *broker.Broker, end int64, records func(offset int64) []byte) {
	b.Cluster().ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		req, _ := request.(*kmsg.FetchRequest)
		p := req.Topics[0].Partitions[0]
		raw := records(p.FetchOffset)
		if raw == nil {
			return nil, nil, false
		}
		b.Cluster().KeepControl()
		resp, _ := req.ResponseKind().(*kmsg.FetchResponse)
		answer := kmsg.NewFetchResponseTopicPartition()
		answer.Partition, answer.HighWatermark, answer.LastStableOffset, answer.RecordBatches = p.Partition, end, end, raw
		resp.Topics = []kmsg.FetchResponseTopic{{Topic: req.Topics[0].Topic, Partitions: []kmsg.FetchResponseTopicPartition{answer}}}
		return resp, nil, true
	})
}

// TestEmptiedBatches: batches without records, alone in a response and last in the log, which stop other
// clients.
func TestEmptiedBatches(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	produce(t, b, numberedFrom("in", 1, 0, 12)) // so that offset 12 exists
	serve(b, 12, func(offset int64) []byte {
		switch {
		case offset < 4:
			return rawBatch(0, 3)
		case offset < 8:
			return append(rawBatch(4, 1), rawBatch(6, 1, "six")...)
		case offset < 12:
			return rawBatch(8, 3)
		}
		return nil
	})
	l := newLedger()
	cfg := testConfig(t, b, "in")
	cfg.Open = l.open(nil)
	m := startMember(t, cfg)
	eventually(t, "the commit of the end", func() bool { return committed(b, "in", 0) == 12 })
	m.stopped(t)
	if got := l.inOrder(slot{"in", 0}); got != "six" {
		t.Errorf("handled %q", got)
	}
	l.sound(t)
}

// TestCorruptBatch: what precedes it is handled, it stops the partition, and once it can be read all goes on.
func TestCorruptBatch(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	produce(t, b, numberedFrom("in", 1, 0, 2))
	bad := 3
	serve(b, 3, func(offset int64) []byte {
		second := rawBatch(1, 0, "second")
		if offset > 1 || bad == 0 && offset == 1 {
			return nil
		}
		if offset == 1 {
			bad--
		}
		second[70] ^= 0xff
		return append(rawBatch(0, 0, "first"), second...)
	})
	l, lg := newLedger(), newLogs(t)
	w := watchCommits(b, l)
	cfg := testConfig(t, b, "in")
	cfg.Open, cfg.Logger = l.open(nil), lg.logger
	m := startMember(t, cfg)
	eventually(t, "the commit of the end", func() bool { return committed(b, "in", 0) == 2 })
	eventually(t, "readiness", func() bool { return len(m.NotReady()) == 0 })
	m.stopped(t)
	if got := l.inOrder(slot{"in", 0}); got != "first value-000001" {
		t.Errorf("handled %q", got)
	}
	if s := m.Stats(); s.CorruptBatches != 3 {
		t.Errorf("%d corrupt batches were counted, want 3", s.CorruptBatches)
	}
	lg.once(t, "level=ERROR", "batch cannot be read", "offset=1", "next=2", "CRC-32C")
	lg.once(t, "level=INFO", "fetching again")
	w.sound(t)
}

// TestOffsetOutOfRange: retention was faster than the group. It goes on where the policy says, loudly.
func TestOffsetOutOfRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reset OffsetReset
		want  string
		lost  uint64
		next  int64
	}{
		{Earliest, "value-000006 value-000007", 3, 8},
		{Latest, "", 5, 8},
		{None, "", 0, 3},
	} {
		t.Run(string(c.reset), func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
			for i := range 8 {
				produce(t, b, numberedFrom("in", 1, i, 1))
			}
			var offsets kadm.Offsets
			offsets.AddOffset("in", 0, 3, -1)
			if err := kadm.NewClient(franz(t, b)).CommitAllOffsets(soon(t), "g", offsets); err != nil {
				t.Fatal(err)
			}
			if err := b.Cluster().DeleteRecords("in", 0, 6); err != nil {
				t.Fatal(err)
			}
			l, lg := newLedger(), newLogs(t)
			cfg := testConfig(t, b, "in")
			cfg.AutoOffsetReset, cfg.Open, cfg.Logger = c.reset, l.open(nil), lg.logger
			m := startMember(t, cfg)
			if c.reset == None {
				eventually(t, "a second attempt", func() bool { return m.Stats().FetchErrors["offset_out_of_range"] >= 2 })
				if why := strings.Join(m.NotReady(), ""); !strings.Contains(why, "stands still") {
					t.Errorf("not ready: %s", why)
				}
				lg.once(t, "level=ERROR", "move the group's offset", "offset=3", "first=6", "end=8")
			} else {
				eventually(t, "the commit of the end", func() bool { return committed(b, "in", 0) == c.next })
				lg.once(t, "level=ERROR", "offset is out of range", "offset=3", fmt.Sprint("lost=", c.lost), "first=6", "end=8")
			}
			m.stopped(t)
			if got := l.inOrder(slot{"in", 0}); got != c.want {
				t.Errorf("handled %q, want %q", got, c.want)
			}
			if s := m.Stats(); s.Lost != c.lost || committed(b, "in", 0) != c.next {
				t.Errorf("lost %d, committed %d; want %d and %d", s.Lost, committed(b, "in", 0), c.lost, c.next)
			}
		})
	}
}

// TestTopicMadeAnew while it is consumed: what the new one holds is read from its beginning.
func TestTopicMadeAnew(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	produce(t, b, numberedFrom("in", 1, 0, 10))
	l, lg := newLedger(), newLogs(t)
	cfg := testConfig(t, b, "in")
	cfg.Open, cfg.Logger = l.open(nil), lg.logger
	m := startMember(t, cfg)
	eventually(t, "the old topic", func() bool { return committed(b, "in", 0) == 10 })
	if err := b.Cluster().DeleteTopic("in"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it to be missed", func() bool { return strings.Contains(strings.Join(m.NotReady(), ""), "does not exist") })
	if err := b.CreateTopic("in", 1); err != nil {
		t.Fatal(err)
	}
	produce(t, b, []*kgo.Record{{Topic: "in", Value: []byte("new")}})
	eventually(t, "the new topic", func() bool { return strings.HasSuffix(l.inOrder(slot{"in", 0}), " new") })
	eventually(t, "its commit", func() bool { return committed(b, "in", 0) == 1 })
	eventually(t, "nothing to be missed", func() bool { return len(m.NotReady()) == 0 }) // the fetches see it before the watch does
	m.stopped(t)
	lg.once(t, "level=ERROR", "topic does not exist", "topic=in")
	lg.once(t, "level=INFO", "topic has appeared", "topic=in")
}
