package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	leastProduce = 3        // the first version of Produce with batches of magic 2 (Kafka 0.11)
	directWrite  = 32 << 10 // batches from this size on are written as they lie, not copied behind the others
)

// ProduceRequest is a Produce, versions 3 to 8 and acks=all, for partitions with one leader, that writes
// itself to the connection: kafka-go's own copies every batch through its pages. It is its own response:
// after a RoundTrip without error every part has its outcome. After an error the connection may still be
// using the request and the batches: drop the one, and do not write to the others.
type ProduceRequest struct {
	ClientID        string
	TransactionalID string        // none when empty
	Timeout         time.Duration // how long the broker may wait for its replicas
	Parts           []Part        // those of a topic together

	started atomic.Bool
	version int16
	buf     []byte
	buffers Buffers
}

// Part is one partition's batch in a request, and what the broker said about it.
type Part struct {
	Topic     string
	Partition int32
	Batch     []byte // from Batch.Encode

	Code    kafka.Error // 0 when the batch is acknowledged
	Refused []int32     // indexes of the records that the broker blames (KIP-467), if it does

	answered bool
}

var (
	_ protocol.Message       = (*ProduceRequest)(nil)
	_ protocol.BrokerMessage = (*ProduceRequest)(nil)
	_ protocol.RawExchanger  = (*ProduceRequest)(nil)
)

// Reset empties a request whose RoundTrip had no error, for its next use.
func (r *ProduceRequest) Reset() {
	clear(r.Parts)
	r.Parts = r.Parts[:0]
	r.started.Store(false)
}

// Started reports whether a connection has begun to write the request. Until then the broker cannot have
// stored anything of it.
func (r *ProduceRequest) Started() bool { return r.started.Load() }

// ApiKey makes the request a protocol.Message.
func (r *ProduceRequest) ApiKey() protocol.ApiKey { return protocol.Produce }

// Broker routes the request to the leader of its partitions. It runs on the caller's goroutine.
func (r *ProduceRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	leader := protocol.Broker{ID: -1}
	for i := range r.Parts {
		b, err := Leader(cluster, r.Parts[i].Topic, r.Parts[i].Partition)
		if err != nil {
			return protocol.Broker{ID: -1}, err
		}
		if i > 0 && b.ID != leader.ID {
			return protocol.Broker{ID: -1}, kafka.NotLeaderForPartition // by now the Transport knows better
		}
		leader = b
	}
	return leader, nil
}

// Required takes note of the version that the connection has negotiated, and has RawExchange called.
func (r *ProduceRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.Produce]
	return true
}

// RawExchange sends the request and reads the response. It runs on the connection's goroutine.
func (r *ProduceRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < leastProduce {
		return nil, fmt.Errorf("the broker's Produce has version %d; Kafka 0.11 or later is needed", r.version)
	}
	r.started.Store(true)
	if err := r.write(rw); err != nil {
		return nil, err
	}
	body, buf, err := readResponse(rw, &r.buffers)
	if err != nil {
		return nil, err
	}
	err = r.parse(body)
	r.buffers.Put(buf)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// write writes the request (Kafka protocol guide, "Produce API", versions 3 to 8).
func (r *ProduceRequest) write(w io.Writer) error {
	be := binary.BigEndian
	b := appendHeader(r.buf[:0], protocol.Produce, r.version, r.ClientID)
	if r.TransactionalID == "" {
		b = be.AppendUint16(b, math.MaxUint16) // null
	} else {
		b = appendString(b, r.TransactionalID)
	}
	b = be.AppendUint16(b, math.MaxUint16) // acks -1: all in-sync replicas
	b = be.AppendUint32(b, uint32(r.Timeout.Milliseconds()))
	be.PutUint32(b, uint32(len(b)+r.bodyLen()-4))
	b = be.AppendUint32(b, uint32(r.topics()))
	for i := range r.Parts {
		p := &r.Parts[i]
		if r.firstOfTopic(i) {
			b = appendString(b, p.Topic)
			b = be.AppendUint32(b, uint32(r.partitionsFrom(i)))
		}
		b = be.AppendUint32(b, uint32(p.Partition))
		if len(p.Batch) < directWrite {
			b = append(b, p.Batch...)
			continue
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if _, err := w.Write(p.Batch); err != nil {
			return err
		}
		b = b[:0]
	}
	r.buf = b[:0]
	if len(b) == 0 {
		return nil
	}
	_, err := w.Write(b)
	return err
}

// bodyLen is the size of everything behind the timeout.
func (r *ProduceRequest) bodyLen() int {
	n := 4
	for i := range r.Parts {
		if r.firstOfTopic(i) {
			n += 2 + len(r.Parts[i].Topic) + 4
		}
		n += 4 + len(r.Parts[i].Batch)
	}
	return n
}

func (r *ProduceRequest) firstOfTopic(i int) bool {
	return i == 0 || r.Parts[i].Topic != r.Parts[i-1].Topic
}

func (r *ProduceRequest) topics() (n int) {
	for i := range r.Parts {
		if r.firstOfTopic(i) {
			n++
		}
	}
	return n
}

func (r *ProduceRequest) partitionsFrom(i int) int {
	n := 1
	for i+n < len(r.Parts) && !r.firstOfTopic(i+n) {
		n++
	}
	return n
}

// parse reads the outcome of each partition.
func (r *ProduceRequest) parse(body []byte) error {
	d := reader{b: body}
	for range d.array(6) { // a name's length, a count
		topic := d.string()
		for range d.array(22) { // partition, code, offset, time
			partition, code := d.int32(), d.int16()
			d.take(8 + 8) // base offset, log append time
			if r.version >= 5 {
				d.take(8) // log start
			}
			var refused []int32
			if r.version >= 8 {
				for range d.array(6) { // index, words
					refused = append(refused, d.int32())
					d.nullableString()
				}
				d.nullableString() // the error in words
			}
			if d.failed {
				break
			}
			i := slices.IndexFunc(r.Parts, func(p Part) bool { return p.Partition == partition && p.Topic == string(topic) })
			if i < 0 {
				return fmt.Errorf("%w: produce answered for %s/%d, which was not asked for", ErrResponse, topic, partition)
			}
			p := &r.Parts[i]
			p.Code, p.Refused, p.answered = kafka.Error(code), refused, true
		}
	}
	if d.failed {
		return fmt.Errorf("%w: produce version %d ends too early", ErrResponse, r.version)
	}
	for i := range r.Parts {
		if p := &r.Parts[i]; !p.answered {
			return fmt.Errorf("%w: produce was not answered for %s/%d", ErrResponse, p.Topic, p.Partition)
		}
	}
	return nil
}

// nullableString reads a string that can be null.
func (r *reader) nullableString() []byte {
	if n := r.int16(); n >= 0 {
		return r.take(int(n))
	}
	return nil
}

// InitProducerID asks for an idempotent producer id: an InitProducerId, version 0 or 1, without a
// transactional id. kafka-go's own is routed to a transaction coordinator, and a broker that looks for
// one creates the topic that keeps transactions; without transactions any broker gives an id.
// After a RoundTrip without error, Code and Producer are set.
type InitProducerID struct {
	ClientID string

	Code     kafka.Error
	Producer Producer // at sequence 0

	version int16
}

var (
	_ protocol.Message      = (*InitProducerID)(nil)
	_ protocol.RawExchanger = (*InitProducerID)(nil)
)

// ApiKey makes the request a protocol.Message.
func (r *InitProducerID) ApiKey() protocol.ApiKey { return protocol.InitProducerId }

// Required takes note of the version that the connection has negotiated, and has RawExchange called.
func (r *InitProducerID) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = min(versions[protocol.InitProducerId], 1)
	return true
}

// RawExchange sends the request and reads the response. It runs on the connection's goroutine.
func (r *InitProducerID) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	be := binary.BigEndian
	b := appendHeader(nil, protocol.InitProducerId, r.version, r.ClientID)
	b = be.AppendUint16(b, math.MaxUint16) // transactional id: null
	b = be.AppendUint32(b, 60_000)         // transaction timeout in milliseconds, without meaning here
	body, _, err := roundTrip(rw, b, new(Buffers))
	if err != nil {
		return nil, err
	}
	d := reader{b: body}
	d.int32() // throttle time
	r.Code = kafka.Error(d.int16())
	r.Producer = Producer{ID: d.int64(), Epoch: d.int16()}
	if d.failed {
		return nil, fmt.Errorf("%w: init producer id ends too early", ErrResponse)
	}
	return r, nil
}
