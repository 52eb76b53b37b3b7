package consumer

import (
	"context"
	"sync"

	"github.com/segmentio/kafka-go"
)

// committer commits the positions of one generation. At most one commit is under way; what the workers
// hand in meanwhile goes out together with the next. So commits of a partition never overtake each
// other, many partitions share a request, and a worker does not wait for the round trip.
type committer struct {
	g       *generation
	wake    chan struct{} // one pending wish to commit
	done    chan struct{} // closed when run has returned
	viaPool bool          // the generation's own connection has failed; run's

	mu      sync.Mutex
	pending map[string]map[int]int64 // acknowledged and not yet committed, by topic and partition
}

func newCommitter(g *generation) *committer {
	return &committer{g: g, wake: make(chan struct{}, 1), done: make(chan struct{}), pending: map[string]map[int]int64{}}
}

// add has the position committed soon. Everything below it must be acknowledged.
func (c *committer) add(topic string, partition int32, position int64) {
	c.mu.Lock()
	set(c.pending, topic, int(partition), position)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func set(m map[string]map[int]int64, topic string, partition int, position int64) {
	if m[topic] == nil {
		m[topic] = map[int]int64{}
	}
	m[topic][partition] = position
}

func (c *committer) take() map[string]map[int]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.pending
	c.pending = map[string]map[int]int64{}
	return m
}

// putBack makes positions pending again, unless newer ones came in meanwhile.
func (c *committer) putBack(m map[string]map[int]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, positions := range m {
		for p, position := range positions {
			if _, newer := c.pending[topic][p]; !newer {
				set(c.pending, topic, p, position)
			}
		}
	}
}

// run commits until the workers are done and nothing is pending, or nothing may be committed any more.
func (c *committer) run(workersDone <-chan struct{}) {
	defer close(c.done)
	for {
		select {
		case <-c.wake:
			if !c.flush() {
				return
			}
		case <-workersDone:
			c.flush()
			return
		}
	}
}

// flush commits what is pending. It returns false when the generation may commit no more.
func (c *committer) flush() bool {
	var pause backoff
	var trouble notice
	log := c.g.c.log.With("group", c.g.gen.GroupID, "generation", c.g.gen.ID)
	for {
		positions := c.take()
		if len(positions) == 0 {
			trouble.clear(log, "offsets can be committed again")
			return true
		}
		if c.g.drain.Err() != nil {
			return false
		}
		err := c.commit(positions)
		switch {
		case err == nil:
			c.g.c.counts.committed(positions)
			continue
		case fenced(err):
			c.g.c.counts.commitErrors.Add(1)
			c.g.fence(err)
			return false
		}
		c.g.c.counts.commitErrors.Add(1)
		c.viaPool = true
		c.putBack(positions)
		trouble.report(log, "offsets cannot be committed; trying again", err)
		if !pause.wait(c.g.drain) {
			return false
		}
	}
}

// commit commits under the generation's id, so the coordinator refuses it once the group has gone on.
// The generation's own connection costs one round trip. Once that has failed, the coordinator may have
// moved: the Transport finds it, at two round trips.
func (c *committer) commit(positions map[string]map[int]int64) error {
	if !c.viaPool {
		return c.g.gen.CommitOffsets(positions)
	}
	ctx, cancel := context.WithTimeout(c.g.drain, maxGroupIO)
	defer cancel()
	request := &kafka.OffsetCommitRequest{
		Addr: c.g.c.addr, GroupID: c.g.gen.GroupID, GenerationID: int(c.g.gen.ID), MemberID: c.g.gen.MemberID,
		Topics: map[string][]kafka.OffsetCommit{},
	}
	for topic, list := range positions {
		for p, position := range list {
			request.Topics[topic] = append(request.Topics[topic], kafka.OffsetCommit{Partition: p, Offset: position})
		}
	}
	response, err := c.g.c.client.OffsetCommit(ctx, request)
	if err != nil {
		c.g.c.metadata.refresh()
		return err
	}
	for _, list := range response.Topics {
		for _, p := range list {
			if p.Error != nil {
				return p.Error
			}
		}
	}
	return nil
}
