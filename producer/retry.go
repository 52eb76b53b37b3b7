package producer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// Stats counts what a Publisher did since it was made.
type Stats struct {
	Records   uint64 // acknowledged
	Batches   uint64 // acknowledged
	Bytes     uint64 // of acknowledged batches, compressed
	Requests  uint64 // sent, answered or not
	Retries   uint64 // failed attempts: a batch counts once for each
	TooLarge  uint64 // records refused as too large, alone in their batch
	Restamped uint64 // batches sent with the wall clock because the topic refused their records' time
	Refreshes uint64 // times that the connections were closed to have the metadata read anew
	// Errors counts failed attempts by code: Kafka's name of the error in lower case, or network,
	// timeout, other.
	Errors map[string]uint64
}

// Stats gives the counts so far. The map is the caller's.
func (p *Publisher) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Errors = maps.Clone(s.Errors)
	return s
}

// count counts an error by its code. Called under mu.
func (p *Publisher) count(err error) { p.stats.Errors[errorCode(err)]++ }

// backoff is how long to wait after so many failures in a row: doubling, half of it random.
func (p *Publisher) backoff(attempts int) time.Duration {
	d := p.cfg.BackoffMax
	if shift := attempts - 1; shift < 16 {
		d = min(d, p.cfg.BackoffMin<<shift)
	}
	return d/2 + rand.N(d/2+1)
}

// needsMetadata reports whether the leader has moved, or may have.
func needsMetadata(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return true // no answer: the broker may be gone
	}
	switch code {
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition,
		kafka.BrokerNotAvailable, kafka.ReplicaNotAvailable, kafka.NetworkException, kafka.KafkaStorageError,
		kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch, kafka.UnknownTopicID:
		return true
	}
	return false
}

// errorCode is the label of an error: bounded, in lower case.
func errorCode(err error) string {
	var unknown *UnknownTopicError
	var code kafka.Error
	var network net.Error
	switch {
	case errors.As(err, &unknown):
		code = kafka.UnknownTopicOrPartition
	case errors.As(err, &code):
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "network"
	default:
		return "other"
	}
	return codeName(code)
}

// codeName is Kafka's name of an error, where kafka-go's title differs from it.
func codeName(code kafka.Error) string {
	switch code {
	case kafka.NotLeaderForPartition:
		return "not_leader_or_follower"
	case kafka.MessageSizeTooLarge:
		return "message_too_large"
	case kafka.RecordListTooLarge:
		return "record_list_too_large"
	case kafka.RequestTimedOut:
		return "request_timed_out"
	case kafka.UnknownTopicOrPartition:
		return "unknown_topic_or_partition"
	case kafka.OutOfOrderSequenceNumber:
		return "out_of_order_sequence_number"
	case kafka.UnknownProducerId:
		return "unknown_producer_id"
	case kafka.InvalidProducerEpoch:
		return "invalid_producer_epoch"
	case kafka.InvalidMessage:
		return "corrupt_message"
	case kafka.InvalidTimestamp:
		return "invalid_timestamp"
	case kafka.GroupLoadInProgress:
		return "coordinator_load_in_progress"
	case kafka.GroupCoordinatorNotAvailable:
		return "coordinator_not_available"
	case kafka.NotCoordinatorForGroup:
		return "not_coordinator"
	case kafka.Unknown:
		return "unknown_server_error"
	}
	if title := code.Title(); title != "" {
		return strings.ReplaceAll(strings.ToLower(title), " ", "_")
	}
	return fmt.Sprintf("error_%d", int(code))
}

// explain adds to an error what an operator can do about it.
func explain(err error, topic string) error {
	var unknown *UnknownTopicError
	var code kafka.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &unknown):
		return err
	case errors.As(err, &code):
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("%w; check bootstrap_servers, and that the brokers are up", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the broker closed the connection (%w); if this lasts, check security_protocol, user name and password", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer in time (%w); if this lasts, check the network, and that security_protocol fits the broker's listener", err)
	default:
		return err
	}
	hint := ""
	switch code {
	case kafka.UnknownTopicOrPartition:
		return &UnknownTopicError{Topic: topic}
	case kafka.TopicAuthorizationFailed:
		hint = "grant WRITE and DESCRIBE on the topic to picket's principal"
	case kafka.ClusterAuthorizationFailed:
		hint = "grant WRITE on the topic (Kafka 2.8 or later) or IDEMPOTENT_WRITE on the cluster to picket's principal"
	case kafka.SASLAuthenticationFailed:
		hint = "check the user name, the password and sasl_mechanism"
	case kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend:
		hint = "fewer replicas are in sync than min.insync.replicas asks for: bring the brokers back"
	case kafka.RequestTimedOut:
		hint = "the replicas did not take the batch in time: look at the brokers' load"
	case kafka.InvalidTimestamp:
		hint = "the topic refuses the events' time: see its message.timestamp.before.max.ms and after.max.ms"
	case kafka.InvalidRecord:
		hint = "the topic refuses the records; a compacted topic takes none without a key: remove cleanup.policy=compact"
	case kafka.PolicyViolation, kafka.UnsupportedCompressionType, kafka.InvalidTopic:
		hint = "the broker's policy or version does not allow this: change the topic or the compression setting"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, hint)
}

// warnEvery is how often trouble with one topic is logged.
const warnEvery = 10 * time.Second

// trouble logs failures at a bounded rate, and their end. Guarded by Publisher.mu.
type trouble map[string]*troubled // by topic

type troubled struct {
	failing bool
	since   time.Time // the first failure
	logged  time.Time // the last message
	n       int       // failures since then
}

// seen notes a failure.
func (t trouble) seen(log *slog.Logger, topic string, err error) {
	now := time.Now()
	s := t[topic]
	if s == nil {
		s = new(troubled)
		t[topic] = s
	}
	if !s.failing {
		s.failing, s.since = true, now
	}
	s.n++
	if now.Sub(s.logged) < warnEvery {
		return
	}
	log.Warn("publishing fails and is retried", "topic", topic, "code", errorCode(err), "err", err,
		"n", s.n, "dur", now.Sub(s.since).Round(time.Millisecond))
	s.logged, s.n = now, 0
}

// over notes that nothing of the topic is failing any more.
func (t trouble) over(log *slog.Logger, topic string) {
	s := t[topic]
	if s == nil || !s.failing {
		return
	}
	s.failing = false
	if s.logged.After(s.since) || s.logged.Equal(s.since) {
		log.Info("publishing works again", "topic", topic, "dur", time.Since(s.since).Round(time.Millisecond))
	}
}
