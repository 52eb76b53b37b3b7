package consumer

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// slot names a partition.
type slot struct {
	topic     string
	partition int32
}

// watchEnds looks at the ends of the partitions whose handlers are busy, until the generation's
// partitions are revoked. A fetch tells where its partition ends, but while a handler is stuck there is no
// fetch, and that is when somebody looks at the lag.
func (g *generation) watchEnds(partitions []*partition) {
	ticker := time.NewTicker(g.c.cfg.WatchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-g.owned.Done():
			return
		case <-ticker.C:
		}
		waiting := map[slot]*partition{}
		ask := map[string][]kafka.OffsetRequest{}
		for _, p := range partitions {
			if p.waiting.Load() {
				waiting[slot{p.topic, p.number}] = p
				ask[p.topic] = append(ask[p.topic], kafka.LastOffsetOf(int(p.number)))
			}
		}
		if len(ask) == 0 {
			continue
		}
		// An error is not reported: it is the fetches' to report, once there are some again.
		ends, _ := g.c.listOffsets(g.owned, ask)
		for topic, list := range ends {
			for _, o := range list {
				if p := waiting[slot{topic, int32(o.Partition)}]; p != nil && o.Error == nil {
					p.end.Store(o.LastOffset)
					p.highWatermark.Store(max(p.highWatermark.Load(), o.LastOffset))
				}
			}
		}
	}
}

// listOffsets asks the leaders; under read_committed a partition ends where its first open transaction
// begins.
func (c *Consumer) listOffsets(ctx context.Context, ask map[string][]kafka.OffsetRequest) (map[string][]kafka.PartitionOffsets, error) {
	ctx, cancel := context.WithTimeout(ctx, maxGroupIO)
	defer cancel()
	isolation := kafka.ReadCommitted
	if c.cfg.IsolationLevel == ReadUncommitted {
		isolation = kafka.ReadUncommitted
	}
	response, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Addr: c.addr, IsolationLevel: isolation, Topics: ask})
	if err != nil {
		return nil, err
	}
	return response.Topics, nil
}
