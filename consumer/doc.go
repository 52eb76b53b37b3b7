// Package consumer brings Kafka records to handlers, partition by partition, and moves the group's
// offsets only past what the handlers have finished.
//
// New takes a Config, Run joins the group and blocks. Membership is kafka-go's ConsumerGroup; the
// data path is our own fetch request through kafka-go's Transport, with the records walked in place
// (package internal/wire). For each partition of a generation there is one worker goroutine and one
// prefetch goroutine; both end before the generation does.
//
// Ownership: a Batch and every byte it points to belong to the consumer. A Handler may use them
// until Handle returns. Handle returning nil means that everything the batch led to is acknowledged:
// only then is the offset committed. Nothing of a generation is handled or committed after the next
// one has started, and what a revoked partition could not finish within the drain deadline is left
// uncommitted for its next owner.
//
// The package knows nothing of events, rules or alerts, and it never sees the producer: the wiring in
// cmd joins the two.
package consumer
