package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// leastFetch is the first version of Fetch with batches of magic 2 and isolation levels (Kafka 0.11).
const leastFetch = 4

// FetchRequest is a Fetch of one partition, versions 4 to 11, that writes itself to the connection and
// leaves the records in the bytes they came in. Send it with kafka.Transport.RoundTrip, which gives a
// *FetchResponse. After an error of RoundTrip the connection may still be using the request: drop it.
type FetchRequest struct {
	Topic         string
	Partition     int32
	Offset        int64
	MaxWait       time.Duration // how long the broker may wait for MinBytes
	MinBytes      int32
	MaxBytes      int32 // a first batch that is larger comes all the same (KIP-74)
	ReadCommitted bool
	ClientID      string
	Buffers       *Buffers // where the response's buffer comes from; must not be nil

	version int16
}

// FetchResponse is what the broker said about the partition.
type FetchResponse struct {
	Code             kafka.Error // 0 when the fetch worked
	HighWatermark    int64
	LastStableOffset int64 // where read_committed ends
	LogStart         int64 // -1 when the broker is too old to say
	Aborted          []AbortedTxn
	Records          []byte // aliases the buffer

	buf *[]byte
}

var (
	_ protocol.Message       = (*FetchRequest)(nil)
	_ protocol.BrokerMessage = (*FetchRequest)(nil)
	_ protocol.RawExchanger  = (*FetchRequest)(nil)
)

// ApiKey makes the request a protocol.Message.
func (r *FetchRequest) ApiKey() protocol.ApiKey { return protocol.Fetch }

// ApiKey makes the response a protocol.Message.
func (r *FetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Broker routes the request to the partition's leader. It runs on the caller's goroutine.
func (r *FetchRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	return Leader(cluster, r.Topic, r.Partition)
}

// ErrNoMetadata says that no broker has described the cluster yet: none can be reached, or none lets
// this client in. A metadata request through the same Transport tells which.
const ErrNoMetadata = kafka.BrokerNotAvailable

// Leader finds the broker that leads a partition in what the Transport knows of the cluster.
func Leader(cluster protocol.Cluster, topic string, partition int32) (protocol.Broker, error) {
	none := protocol.Broker{ID: -1}
	if len(cluster.Brokers) == 0 {
		return none, ErrNoMetadata
	}
	t, ok := cluster.Topics[topic]
	if !ok {
		return none, kafka.UnknownTopicOrPartition
	}
	if t.Error != 0 {
		return none, kafka.Error(t.Error)
	}
	p, ok := t.Partitions[partition]
	if !ok {
		return none, kafka.UnknownTopicOrPartition
	}
	b, ok := cluster.Brokers[p.Leader]
	if !ok {
		return none, kafka.LeaderNotAvailable
	}
	return b, nil
}

// Required takes note of the version that the connection has negotiated, and has RawExchange called.
func (r *FetchRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = versions[protocol.Fetch]
	return true
}

// RawExchange sends the request and reads the response. It runs on the connection's goroutine.
func (r *FetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < leastFetch {
		return nil, fmt.Errorf("the broker's Fetch has version %d; Kafka 0.11 or later is needed", r.version)
	}
	body, buf, err := roundTrip(rw, r.append(make([]byte, 0, 128+len(r.Topic)+len(r.ClientID))), r.Buffers)
	if err != nil {
		return nil, err
	}
	response := &FetchResponse{buf: buf}
	if err := response.parse(body, r.version); err != nil {
		r.Buffers.Put(buf)
		return nil, err
	}
	return response, nil
}

// Release gives the response's buffer back: nothing may alias Records any longer.
func (r *FetchResponse) Release(pool *Buffers) {
	pool.Put(r.buf)
	r.buf, r.Records = nil, nil
}

// append writes the request (Kafka protocol guide, "Fetch API", versions 4 to 11).
func (r *FetchRequest) append(b []byte) []byte {
	be := binary.BigEndian
	b = appendHeader(b, protocol.Fetch, r.version, r.ClientID)
	b = be.AppendUint32(b, math.MaxUint32) // replica id -1: a consumer
	b = be.AppendUint32(b, uint32(r.MaxWait.Milliseconds()))
	b = be.AppendUint32(b, uint32(r.MinBytes))
	b = be.AppendUint32(b, uint32(r.MaxBytes))
	b = append(b, boolByte(r.ReadCommitted))
	if r.version >= 7 {
		b = be.AppendUint32(b, 0)              // session id
		b = be.AppendUint32(b, math.MaxUint32) // session epoch -1: no session
	}
	b = be.AppendUint32(b, 1)
	b = appendString(b, r.Topic)
	b = be.AppendUint32(b, 1)
	b = be.AppendUint32(b, uint32(r.Partition))
	if r.version >= 9 {
		b = be.AppendUint32(b, math.MaxUint32) // leader epoch -1: whatever it is
	}
	b = be.AppendUint64(b, uint64(r.Offset))
	if r.version >= 5 {
		b = be.AppendUint64(b, math.MaxUint64) // log start -1: only followers know theirs
	}
	b = be.AppendUint32(b, uint32(r.MaxBytes))
	if r.version >= 7 {
		b = be.AppendUint32(b, 0) // no forgotten topics
	}
	if r.version >= 11 {
		b = appendString(b, "") // rack
	}
	return b
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// parse reads a response for one partition.
func (r *FetchResponse) parse(body []byte, version int16) error {
	d := reader{b: body}
	d.int32() // throttle time: the broker itself delays the connection (KIP-219)
	if version >= 7 {
		code := d.int16()
		d.int32() // session id
		if code != 0 && !d.failed {
			r.Code = kafka.Error(code)
			return nil
		}
	}
	if n := d.int32(); n != 1 && !d.failed {
		return fmt.Errorf("%w: fetch of one partition answered for %d topics", ErrResponse, n)
	}
	d.string()
	if n := d.int32(); n != 1 && !d.failed {
		return fmt.Errorf("%w: fetch of one partition answered for %d", ErrResponse, n)
	}
	d.int32() // partition
	r.Code = kafka.Error(d.int16())
	r.HighWatermark = d.int64()
	r.LastStableOffset = d.int64()
	r.LogStart = -1
	if version >= 5 {
		r.LogStart = d.int64()
	}
	if n := d.array(16); n > 0 {
		r.Aborted = make([]AbortedTxn, n)
		for i := range r.Aborted {
			r.Aborted[i] = AbortedTxn{ProducerID: d.int64(), FirstOffset: d.int64()}
		}
	}
	if version >= 11 {
		d.int32() // preferred read replica: none without a rack
	}
	if n := d.int32(); n > 0 {
		r.Records = d.take(int(n))
	}
	if d.failed {
		return fmt.Errorf("%w: fetch version %d ends too early", ErrResponse, version)
	}
	return nil
}
