package producer

import (
	"context"

	"github.com/segmentio/kafka-go"
)

// Sink publishes records. Implementations are safe for concurrent use.
type Sink interface {
	// Publish returns nil when every record is acknowledged by all in-sync replicas. On a *TooLargeError
	// all but the records it names are; Encoder.Publish and DeadLetters.Publish cut those down. On any
	// other error some may have been written: publish all of them again. Topic, Key, Value, Headers and Time of
	// a record are used; a Time of zero lets the record carry the wall clock. The records' bytes may be
	// reused once Publish has returned.
	Publish(ctx context.Context, records []kafka.Message) error
}
