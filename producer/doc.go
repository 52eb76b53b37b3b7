// Package producer turns hits into alert records and gets them, and dead letters, onto their topics.
//
// An Encoder appends the JSON of one alert (schema alert/1) to a buffer; one goroutine owns it. A
// Sink publishes records and returns when all of them are acknowledged; Publisher is the Sink for
// at-least-once delivery: acks=all, an idempotent producer id, record batches encoded by
// internal/wire, retried without reordering. An exactly-once Sink will be an open transaction behind
// the same interface.
//
// Alerts are built to be told apart: the id of an alert is a digest of the rule and of the place of
// the event in Kafka, so a replay repeats an id instead of inventing one.
//
// The package never sees the consumer, decides nothing about offsets, and drops nothing: an alert too
// large for its topic is sent without the source event and says so.
package producer
