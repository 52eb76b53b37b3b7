package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// errNoOffset says that there is nothing to start from and that no policy chooses for the operator.
var errNoOffset = errors.New("no committed offset and auto offset reset is none; commit one, for example with kafka-consumer-groups.sh --reset-offsets")

// start finds where the partition begins: at the committed offset, which is read only now, after the
// Opener has fenced whoever had the partition before; else where the policy says, and that is committed
// at once, so that a restart before the first batch does not skip what arrived meanwhile (kafka-go
// #1319). ok is false when the partition was revoked first.
func (w *worker) start() (position int64, ok bool) {
	var pause backoff
	var trouble notice
	for {
		position, committed, err := w.startOffset()
		switch {
		case w.g.owned.Err() != nil:
			return 0, false
		case err == nil:
			w.c.outage.ok(w.source)
			trouble.clear(w.log, "start offset found")
			w.stats.unstick()
			w.stats.begin(position)
			if !committed {
				w.log.Info("no committed offset", "auto_offset_reset", string(w.c.cfg.AutoOffsetReset), "offset", position)
				w.g.commits.add(w.a.Topic, w.a.Partition, position)
			}
			return position, true
		}
		w.failed(err, &trouble, "start offset cannot be found; trying again")
		if errors.Is(err, errNoOffset) {
			w.stats.stick(err)
		}
		if !pause.wait(w.g.owned) {
			return 0, false
		}
	}
}

// failed counts and reports an error on the way to the broker.
func (w *worker) failed(err error, trouble *notice, msg string) {
	w.c.counts.fetchError(err)
	if movedLeader(err) {
		w.c.metadata.refresh()
	}
	if disconnected(err) {
		w.c.outage.fail(w.g.owned, w.source, err)
		return
	}
	trouble.report(w.log, msg, err)
}

func (w *worker) startOffset() (position int64, committed bool, err error) {
	position, err = w.committedOffset()
	if err != nil || position >= 0 {
		return position, true, err
	}
	if w.c.cfg.AutoOffsetReset == None {
		return 0, false, errNoOffset
	}
	first, last, err := w.bounds()
	if err != nil {
		return 0, false, err
	}
	if w.c.cfg.AutoOffsetReset == Latest {
		return last, false, nil
	}
	return first, false, nil
}

// committedOffset is negative when the group has none.
func (w *worker) committedOffset() (int64, error) {
	ctx, cancel := context.WithTimeout(w.g.owned, maxGroupIO)
	defer cancel()
	response, err := w.c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		Addr: w.c.addr, GroupID: w.a.Group, Topics: map[string][]int{w.a.Topic: {int(w.a.Partition)}},
	})
	if err != nil {
		return 0, err
	}
	if response.Error != nil {
		return 0, response.Error
	}
	for _, p := range response.Topics[w.a.Topic] {
		if p.Partition == int(w.a.Partition) {
			return p.CommittedOffset, p.Error
		}
	}
	return 0, fmt.Errorf("the coordinator did not answer for %s", w.source)
}

// bounds asks the leader for the partition's first offset and its end.
func (w *worker) bounds() (first, last int64, err error) {
	p := int(w.a.Partition)
	topics, err := w.c.listOffsets(w.g.owned, map[string][]kafka.OffsetRequest{w.a.Topic: {kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p)}})
	if err != nil {
		return 0, 0, err
	}
	for _, o := range topics[w.a.Topic] {
		if o.Partition == p {
			return o.FirstOffset, o.LastOffset, o.Error
		}
	}
	return 0, 0, fmt.Errorf("the leader did not answer for %s", w.source)
}
