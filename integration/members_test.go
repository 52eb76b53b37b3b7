package integration

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// waitForLoad bounds how long a group may take for a whole load; it takes seconds on two cores.
	waitForLoad = 2 * time.Minute
	// pace is how many records a second feed writes: slow enough to have something happen in the middle, on any machine.
	pace = 5_000
)

// feed writes a load at a steady pace while the test does something else.
type feed struct {
	total int
	fed   atomic.Int64
	done  chan error
}

// startFeed begins to write. Records are in flight all the time, also while the broker is away.
func (b *broker) startFeed(t *testing.T, l *load) *feed {
	t.Helper()
	client := b.producer(t, kgo.Lz4Compression())
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	f := &feed{total: len(l.records), done: make(chan error, 1)}
	ended := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	go func() {
		defer close(ended)
		defer client.Close()
		f.done <- f.run(ctx, client, l.records)
	}()
	return f
}

func (f *feed) run(ctx context.Context, client *kgo.Client, records []*kgo.Record) error {
	const chunk = pace / 10
	tick := time.NewTicker(time.Second / 10)
	defer tick.Stop()
	for len(records) > 0 {
		n := min(chunk, len(records))
		if err := client.ProduceSync(ctx, records[:n]...).FirstErr(); err != nil {
			return fmt.Errorf("feed after %d records: %w", f.fed.Load(), err)
		}
		f.fed.Add(int64(n))
		records = records[n:]
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// awaitShare waits until a share of the load is written, and fails when all of it is: the test would be under no load.
func (f *feed) awaitShare(t *testing.T, part, of int) {
	t.Helper()
	eventually(t, time.Minute, fmt.Sprintf("%d/%d of the load to be written", part, of), func() (bool, string) {
		return int(f.fed.Load())*of >= f.total*part, fmt.Sprintf("%d of %d records", f.fed.Load(), f.total)
	})
	f.wantRunning(t)
}

func (f *feed) wantRunning(t *testing.T) {
	t.Helper()
	if int(f.fed.Load()) == f.total {
		t.Fatalf("all %d records are written: nothing happened under load", f.total)
	}
}

func (f *feed) await(t *testing.T) {
	t.Helper()
	select {
	case err := <-f.done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatalf("only %d of %d records are written", f.fed.Load(), f.total)
	}
}

// three starts three members of the site's group.
func three(t *testing.T, b *broker, at site) []*member {
	t.Helper()
	var members []*member
	for _, name := range []string{"one", "two", "three"} {
		members = append(members, startMember(t, name, at.group, at.settings(b)))
	}
	b.awaitMembers(t, at.group, 3)
	return members
}

// TestMembersTerminated: a rolling deployment. One member after the other is stopped and replaced while events come in. Nothing is
// lost and nothing comes twice.
func TestMembersTerminated(t *testing.T) {
	again := replaceMembers(t, func(m *member) { m.stop(t) })
	if again != 0 {
		t.Errorf("%d alerts came twice", again)
	}
}

// TestMembersKilled: one member after the other dies and is replaced. Nothing is lost; what comes twice has the same id.
func TestMembersKilled(t *testing.T) {
	replaceMembers(t, func(m *member) {
		m.signal(t, syscall.SIGKILL)
		if code := m.awaitExit(t, 10*time.Second); code != -1 {
			t.Fatalf("the killed member exited %d", code)
		}
	})
}

// replaceMembers ends each of three members under load, starts another in its place, and gives the number of repeated alerts.
func replaceMembers(t *testing.T, end func(m *member)) (again int) {
	t.Helper()
	b := startBroker(t)
	at := newSite(t, b)
	l := newLoad(t, at.input, partitions, corpusEvents, plantedEvents)
	members := three(t, b, at)

	f := b.startFeed(t, l)
	for i, m := range members {
		f.awaitShare(t, i+1, len(members)+1)
		end(m)
		f.wantRunning(t)
		members[i] = startMember(t, m.name+" again", at.group, at.settings(b))
	}
	f.await(t)
	b.awaitCaughtUp(t, waitForLoad, at.group, at.input)
	b.awaitMembers(t, at.group, len(members))
	for _, m := range members {
		m.stop(t)
	}
	return checkAlerts(t, b.read(t, at.alerts), l, alertPartitions)
}

// TestBrokerRestarted: the only broker goes away in the middle and comes back. Nothing is lost; what comes twice has the same id.
func TestBrokerRestarted(t *testing.T) {
	b := startBroker(t)
	at := newSite(t, b)
	l := newLoad(t, at.input, partitions, corpusEvents, plantedEvents)
	members := three(t, b, at)

	f := b.startFeed(t, l)
	f.awaitShare(t, 1, 3)
	b.stop(t)
	b.start(t)
	f.wantRunning(t)
	f.await(t)
	b.awaitCaughtUp(t, waitForLoad, at.group, at.input)
	for _, m := range members {
		m.awaitReady(t)
	}
	for _, m := range members {
		m.stop(t)
	}
	checkAlerts(t, b.read(t, at.alerts), l, alertPartitions)
}
