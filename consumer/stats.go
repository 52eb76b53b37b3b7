package consumer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is what a Consumer has done and where it stands. The counters run from New on.
type Stats struct {
	Joined     bool  // a member of the group, with or without partitions
	Generation int32 // of the group, the last that was joined

	Rebalances     uint64            // generations joined
	Commits        uint64            // positions committed
	CommitErrors   uint64            // attempts that failed
	FetchErrors    map[string]uint64 // attempts that failed, by Kafka's name of the error in lower case
	HandleErrors   uint64            // errors of Handle; the batch is handled again
	CorruptBatches uint64            // attempts to read a batch that cannot be read
	OffsetResets   uint64            // positions that were out of range
	Lost           uint64            // offsets skipped by those
	Abandoned      uint64            // batches given up uncommitted when the drain timeout passed
	InFlight       int64             // records fetched and not yet acknowledged

	MissingTopics []string    // that do not exist
	Partitions    []Partition // that this member owns, by topic and number
}

// Partition is the state of one partition that this member owns.
type Partition struct {
	Topic         string
	Partition     int32
	Records       uint64 // handled since it was assigned
	Bytes         uint64 // of their keys and values
	Position      int64  // the next offset to handle; -1 until it is known
	HighWatermark int64  // the partition's end at the last look; -1 before the first
	LagRecords    int64  // offsets from the position to the end that may be read
	// LagSeconds is the age of the oldest record not yet handled; when that is not fetched yet, of the
	// last one handled, which is older. 0 when caught up.
	LagSeconds float64
	Stuck      string // why the partition stands still and needs somebody; empty otherwise
}

// counters is shared by everything in a Consumer.
type counters struct {
	rebalances, commits, commitErrors, handleErrors, corrupt, resets, lost, abandoned atomic.Uint64
	inFlight                                                                          atomic.Int64
	cutShort                                                                          atomic.Bool // a batch was abandoned by a stop

	mu          sync.Mutex
	isJoined    bool
	generation  int32
	partitions  []*partition
	fetchErrors map[string]uint64
	missing     map[string]bool
}

// partition is one assigned partition's counters. The worker and its prefetcher write them, once per batch.
type partition struct {
	topic   string
	number  int32
	records atomic.Uint64
	bytes   atomic.Uint64

	position      atomic.Int64 // -1: not known yet
	end           atomic.Int64 // of what may be read
	highWatermark atomic.Int64
	waiting       atomic.Bool  // a batch waits for the handler, so nothing is fetched
	oldest        atomic.Int64 // timestamp in ms of the oldest record not handled, or of the last handled; 0: none
	stuck         atomic.Pointer[string]
}

func (c *counters) init() {
	c.fetchErrors = map[string]uint64{}
	c.missing = map[string]bool{}
}

func (c *counters) joined(generation int32, partitions int) {
	c.rebalances.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isJoined, c.generation = true, generation
	c.partitions = make([]*partition, 0, partitions)
}

func (c *counters) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isJoined, c.partitions = false, nil
}

func (c *counters) assign(topic string, number int32) *partition {
	p := &partition{topic: topic, number: number}
	p.position.Store(-1)
	p.end.Store(-1)
	p.highWatermark.Store(-1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.partitions = append(c.partitions, p)
	return p
}

func (c *counters) fetchError(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetchErrors[errorCode(err)]++
}

func (c *counters) committed(positions map[string]map[int]int64) {
	for _, list := range positions {
		c.commits.Add(uint64(len(list)))
	}
}

// What setMissing has changed.
const (
	missingSame = iota
	missingNow
	missingNoLonger
)

func (c *counters) setMissing(topic string, missing bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case missing == c.missing[topic]:
		return missingSame
	case missing:
		c.missing[topic] = true
		return missingNow
	}
	delete(c.missing, topic)
	return missingNoLonger
}

func (p *partition) begin(position int64) { p.position.Store(position) }

func (p *partition) handling(b *Batch) { p.oldest.Store(b.Records[0].Timestamp) }

func (p *partition) handled(f *fetched) {
	if n := len(f.batch.Records); n > 0 {
		p.oldest.Store(f.batch.Records[n-1].Timestamp)
		p.records.Add(uint64(n))
		p.bytes.Add(uint64(f.bytes))
	}
	p.position.Store(f.batch.Next)
}

func (p *partition) stick(err error) {
	text := err.Error()
	p.stuck.Store(&text)
}

func (p *partition) unstick() {
	if p.stuck.Load() != nil {
		p.stuck.Store(nil)
	}
}

// snapshot reads the counters at now.
func (p *partition) snapshot(now time.Time) Partition {
	s := Partition{
		Topic: p.topic, Partition: p.number, Records: p.records.Load(), Bytes: p.bytes.Load(),
		Position: p.position.Load(), HighWatermark: p.highWatermark.Load(),
	}
	if why := p.stuck.Load(); why != nil {
		s.Stuck = *why
	}
	if end := p.end.Load(); s.Position >= 0 && end > s.Position {
		s.LagRecords = end - s.Position
		if oldest := p.oldest.Load(); oldest > 0 {
			s.LagSeconds = max(0, now.Sub(time.UnixMilli(oldest)).Seconds())
		}
	}
	return s
}

// Stats gives the state of now. It is cheap and safe for concurrent use; what it returns is the caller's.
func (c *Consumer) Stats() Stats {
	k := &c.counts
	s := Stats{
		Rebalances: k.rebalances.Load(), Commits: k.commits.Load(), CommitErrors: k.commitErrors.Load(),
		HandleErrors: k.handleErrors.Load(), CorruptBatches: k.corrupt.Load(), OffsetResets: k.resets.Load(),
		Lost: k.lost.Load(), Abandoned: k.abandoned.Load(), InFlight: k.inFlight.Load(),
	}
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	s.Joined, s.Generation = k.isJoined, k.generation
	s.FetchErrors = maps.Clone(k.fetchErrors)
	s.MissingTopics = slices.Sorted(maps.Keys(k.missing))
	for _, p := range k.partitions {
		s.Partitions = append(s.Partitions, p.snapshot(now))
	}
	slices.SortFunc(s.Partitions, func(a, b Partition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return s
}

// NotReady lists what keeps this member from doing its work, in words for an operator; nothing when it
// does. A member without partitions is ready. It is safe for concurrent use.
func (c *Consumer) NotReady() []string {
	s := c.Stats()
	var why []string
	for _, t := range s.MissingTopics {
		why = append(why, fmt.Sprintf("topic %q does not exist", t))
	}
	if !s.Joined {
		why = append(why, fmt.Sprintf("group %q is not joined", c.cfg.GroupID))
	}
	for _, p := range s.Partitions {
		if p.Stuck != "" {
			why = append(why, fmt.Sprintf("partition %s/%d stands still: %s", p.Topic, p.Partition, p.Stuck))
		}
	}
	return why
}
