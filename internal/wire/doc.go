// Package wire is the part of Kafka's protocol that picket speaks itself: record batches (magic 2) walked
// in place and encoded, their four codecs, and the frame that carries a hand-written request through a
// kafka-go Transport.
//
// Everything here works on caller-owned bytes. Walk yields records that alias the fetched buffer or the
// caller's Arena; a Batch encodes into its own buffer, reused by the next encoding. Nothing here holds a
// connection, retries, or logs. consumer and producer are the users; neither sees the other.
package wire
