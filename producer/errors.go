package producer

import (
	"errors"
	"fmt"
)

var errPartitionGone = errors.New("the topic has fewer partitions than before")

// TooLargeError says that a topic does not take some of the records of a Publish, not even alone. All
// the others are acknowledged: cut these down and publish them again.
type TooLargeError struct {
	Topic   string
	Records []int // indexes into the slice that was published, ascending
	Size    int   // of the largest, in bytes before compression
}

// Error prints how many records are too large and what to do.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%d records of up to %d bytes are larger than topic %q takes; raise its max.message.bytes",
		len(e.Records), e.Size, e.Topic)
}

// UnknownTopicError says that a topic to publish to does not exist.
type UnknownTopicError struct{ Topic string }

// Error prints the topic and what to do.
func (e *UnknownTopicError) Error() string {
	return fmt.Sprintf("topic %q does not exist; create it, for example with kafka-topics.sh --create --topic %s --partitions 12",
		e.Topic, e.Topic)
}
