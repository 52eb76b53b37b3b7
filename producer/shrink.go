package producer

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/segmentio/kafka-go"
)

// publishShrinking publishes records and, for those that the topic refuses as too large, calls shrink
// with their index and publishes them again. shrink returns false when there is nothing left to cut.
func publishShrinking(ctx context.Context, sink Sink, records []kafka.Message, shrink func(i int) bool) error {
	if len(records) == 0 {
		return nil
	}
	var again []kafka.Message
	var index []int // of again's records in records; nil means that again is not used yet
	batch := records
	for {
		err := sink.Publish(ctx, batch)
		var large *TooLargeError
		if !errors.As(err, &large) || len(large.Records) == 0 {
			return err
		}
		var next []int
		for _, i := range large.Records {
			if index != nil {
				i = index[i]
			}
			if !shrink(i) {
				return err
			}
			next = append(next, i)
		}
		index, again = next, again[:0]
		for _, i := range index {
			again = append(again, records[i])
		}
		batch = again
	}
}

// shrink cuts record i after the broker has refused it: first its event, then its evidence.
func (e *Encoder) shrink(i int) bool {
	msg, m := &e.msgs[i], &e.marks[i]
	start := len(e.buf)
	v := msg.Value
	switch {
	case m.eventEnd > 0:
		e.buf = append(e.buf, v[:m.eventAt]...)
		e.buf = append(e.buf, truncatedMember...)
		e.buf = append(e.buf, v[m.eventEnd:]...)
		m.eventEnd = 0
		e.stats.Truncated++
	case m.matchEnd-m.matchAt > len(emptyMatch):
		e.buf = append(e.buf, v[:m.matchAt]...)
		e.buf = append(e.buf, emptyMatch...)
		e.buf = append(e.buf, v[m.matchEnd:]...)
		m.matchEnd = m.matchAt + len(emptyMatch)
	default:
		return false
	}
	msg.Value = e.buf[start:len(e.buf):len(e.buf)]
	return true
}

// cut shortens s to limit bytes, at the start of a character; 0 means no limit.
func cut[S string | []byte](s S, limit int) S {
	if limit == 0 || len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
