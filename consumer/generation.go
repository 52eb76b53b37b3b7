package consumer

import (
	"context"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// generation is this member's partitions between two rebalances. Its goroutines, all of which end
// before it does: for each partition a worker and a prefetcher; one committer, one that keeps time, one
// that looks at the partitions' ends.
type generation struct {
	c   *Consumer
	gen *kafka.Generation

	// The contexts are lifetimes of the generation, not of a call. process is Run's own.
	// owned ends when the partitions are revoked, drain one drain timeout later at the latest: what is
	// in flight finishes, is acknowledged and committed in between. Nothing is handled or committed
	// after drain.
	process, owned, drain context.Context
	revoke                context.CancelFunc
	abandon               context.CancelCauseFunc

	commits *committer
}

// generation runs one generation and returns when all of it has ended. kafka-go joins the next one only
// then. ended is done when the group rebalances; process is Run's own context.
func (c *Consumer) generation(process, ended context.Context, gen *kafka.Generation) {
	if ended.Err() != nil {
		return // it was over before it began, and kafka-go does not wait for this goroutine
	}
	g := &generation{c: c, gen: gen, process: process}
	g.owned, g.revoke = context.WithCancel(ended)
	defer g.revoke()
	g.drain, g.abandon = context.WithCancelCause(context.WithoutCancel(process))
	defer g.abandon(errFinished)
	g.commits = newCommitter(g)

	var assigned []Assignment
	for topic, partitions := range gen.Assignments {
		for _, p := range partitions {
			assigned = append(assigned, Assignment{
				Topic: topic, Partition: int32(p.ID), Group: gen.GroupID, Generation: gen.ID, MemberID: gen.MemberID,
			})
		}
	}
	c.counts.joined(gen.ID, len(assigned))
	c.log.Info("joined the group", "group", gen.GroupID, "generation", gen.ID, "member", gen.MemberID, "n", len(assigned))
	began := time.Now()

	var workers, rest sync.WaitGroup
	workersDone := make(chan struct{})
	rest.Go(g.keepTime)
	rest.Go(func() { g.commits.run(workersDone) })
	var partitions []*partition
	for _, a := range assigned {
		w := newWorker(g, a)
		partitions = append(partitions, w.stats)
		workers.Go(w.run)
	}
	rest.Go(func() { g.watchEnds(partitions) })
	workers.Wait()
	<-g.owned.Done() // a member without partitions waits for the next rebalance as well
	drained := time.Now()
	close(workersDone)
	rest.Wait()

	c.counts.left()
	c.log.Info("left the generation", "group", gen.GroupID, "generation", gen.ID, "dur", time.Since(began), "commit_dur", time.Since(drained))
	if context.Cause(g.drain) == errFenced { //nolint:errorlint // context.Cause returns the very value
		g.awaitEnd(ended)
	}
}

// keepTime revokes the partitions when the topics have more of them, and abandons what is still in
// flight when the drain timeout has passed after a revocation.
func (g *generation) keepTime() {
	select {
	case <-g.owned.Done():
	case <-g.c.rejoin:
		g.revoke()
	}
	g.c.log.Info("partitions revoked; finishing the batches in flight", "group", g.gen.GroupID, "generation", g.gen.ID)
	limit := g.c.cfg.DrainTimeout
	if g.process.Err() != nil { // leaving the group takes a moment, too
		limit = min(limit, g.c.cfg.ShutdownTimeout*9/10)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-timer.C:
		g.abandon(errDrained)
	case <-g.commits.done: // it goes last, or when drain has ended
	}
}

// fence gives the partitions up at once: the coordinator says that they are somebody else's.
func (g *generation) fence(err error) {
	g.c.log.Warn("commit refused; giving the partitions up", "group", g.gen.GroupID, "generation", g.gen.ID, "err", err)
	g.abandon(errFenced)
	g.revoke()
}

// awaitEnd waits until a heartbeat finds out as well that the member is fenced. Returning earlier would
// join again at once, and with a confused coordinator for ever.
func (g *generation) awaitEnd(ended context.Context) {
	timer := time.NewTimer(3 * g.c.cfg.HeartbeatInterval)
	defer timer.Stop()
	select {
	case <-ended.Done():
	case <-timer.C:
	}
}
