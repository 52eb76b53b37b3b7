package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

const (
	topicTTL     = 5 * time.Second // until the Transport's metadata, itself refreshed every few seconds, is read again
	refreshEvery = time.Second     // at most so often are connections closed to have the metadata read anew
)

// topic is what is known of a topic. Guarded by Publisher.mu.
type topic struct {
	name    string
	lanes   []*lane // by partition; never fewer than leaders
	leaders []int32 // by partition, -1 when there is none; empty until the topic has been seen
	read    time.Time
	limit   int // bytes of a batch that the topic is believed to take; 0 when nothing was refused
	turn    int // the last partition that records without a key went to
}

// Check says whether the topics can be published to: they exist, their partitions have leaders, and the
// leaders answer. It asks once, and an error says what to do.
func (p *Publisher) Check(ctx context.Context) error {
	var errs []error
	for _, name := range p.cfg.Topics {
		if err := p.checkTopic(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("topic %s: %w", name, explain(err, name)))
		}
	}
	return errors.Join(errs...)
}

func (p *Publisher) checkTopic(ctx context.Context, name string) error {
	p.mu.Lock()
	if t := p.topics[name]; t != nil {
		t.read = time.Time{}
	}
	p.mu.Unlock()
	if _, err := p.lookUp(ctx, name); err != nil {
		p.refresh(name, err)
		return err
	}
	// Metadata is served from the Transport's cache: only a request to each leader shows that it lives.
	p.mu.Lock()
	asked := map[int32]bool{}
	var ask []kafka.OffsetRequest
	for i, leader := range p.topics[name].leaders {
		if leader < 0 {
			p.mu.Unlock()
			return kafka.LeaderNotAvailable
		}
		if !asked[leader] {
			asked[leader] = true
			ask = append(ask, kafka.LastOffsetOf(i))
		}
	}
	p.mu.Unlock()
	attempt, cancel := context.WithTimeout(ctx, p.cfg.RequestTimeout)
	defer cancel()
	res, err := p.client.ListOffsets(attempt, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{name: ask}})
	if err != nil {
		p.refresh(name, err)
		return err
	}
	for _, o := range res.Topics[name] {
		if o.Error != nil {
			p.refresh(name, o.Error)
			return o.Error
		}
	}
	return nil
}

// awaitTopic gives the number of partitions of a topic, retrying until it is known or ctx ends.
func (p *Publisher) awaitTopic(ctx context.Context, name string) (partitions int, err error) {
	for attempts := 1; ; attempts++ {
		partitions, err = p.lookUp(ctx, name)
		if partitions > 0 {
			return partitions, nil // perhaps stale: the batch will meet the error, if it matters
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		err = explain(err, name)
		p.mu.Lock()
		p.stats.Retries++
		p.count(err)
		p.trouble.seen(p.cfg.Logger, name, err)
		p.mu.Unlock()
		p.refresh(name, err)
		timer := time.NewTimer(p.backoff(attempts))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
	}
}

// lookUp reads the metadata of a topic when it is not known, or not lately. With an error, partitions is
// what was known before.
func (p *Publisher) lookUp(ctx context.Context, name string) (partitions int, err error) {
	p.mu.Lock()
	t := p.topics[name]
	if t == nil {
		t = &topic{name: name}
		p.topics[name] = t
	}
	partitions = len(t.leaders)
	fresh := partitions > 0 && time.Since(t.read) < topicTTL
	p.mu.Unlock()
	if fresh {
		return partitions, nil
	}
	attempt, cancel := context.WithTimeout(ctx, p.cfg.RequestTimeout)
	defer cancel()
	res, err := p.client.Metadata(attempt, &kafka.MetadataRequest{Topics: []string{name}})
	if err != nil {
		return partitions, err
	}
	for i := range res.Topics {
		found := &res.Topics[i]
		switch {
		case found.Name != name:
		case found.Error != nil:
			return partitions, found.Error
		case len(found.Partitions) > 0:
			return p.learn(t, found.Partitions), nil
		}
	}
	return partitions, kafka.UnknownTopicOrPartition
}

// learn takes over the leaders of a topic and makes lanes for its partitions.
func (p *Publisher) learn(t *topic, partitions []kafka.Partition) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.leaders = t.leaders[:0]
	for i := range partitions {
		leader := int32(-1)
		if partitions[i].Leader.Host != "" { // kafka-go gives the zero Broker when there is none
			leader = int32(partitions[i].Leader.ID)
		}
		t.leaders = append(t.leaders, leader)
		if i == len(t.lanes) {
			t.lanes = append(t.lanes, &lane{topic: t, partition: int32(i), producer: wire.NoProducer(), retired: -1})
		}
	}
	t.read = time.Now()
	return len(t.leaders)
}

// leaderOf is the broker that leads the lane's partition.
func (p *Publisher) leaderOf(ctx context.Context, l *lane) (int32, error) {
	if _, err := p.lookUp(ctx, l.topic.name); err != nil {
		return -1, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(l.partition) >= len(l.topic.leaders) {
		return -1, errPartitionGone
	}
	leader := l.topic.leaders[l.partition]
	if leader < 0 {
		return -1, kafka.LeaderNotAvailable
	}
	return leader, nil
}

// reroute moves what waits on a lane to partitions that are still there: the topic was made anew with
// fewer of them. The caller has made the lane busy. Called under mu.
func (p *Publisher) reroute(l *lane) {
	items := slices.Concat(l.flightItems(), l.queue)
	if l.flight != nil {
		p.drop(l)
	}
	clear(l.queue)
	l.queue = l.queue[:0]
	t := l.topic
	for _, it := range items {
		if it.call == nil {
			continue
		}
		to := t.next()
		if key := it.call.records[it.index].Key; key != nil {
			to = partitionFor(key, len(t.leaders))
		}
		t.lanes[to].queue = append(t.lanes[to].queue, it)
		if !slices.Contains(it.call.lanes, t.lanes[to]) {
			it.call.lanes = append(it.call.lanes, t.lanes[to])
		}
		it.call.signal()
	}
}

// nextPartition takes the partitions that have a leader in turn, for records without a key.
func (p *Publisher) nextPartition(name string) int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.topics[name].next()
}

func (t *topic) next() int32 {
	for range t.leaders {
		t.turn = (t.turn + 1) % len(t.leaders)
		if t.leaders[t.turn] >= 0 {
			break
		}
	}
	return int32(t.turn)
}

// refresh has the metadata of a topic read anew when the error says that it is stale.
func (p *Publisher) refresh(name string, err error) {
	if !needsMetadata(err) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.topics[name]; t != nil {
		p.refreshLocked(t)
	}
}

// refreshLocked forgets the topic's leaders. The Transport has no way to be told that its metadata is
// stale, but a new pool of connections begins with reading it: waiting for its timer instead took up to
// 6 s.
func (p *Publisher) refreshLocked(t *topic) {
	t.read = time.Time{}
	if now := time.Now(); now.Sub(p.lastRefresh) >= refreshEvery {
		p.lastRefresh = now
		p.cfg.Transport.CloseIdleConnections()
		p.stats.Refreshes++
	}
}
