package integration

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestTransactions: events of aborted transactions give no alerts, those of committed ones do, and the group's offsets pass the
// control records at the end. The batches are gzip and snappy, the codecs that the large tests leave out.
func TestTransactions(t *testing.T) {
	b := startBroker(t)
	at := newSite(t, b)
	m := startMember(t, "one", at.group, at.settings(b))
	m.awaitReady(t)

	rule, schema := netSupport(t), alertSchema(t)
	committed := map[*kgo.Record]plantedEvent{}
	n := 0
	for round, codec := range []kgo.CompressionCodec{kgo.GzipCompression(), kgo.SnappyCompression(), kgo.GzipCompression(), kgo.SnappyCompression()} {
		commit := round == 1 || round == 2 // so that an aborted transaction comes first and last
		batch := map[*kgo.Record]plantedEvent{}
		for range 3 * partitions {
			value, p := netSupportEvent(t, n, nil)
			batch[&kgo.Record{Topic: at.input, Partition: int32(n % partitions), Value: value, Timestamp: p.time}] = p
			n++
		}
		b.transact(t, codec, batch, commit)
		if commit {
			for r, p := range batch {
				committed[r] = p
			}
		}
	}
	b.awaitCaughtUp(t, patience, at.group, at.input)
	m.stop(t)

	want := map[string]*kgo.Record{}
	for r := range committed {
		want[alertID(rule, r)] = r
	}
	for _, got := range b.read(t, at.alerts) {
		id := headerOf(got, "picket.alert.id")
		source := want[id]
		if source == nil {
			t.Errorf("an alert that nothing explains, or that came twice: %.500s", got.Value)
			continue
		}
		checkAlert(t, schema, got, wantAlert(rule, source, committed[source]), committed[source].process, committed[source].shape)
		delete(want, id)
	}
	if len(committed) == 0 || len(want) > 0 {
		t.Errorf("%d alerts are missing of %d", len(want), len(committed))
	}
}

// transact writes the records in one transaction, and ends it.
func (b *broker) transact(t *testing.T, codec kgo.CompressionCodec, records map[*kgo.Record]plantedEvent, commit bool) {
	t.Helper()
	client := b.producer(t, codec, kgo.TransactionalID(unique(t, "transaction")))
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	var err error
	for r := range records {
		client.Produce(ctx, r, func(_ *kgo.Record, produced error) {
			if produced != nil {
				err = produced
			}
		})
	}
	if flushed := client.Flush(ctx); flushed != nil {
		err = flushed
	}
	if err != nil {
		t.Fatalf("produce in a transaction: %v", err)
	}
	if err := client.EndTransaction(ctx, kgo.TransactionEndTry(commit)); err != nil {
		t.Fatalf("end the transaction: %v", err)
	}
}
