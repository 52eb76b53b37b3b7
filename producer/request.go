package producer

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	correlation = 1        // one request is in flight on a kafka-go connection: any id will do
	directWrite = 32 << 10 // batches from this size on are not copied behind the others
	maxResponse = 16 << 20 // a response that claims more is not one
	leastAPI    = 3        // the first version of Produce with record batches of magic 2 (Kafka 0.11)
)

// produceRequest is a Produce request, versions 3 to 8, for partitions with one leader, that writes
// itself to the connection: kafka-go's own copies every batch through its pages. It is also its own
// response: after a RoundTrip without error, every part has its outcome. After an error the connection
// may still be using it, and it must not be touched again.
type produceRequest struct {
	clientID string
	txnID    string
	timeout  time.Duration // how long the broker may wait for its replicas
	parts    []part        // ordered by topic

	started atomic.Bool // bytes may have reached the broker
	version int16
	buf     []byte
	in      []byte
}

// part is one batch of a request and what the broker said about it.
type part struct {
	topic     string
	partition int32
	batch     []byte // [size][batch]

	code     kafka.Error
	answered bool
	refused  []int32 // indexes of the records that the broker named
}

// reset prepares a request for its next use, keeping its buffers.
func (r *produceRequest) reset() {
	clear(r.parts)
	r.parts = r.parts[:0]
	r.started.Store(false)
}

// ApiKey is part of kafka-go's protocol.Message.
func (r *produceRequest) ApiKey() protocol.ApiKey { return protocol.Produce }

// Broker routes the request to the leader of its partitions.
func (r *produceRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	none := protocol.Broker{ID: -1}
	leader := none
	for i := range r.parts {
		p := &r.parts[i]
		known, ok := cluster.Topics[p.topic].Partitions[p.partition]
		if !ok {
			return none, kafka.UnknownTopicOrPartition
		}
		b, ok := cluster.Brokers[known.Leader]
		if !ok {
			return none, kafka.LeaderNotAvailable
		}
		if i > 0 && b.ID != leader.ID {
			return none, errLeadersDiffer
		}
		leader = b
	}
	return leader, nil
}

// Required makes kafka-go call RawExchange, and notes the negotiated version.
func (r *produceRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.Produce]
	return true
}

// RawExchange writes the request and reads the response.
func (r *produceRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < leastAPI {
		return nil, errOldBroker
	}
	r.started.Store(true)
	if err := r.write(rw); err != nil {
		return nil, err
	}
	var err error
	if r.in, err = readResponse(rw, r.in); err != nil {
		return nil, err
	}
	if err := r.parse(r.in); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *produceRequest) write(w io.Writer) error {
	be := binary.BigEndian
	b := appendRequestHeader(r.buf[:0], protocol.Produce, r.version, r.clientID)
	if r.txnID == "" {
		b = be.AppendUint16(b, 0xffff) // null
	} else {
		b = appendKafkaString(b, r.txnID)
	}
	b = be.AppendUint16(b, 0xffff) // acks: all in-sync replicas
	b = be.AppendUint32(b, uint32(r.timeout.Milliseconds()))
	size := len(b) + r.bodyLen() - 4
	be.PutUint32(b, uint32(size))
	b = be.AppendUint32(b, uint32(r.topics()))
	for i := range r.parts {
		p := &r.parts[i]
		if i == 0 || p.topic != r.parts[i-1].topic {
			b = appendKafkaString(b, p.topic)
			b = be.AppendUint32(b, uint32(r.partitionsFrom(i)))
		}
		b = be.AppendUint32(b, uint32(p.partition))
		if len(p.batch) < directWrite {
			b = append(b, p.batch...)
			continue
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if _, err := w.Write(p.batch); err != nil {
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
func (r *produceRequest) bodyLen() int {
	n := 4
	for i := range r.parts {
		p := &r.parts[i]
		if i == 0 || p.topic != r.parts[i-1].topic {
			n += 2 + len(p.topic) + 4
		}
		n += 4 + len(p.batch)
	}
	return n
}

func (r *produceRequest) topics() int {
	n := 0
	for i := range r.parts {
		if i == 0 || r.parts[i].topic != r.parts[i-1].topic {
			n++
		}
	}
	return n
}

func (r *produceRequest) partitionsFrom(i int) int {
	n := 1
	for i+n < len(r.parts) && r.parts[i+n].topic == r.parts[i].topic {
		n++
	}
	return n
}

// parse reads the outcome of each partition.
func (r *produceRequest) parse(body []byte) error {
	in := reader{b: body}
	for range in.int32() {
		topic := in.string()
		if in.bad {
			return errBadResponse
		}
		for range in.int32() {
			partition, code := in.int32(), in.int16()
			in.take(8 + 8) // base offset, log append time
			if r.version >= 5 {
				in.take(8) // log start offset
			}
			var refused []int32
			if r.version >= 8 {
				for range in.int32() {
					refused = append(refused, in.int32())
					in.string()
					if in.bad {
						break
					}
				}
				in.string() // the error in words
			}
			if in.bad {
				return errBadResponse
			}
			i := slices.IndexFunc(r.parts, func(p part) bool { return p.partition == partition && p.topic == string(topic) })
			if i < 0 {
				return errBadResponse
			}
			r.parts[i].answered, r.parts[i].code, r.parts[i].refused = true, kafka.Error(code), refused
		}
	}
	for i := range r.parts {
		if !r.parts[i].answered {
			return errBadResponse
		}
	}
	return nil
}

// initProducerID is an InitProducerId request, version 0 or 1, without a transactional id. kafka-go's
// own is routed to a transaction coordinator, which would make the broker create the topic that keeps
// transactions; an idempotent producer needs none, any broker answers.
type initProducerID struct {
	clientID string
	version  int16
	producer wire.Producer
	code     kafka.Error
}

// ApiKey is part of kafka-go's protocol.Message.
func (r *initProducerID) ApiKey() protocol.ApiKey { return protocol.InitProducerId }

// Required makes kafka-go call RawExchange, and notes the negotiated version.
func (r *initProducerID) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = min(versions[protocol.InitProducerId], 1)
	return true
}

// RawExchange writes the request and reads the response.
func (r *initProducerID) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	be := binary.BigEndian
	b := appendRequestHeader(nil, protocol.InitProducerId, r.version, r.clientID)
	b = be.AppendUint16(b, 0xffff)           // transactional id: null
	b = be.AppendUint32(b, uint32(60*1_000)) // transaction timeout, without meaning here
	be.PutUint32(b, uint32(len(b)-4))
	if _, err := rw.Write(b); err != nil {
		return nil, err
	}
	body, err := readResponse(rw, nil)
	if err != nil {
		return nil, err
	}
	in := reader{b: body}
	in.int32() // throttle time
	r.code = kafka.Error(in.int16())
	r.producer = wire.Producer{ID: in.int64(), Epoch: in.int16()}
	if in.bad {
		return nil, errBadResponse
	}
	return r, nil
}

// appendRequestHeader appends the request header, version 1, with room for the size in front.
func appendRequestHeader(b []byte, key protocol.ApiKey, version int16, clientID string) []byte {
	be := binary.BigEndian
	b = append(b, 0, 0, 0, 0)
	b = be.AppendUint16(b, uint16(key))
	b = be.AppendUint16(b, uint16(version))
	b = be.AppendUint32(b, correlation)
	return appendKafkaString(b, clientID)
}

func appendKafkaString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

// readResponse reads one response into buf, growing it, and returns what stands behind its header.
func readResponse(r io.Reader, buf []byte) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(head[:4])) - 4
	if size < 0 || size > maxResponse {
		return nil, fmt.Errorf("%w: it claims %d bytes", errBadResponse, size)
	}
	if id := binary.BigEndian.Uint32(head[4:]); id != correlation {
		return nil, fmt.Errorf("%w: correlation id %d", errBadResponse, id)
	}
	buf = slices.Grow(buf[:0], int(size))[:size]
	_, err := io.ReadFull(r, buf)
	return buf, err
}

// reader takes Kafka's primitive types off a response. After the first short read it is bad and gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) int16() int16 {
	if v := r.take(2); v != nil {
		return int16(binary.BigEndian.Uint16(v))
	}
	return 0
}

func (r *reader) int32() int32 {
	if v := r.take(4); v != nil {
		return int32(binary.BigEndian.Uint32(v))
	}
	return 0
}

func (r *reader) int64() int64 {
	if v := r.take(8); v != nil {
		return int64(binary.BigEndian.Uint64(v))
	}
	return 0
}

// string takes a nullable string.
func (r *reader) string() []byte {
	if n := r.int16(); n > 0 {
		return r.take(int(n))
	}
	return nil
}
