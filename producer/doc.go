// Package producer turns hits into alert records and gets them, and dead letters, onto their topics.
//
// An Encoder appends the JSON of one alert (schema alert/1) to a buffer; one goroutine owns it. A
// Sink publishes records and returns when all of them are acknowledged; Publisher is the Sink for
// at-least-once delivery: acks=all, an idempotent producer id, record batches encoded by
// internal/wire, retried without reordering. An exactly-once Sink will be an open transaction behind
// the same interface.
//
// DeadLetters does for records that could not be handled what an Encoder does for alerts. Both keep
// their records until Reset and publish them through a Sink with their own Publish, which makes smaller
// what a topic refuses as too large.
//
// A Publisher has no goroutine of its own: the Publish calls drive the partitions they need, one batch in
// flight for each, and whoever comes while a batch is out has his records in the next one.
//
// Alerts are built to be told apart: the id of an alert is a digest of the rule and of the place of
// the event in Kafka, so a replay repeats an id instead of inventing one.
//
// The package never sees the consumer, decides nothing about offsets, and drops nothing: an alert too
// large for its topic is sent without the source event and says so.
package producer
