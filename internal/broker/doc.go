// Package broker is an in-process Kafka (franz-go's kfake) for `picket demo` and for tests.
//
// It listens on loopback, speaks the real protocol and keeps everything in memory. It is not a
// broker to deploy. Start returns a Broker whose Close ends everything it started.
package broker
