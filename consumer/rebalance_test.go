package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// join starts one more member of the group of cfg.
func join(t *testing.T, cfg Config) *member {
	t.Helper()
	cfg.Transport = &kafka.Transport{ClientID: "test", MetadataTopics: cfg.Topics, MetadataTTL: 200 * time.Millisecond}
	return startMember(t, cfg)
}

// members waits until the group is stable with so many.
func members(t *testing.T, b *broker.Broker, n int) {
	t.Helper()
	if _, err := b.Cluster().WaitGroupStable(soon(t), "g", n); err != nil {
		t.Fatal(err)
	}
}

// TestMembersComeAndGoUnderLoad: nothing is lost and nothing comes twice, as long as all have the time to
// drain.
func TestMembersComeAndGoUnderLoad(t *testing.T) {
	t.Parallel()
	const partitions, perRound = 8, 4000
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: partitions})
	l := newLedger()
	w := watchCommits(b, l)
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes = 2 << 10
	cfg.Open = l.open(func(ctx context.Context, _ *Batch) error {
		timer := time.NewTimer(2 * time.Millisecond) // the work of a batch
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	produced, client := 0, franz(t, b, kgo.ProducerBatchMaxBytes(1<<10)) // some 30 records a batch
	load := func() {                                                     // more than is handled before the next change
		if err := client.ProduceSync(soon(t), numberedFrom("in", partitions, produced, perRound)...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		produced += perRound
	}
	var running []*member
	for _, n := range []int{1, 3, 2, 4, 1, 3, 2} {
		load()
		before := l.len()
		for len(running) < n {
			running = append(running, join(t, cfg))
		}
		for len(running) > n {
			running[0].stopped(t)
			running = running[1:]
		}
		members(t, b, n)
		eventually(t, "some progress", func() bool { return l.len() > before+100 || l.len() == produced })
	}
	eventually(t, "all records", func() bool { return l.len() == produced })
	generations := running[0].Stats().Generation
	for _, m := range running {
		m.stopped(t)
		if s := m.Stats(); s.Abandoned != 0 {
			t.Errorf("%d batches were abandoned", s.Abandoned)
		}
	}
	l.complete(t, produced)
	w.sound(t)
	if generations < 7 {
		t.Errorf("%d generations, want one per change at least", generations)
	}
	t.Logf("%d records, %d generations, %d commits", produced, generations, len(w.history))
}

// TestDrainOnRevoke: a batch in Handle when another member joins is finished and committed first.
func TestDrainOnRevoke(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 2})
	for i := range 10 {
		produce(t, b, numberedFrom("in", 2, 10*i, 10))
	}
	l, lg := newLedger(), newLogs(t)
	w := watchCommits(b, l)
	gate := make(chan struct{})
	var inside, others atomic.Int32
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes, cfg.Logger = 1, lg.logger
	cfg.Open = l.open(func(ctx context.Context, b *Batch) error {
		if b.Records[0].Offset == 25 { // the sixth batch of each partition
			inside.Add(1)
			return wait(ctx, gate)
		}
		return nil
	})
	first := startMember(t, cfg)
	eventually(t, "both partitions in the middle of a batch", func() bool { return inside.Load() == 2 })
	cfg.Open = l.open(func(context.Context, *Batch) error { others.Add(1); return nil })
	second := join(t, cfg)
	eventually(t, "the revocation", func() bool { return len(lg.with("partitions revoked")) == 1 })
	if others.Load() != 0 || l.len() != 50 {
		t.Errorf("%d records are handled, %d batches by the second member, while the first drains", l.len(), others.Load())
	}
	close(gate)
	eventually(t, "all records", func() bool { return l.len() == 100 })
	members(t, b, 2)
	second.stopped(t)
	first.stopped(t)
	l.complete(t, 100)
	w.sound(t)
	if others.Load() == 0 {
		t.Error("the second member got nothing")
	}
}

// TestDrainDeadline: what is not done by then is abandoned without a commit, and its next owner gets it.
func TestDrainDeadline(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	for i := range 3 {
		produce(t, b, numberedFrom("in", 1, 10*i, 10))
	}
	l, lg := newLedger(), newLogs(t)
	w := watchCommits(b, l)
	var stuck atomic.Bool
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes, cfg.DrainTimeout, cfg.Logger = 1, 300*time.Millisecond, lg.logger
	cfg.Open = l.open(func(ctx context.Context, b *Batch) error {
		if b.Records[0].Offset == 10 && stuck.CompareAndSwap(false, true) {
			<-ctx.Done() // only the first owner hangs
			return ctx.Err()
		}
		return nil
	})
	first := startMember(t, cfg)
	eventually(t, "the second batch in Handle", stuck.Load)
	second := join(t, cfg)
	eventually(t, "all records", func() bool { return l.len() == 30 })
	if s := first.Stats(); s.Abandoned != 1 || s.HandleErrors != 0 {
		t.Errorf("%d abandoned, %d errors; want 1 and 0", s.Abandoned, s.HandleErrors)
	}
	lg.once(t, "level=WARN", "batch abandoned uncommitted", "offset=10", "n=10", "drain timeout has passed")
	first.stopped(t) // abandoned in a rebalance: that is not what Run reports
	second.stopped(t)
	l.complete(t, 30)
	w.sound(t)
}

// TestShutdownAbandons: a stop waits for the drain timeout, not for ever, and says that something is undone.
func TestShutdownAbandons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		drain, shutdown time.Duration
		err             error // what Handle returns
	}{
		{"by the drain timeout", 200 * time.Millisecond, 10 * time.Second, nil},
		{"by the shutdown timeout", 2 * time.Second, 200 * time.Millisecond, nil},
		{"while retrying", 200 * time.Millisecond, 10 * time.Second, errors.New("no")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
			produce(t, b, numberedFrom("in", 1, 0, 10))
			l := newLedger()
			var entered atomic.Bool
			cfg := testConfig(t, b, "in")
			cfg.DrainTimeout, cfg.ShutdownTimeout = c.drain, c.shutdown
			cfg.Open = l.open(func(ctx context.Context, _ *Batch) error {
				entered.Store(true)
				if c.err != nil {
					return c.err
				}
				<-ctx.Done()
				return nil // even so: it was not done in time
			})
			m := startMember(t, cfg)
			eventually(t, "the batch in Handle", entered.Load)
			began := time.Now()
			if err := m.stop(); !errors.Is(err, ErrAbandoned) {
				t.Errorf("Run returned %v, want ErrAbandoned", err)
			}
			if took := time.Since(began); took > 1500*time.Millisecond {
				t.Errorf("Run took %v to end", took)
			}
			if got := committed(b, "in", 0); got > 0 {
				t.Errorf("offset %d is committed", got)
			}
			if s := m.Stats(); s.Abandoned != 1 || s.InFlight != 0 {
				t.Errorf("%d abandoned, %d in flight", s.Abandoned, s.InFlight)
			}
			if l.opened != l.closed {
				t.Errorf("%d handlers opened, %d closed", l.opened, l.closed)
			}
			g, err := b.Cluster().WaitGroupInfo(soon(t), "g", func(g *kfake.GroupInfo) bool { return len(g.Members) == 0 })
			if err != nil {
				t.Errorf("the group was not left: %v, %+v", err, g)
			}
		})
	}
}

// TestLateCommitIsRefused: while a batch is in Handle the group goes on without the member. Its commit is
// refused, nothing of the old generation is handled or committed any more, and it joins again.
func TestLateCommitIsRefused(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 2})
	for i := range 10 {
		produce(t, b, numberedFrom("in", 2, 10*i, 10))
	}
	l, lg := newLedger(), newLogs(t)
	gate := make(chan struct{})
	var inside atomic.Int32
	cfg := testConfig(t, b, "in")
	cfg.FetchMaxBytes, cfg.Logger = 1, lg.logger
	cfg.HeartbeatInterval = 1500 * time.Millisecond // so that the commit finds out, not the heartbeat
	cfg.Open = l.open(func(ctx context.Context, b *Batch) error {
		switch {
		case b.Records[0].Offset == 25 && inside.Add(1) <= 2:
			return wait(ctx, gate)
		case b.Records[0].Offset == 30 && inside.Load() <= 2: // a worker does not wait for its commit
			return wait(ctx, nil)
		}
		return nil
	})
	m := startMember(t, cfg)
	eventually(t, "both partitions in the middle of a batch", func() bool { return inside.Load() == 2 })
	eventually(t, "the commits of the batches before", func() bool { return committed(b, "in", 0) == 25 && committed(b, "in", 1) == 25 })
	old := b.Cluster().GroupInfo("g")
	leave := kmsg.NewPtrLeaveGroupRequest()
	leave.Version, leave.Group, leave.MemberID = 2, "g", old.Members[0].MemberID
	who := kmsg.NewLeaveGroupRequestMember()
	who.MemberID = old.Members[0].MemberID
	leave.Members = []kmsg.LeaveGroupRequestMember{who}
	if _, err := leave.RequestWith(soon(t), franz(t, b)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the member to be gone", func() bool { return len(b.Cluster().GroupInfo("g").Members) == 0 })
	w := watchCommits(b, l)
	close(gate)
	eventually(t, "all records", func() bool { return l.len() == 100 })
	m.stopped(t)
	l.sound(t)
	if got := l.twice(); got != 10 {
		t.Errorf("%d records came twice, want the two batches whose commit was refused", got)
	}
	var late, after []string
	for _, c := range w.history {
		if c.member == old.Members[0].MemberID {
			late = append(late, fmt.Sprint(c.slot, c.offset))
			if len(after) > 0 {
				t.Errorf("%v: a commit of the old member follows one of the new", c)
			}
			continue
		}
		after = append(after, fmt.Sprint(c.slot, c.offset))
	}
	slices.Sort(late)
	if len(late) == 0 || len(late) > 2 {
		t.Errorf("late commits %v: want those of the batches that were in Handle", late)
	}
	if len(after) == 0 {
		t.Error("nothing was committed after joining again")
	}
	lg.once(t, "level=WARN", "commit refused; giving the partitions up")
	if s := m.Stats(); s.CommitErrors == 0 || s.Rebalances != 2 {
		t.Errorf("%d commit errors, %d generations joined", s.CommitErrors, s.Rebalances)
	}
}

// TestCommitErrors: those that pass are tried again, on the connection that finds the coordinator.
func TestCommitErrors(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 2})
	produce(t, b, numbered("in", 2, 20))
	l, lg := newLedger(), newLogs(t)
	w := watchCommits(b, l)
	refuse := 4
	b.Cluster().ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if refuse--; refuse < 0 {
			return nil, nil, false
		}
		b.Cluster().KeepControl()
		req, _ := request.(*kmsg.OffsetCommitRequest)
		resp, _ := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, t := range req.Topics {
			rt := kmsg.OffsetCommitResponseTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				rt.Partitions = append(rt.Partitions, kmsg.OffsetCommitResponseTopicPartition{Partition: p.Partition, ErrorCode: int16(kafka.GroupAuthorizationFailed)})
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	cfg := testConfig(t, b, "in")
	cfg.Open, cfg.Logger = l.open(nil), lg.logger
	m := startMember(t, cfg)
	eventually(t, "the commits", func() bool { return committed(b, "in", 0) == 10 && committed(b, "in", 1) == 10 })
	m.stopped(t)
	l.complete(t, 20)
	w.sound(t)
	if s := m.Stats(); s.CommitErrors != 4 || s.Commits < 2 {
		t.Errorf("%d commit errors, %d commits", s.CommitErrors, s.Commits)
	}
	lg.once(t, "level=ERROR", "offsets cannot be committed", "grant READ on the group")
	lg.once(t, "level=INFO", "offsets can be committed again")
}

// TestPartitionsAdded are found and distributed, without a loss in the old ones.
func TestPartitionsAdded(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 1})
	l := newLedger()
	w := watchCommits(b, l)
	cfg := testConfig(t, b, "in")
	cfg.Open = l.open(nil)
	m1 := startMember(t, cfg)
	m2 := join(t, cfg)
	members(t, b, 2)
	produce(t, b, numberedFrom("in", 1, 0, 100))
	if _, err := kadm.NewClient(franz(t, b)).UpdatePartitions(soon(t), 5, "in"); err != nil {
		t.Fatal(err)
	}
	produce(t, b, numberedFrom("in", 5, 100, 400))
	eventually(t, "all records", func() bool { return l.len() == 500 })
	eventually(t, "both members to have a part", func() bool {
		return len(m1.Stats().Partitions)+len(m2.Stats().Partitions) == 5 && len(m1.Stats().Partitions) >= 2 && len(m2.Stats().Partitions) >= 2
	})
	m1.stopped(t)
	m2.stopped(t)
	l.complete(t, 500)
	w.sound(t)
}

// TestTopicAppears: a member whose topic does not exist says so once, waits without a spin, and begins when
// it appears; another topic that appears later is taken up as well.
func TestTopicAppears(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{})
	l, lg := newLedger(), newLogs(t)
	metadata := requests(b, kmsg.Metadata)
	cfg := testConfig(t, b, "in", "more")
	cfg.Open, cfg.Logger = l.open(nil), lg.logger
	m := startMember(t, cfg)
	eventually(t, "the message", func() bool { return len(lg.with("topic does not exist")) == 2 })
	began, before := time.Now(), metadata()
	eventually(t, "some more looks", func() bool { return metadata() >= before+4 })
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("four looks took %v", took)
	}
	if why := strings.Join(m.NotReady(), "; "); !strings.Contains(why, `topic "in" does not exist; topic "more" does not exist`) {
		t.Errorf("not ready: %s", why)
	}
	if err := b.CreateTopic("in", 2); err != nil {
		t.Fatal(err)
	}
	produce(t, b, numberedFrom("in", 2, 0, 10))
	eventually(t, "the first topic", func() bool { return l.len() == 10 })
	if why := strings.Join(m.NotReady(), "; "); why != `topic "more" does not exist` {
		t.Errorf("not ready: %s", why)
	}
	if err := b.CreateTopic("more", 1); err != nil {
		t.Fatal(err)
	}
	produce(t, b, numberedFrom("more", 1, 10, 10))
	eventually(t, "the second topic", func() bool { return l.len() == 20 })
	eventually(t, "readiness", func() bool { return len(m.NotReady()) == 0 })
	m.stopped(t)
	l.complete(t, 20)
	for _, topic := range []string{"in", "more"} {
		lg.once(t, "level=ERROR", "topic does not exist", "topic="+topic)
		lg.once(t, "level=INFO", "topic has appeared", "topic="+topic)
	}
}
