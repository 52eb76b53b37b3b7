package consumer

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/segmentio/kafka-go"
)

// vanished is how often in a row a topic has to be seen without some of its partitions before it is
// believed: a broker that has just started may not know all of them.
const vanished = 3

// awaitTopics waits until one of the topics exists and gives the number of partitions of each; a topic
// that does not exist has none. The only error is that ctx ended.
func (c *Consumer) awaitTopics(ctx context.Context) (map[string]int, error) {
	var pause backoff
	var trouble notice
	defer c.outage.gone(sourceTopics)
	for {
		partitions, err := c.lookAtTopics(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			trouble.clear(c.log, "topics can be described again")
			for _, n := range partitions {
				if n > 0 {
					return partitions, nil
				}
			}
		} else {
			if !disconnected(err) {
				trouble.report(c.log, "topics cannot be described", err, "topics", c.cfg.Topics)
			}
			c.cfg.Transport.CloseIdleConnections() // it remembers the error
		}
		if !pause.wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// lookAtTopics asks the Transport, which remembers metadata for a while, and says once what is missing.
func (c *Consumer) lookAtTopics(ctx context.Context) (map[string]int, error) {
	limited, cancel := context.WithTimeout(ctx, maxGroupIO)
	defer cancel()
	m, err := c.client.Metadata(limited, &kafka.MetadataRequest{Addr: c.addr, Topics: c.cfg.Topics})
	if err != nil {
		if disconnected(err) && ctx.Err() == nil {
			c.outage.fail(ctx, sourceTopics, err)
		}
		return nil, err
	}
	c.outage.ok(sourceTopics)
	partitions := map[string]int{}
	for _, t := range m.Topics {
		switch {
		case t.Error == nil, errors.Is(t.Error, kafka.LeaderNotAvailable):
			partitions[t.Name] = len(t.Partitions)
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
			partitions[t.Name] = 0
		default:
			return nil, t.Error
		}
	}
	for _, t := range c.cfg.Topics {
		c.noteTopic(t, partitions[t] > 0)
	}
	return partitions, nil
}

// noteTopic logs that a topic is missing, and that it is there, once each.
func (c *Consumer) noteTopic(topic string, exists bool) {
	switch c.counts.setMissing(topic, !exists) {
	case missingNow:
		c.log.Error("topic does not exist: create it, or take it off the list of topics; consuming begins when it appears", "topic", topic)
	case missingNoLonger:
		c.log.Info("topic has appeared", "topic", topic)
	}
}

// watchTopics ends when a topic has come or gone. While only numbers of partitions change it has the
// group distribute them anew. known is what was seen before this member joined.
func (c *Consumer) watchTopics(ctx context.Context, known map[string]int) {
	known = maps.Clone(known)
	fewer := 0
	ticker := time.NewTicker(c.cfg.WatchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		partitions, err := c.lookAtTopics(ctx)
		if err != nil {
			continue // the fetches fail as well, and report it
		}
		more, less, cameOrWent := compareTopics(known, partitions)
		if less {
			fewer++
		} else {
			fewer = 0
		}
		switch {
		case !more && fewer < vanished:
			continue
		case cameOrWent:
			c.log.Info("topics have changed; joining the group anew", "group", c.cfg.GroupID)
			return
		}
		c.log.Info("partitions have changed; rebalancing", "group", c.cfg.GroupID)
		known, fewer = partitions, 0
		select {
		case c.rejoin <- struct{}{}:
		default:
		}
	}
}

// compareTopics says whether a topic has more partitions, or less, and whether one came or went.
func compareTopics(before, after map[string]int) (more, less, cameOrWent bool) {
	for t, n := range after {
		more = more || n > before[t]
		less = less || n < before[t]
		cameOrWent = cameOrWent || (n > 0) != (before[t] > 0)
	}
	return more, less, cameOrWent
}
