package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestFetchIsReadByFranz decodes our request with a decoder that shares no code with it.
func TestFetchIsReadByFranz(t *testing.T) {
	for version := int16(leastFetch); version <= 11; version++ {
		req := &FetchRequest{
			ClientID: "picket", Topic: "events", Partition: 7, Offset: 1 << 40, MaxWait: 500 * time.Millisecond,
			MinBytes: 3, MaxBytes: 1 << 20, ReadCommitted: version%2 == 0, version: version,
		}
		raw := req.append(nil)
		head := len("\x00\x00\x00\x00") + 2 + 2 + 4 + 2 + len("picket")
		if key, v := binary.BigEndian.Uint16(raw[4:]), binary.BigEndian.Uint16(raw[6:]); key != 1 || int16(v) != version || string(raw[14:head]) != "picket" {
			t.Fatalf("version %d: key %d, version %d, client %q", version, key, v, raw[14:head])
		}
		got := kmsg.NewPtrFetchRequest()
		got.Version = version
		if err := got.ReadFrom(raw[head:]); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if rest := len(raw[head:]) - len(got.AppendTo(nil)); rest != 0 {
			t.Errorf("version %d: %d bytes too many", version, rest)
		}
		p := got.Topics[0].Partitions[0]
		if got.ReplicaID != -1 || got.MaxWaitMillis != 500 || got.MinBytes != 3 || got.MaxBytes != 1<<20 || (got.IsolationLevel == 1) != req.ReadCommitted ||
			len(got.Topics) != 1 || got.Topics[0].Topic != "events" || len(got.Topics[0].Partitions) != 1 || p.Partition != 7 ||
			p.FetchOffset != 1<<40 || p.PartitionMaxBytes != 1<<20 || p.CurrentLeaderEpoch != -1 || p.LogStartOffset != -1 ||
			len(got.ForgottenTopics) != 0 || got.Rack != "" || version >= 7 && got.SessionEpoch != -1 {
			t.Errorf("version %d: %+v", version, got)
		}
	}
}

// franzFetchResponse has franz-go encode what a broker would answer.
func franzFetchResponse(version int16) *kmsg.FetchResponse {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = version
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = 7, 100, 90, 5
	p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 4, FirstOffset: 50}, {ProducerID: 2, FirstOffset: 60}}
	p.RecordBatches = []byte("batches")
	resp.Topics = []kmsg.FetchResponseTopic{{Topic: "events", Partitions: []kmsg.FetchResponseTopicPartition{p}}}
	return resp
}

func TestFetchResponseOfFranz(t *testing.T) {
	for version := int16(leastFetch); version <= 11; version++ {
		var got FetchResponse
		if err := got.parse(franzFetchResponse(version).AppendTo(nil), version); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		start := int64(5)
		if version < 5 {
			start = -1
		}
		if got.Code != 0 || got.HighWatermark != 100 || got.LastStableOffset != 90 || got.LogStart != start || string(got.Records) != "batches" ||
			len(got.Aborted) != 2 || got.Aborted[0] != (AbortedTxn{4, 50}) || got.Aborted[1] != (AbortedTxn{2, 60}) {
			t.Errorf("version %d: %+v", version, got)
		}

		empty := franzFetchResponse(version)
		p := &empty.Topics[0].Partitions[0]
		p.ErrorCode, p.AbortedTransactions, p.RecordBatches = int16(kafka.OffsetOutOfRange), nil, nil
		got = FetchResponse{}
		if err := got.parse(empty.AppendTo(nil), version); err != nil || got.Code != kafka.OffsetOutOfRange || len(got.Aborted) != 0 || len(got.Records) != 0 {
			t.Errorf("version %d: %+v, %v", version, got, err)
		}

		if version >= 7 { // an error of the whole response comes without partitions
			none := kmsg.NewPtrFetchResponse()
			none.Version, none.ErrorCode = version, int16(kafka.KafkaStorageError)
			got = FetchResponse{}
			if err := got.parse(none.AppendTo(nil), version); err != nil || got.Code != kafka.KafkaStorageError {
				t.Errorf("version %d: %+v, %v", version, got, err)
			}
		}

		two := franzFetchResponse(version)
		two.Topics = append(two.Topics, two.Topics...)
		if err := new(FetchResponse).parse(two.AppendTo(nil), version); !errors.Is(err, ErrResponse) {
			t.Errorf("version %d: an answer for two topics: %v", version, err)
		}
		whole := franzFetchResponse(version).AppendTo(nil)
		for n := range len(whole) {
			if err := new(FetchResponse).parse(whole[:n], version); !errors.Is(err, ErrResponse) {
				t.Fatalf("version %d, %d of %d bytes: %v", version, n, len(whole), err)
			}
		}
	}
}

// FuzzFetchResponse: whatever a broker answers, it is read or refused.
func FuzzFetchResponse(f *testing.F) {
	f.Add(franzFetchResponse(11).AppendTo(nil), int16(11))
	f.Add(franzFetchResponse(4).AppendTo(nil), int16(4))
	f.Fuzz(func(t *testing.T, body []byte, version int16) {
		var got FetchResponse
		if err := got.parse(body, version); err == nil && len(got.Records)+16*len(got.Aborted) > len(body) {
			t.Errorf("%d bytes of records and %d transactions in %d bytes", len(got.Records), len(got.Aborted), len(body))
		}
	})
}

// conversation is a connection whose other side has answered already.
type conversation struct {
	io.Reader
	bytes.Buffer // what was written
}

func (c *conversation) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func TestFetchExchange(t *testing.T) {
	frame := func(id uint32, body []byte) string {
		out := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
		return string(append(binary.BigEndian.AppendUint32(out, id), body...))
	}
	big := franzFetchResponse(11)
	big.Topics[0].Partitions[0].RecordBatches = bytes.Repeat([]byte("x"), 3*smallBuffer)
	body := big.AppendTo(nil)
	for _, c := range []struct {
		name    string
		version int16
		answer  string
		want    error  // nil: it works
		text    string // of the error
	}{
		{"an answer", 11, frame(correlationID, body), nil, ""},
		{"a broker before Kafka 0.11", 3, "", nil, "Kafka 0.11"},
		{"nothing", 11, "", io.ErrUnexpectedEOF, ""},
		{"half an answer", 11, frame(correlationID, body)[:2*smallBuffer], io.ErrUnexpectedEOF, ""},
		{"an answer to something else", 11, frame(99, body), ErrResponse, "correlation id 99"},
		{"an answer without a body", 11, frame(correlationID, nil), ErrResponse, "too early"},
		{"a negative size", 11, "\xff\xff\xff\xff\x00\x00\x00\x01", ErrResponse, "size"},
		{"not Kafka", 11, "HTTP/1.1 400 Bad Request\r\n", ErrResponse, "size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pool Buffers
			req := &FetchRequest{Topic: "events", Partition: 7, Buffers: &pool}
			if !req.Required(map[protocol.ApiKey]int16{protocol.Fetch: c.version}) {
				t.Fatal("the exchange is left to kafka-go")
			}
			conn := &conversation{Reader: strings.NewReader(c.answer)}
			m, err := req.RawExchange(conn)
			if c.want != nil || c.text != "" {
				if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
					t.Errorf("error %v, want %v with %q", err, c.want, c.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if size := binary.BigEndian.Uint32(conn.Bytes()); int(size) != conn.Len()-4 {
				t.Errorf("the request says %d bytes, %d were written", size, conn.Len()-4)
			}
			got, ok := m.(*FetchResponse)
			if !ok || len(got.Records) != 3*smallBuffer {
				t.Fatalf("%+v", m)
			}
			got.Release(&pool)
			if got.Records != nil {
				t.Error("records are left after Release")
			}
		})
	}
}

func TestLeader(t *testing.T) {
	cluster := protocol.Cluster{
		Brokers: map[int32]protocol.Broker{1: {ID: 1, Host: "one"}},
		Topics: map[string]protocol.Topic{
			"events":  {Name: "events", Partitions: map[int32]protocol.Partition{0: {Leader: 1}, 1: {Leader: 9}}},
			"refused": {Name: "refused", Error: int16(kafka.TopicAuthorizationFailed)},
		},
	}
	for _, c := range []struct {
		name      string
		cluster   protocol.Cluster
		topic     string
		partition int32
		want      error
	}{
		{"known", cluster, "events", 0, nil},
		{"led by a broker that is down", cluster, "events", 1, kafka.LeaderNotAvailable},
		{"no such partition", cluster, "events", 2, kafka.UnknownTopicOrPartition},
		{"no such topic", cluster, "other", 0, kafka.UnknownTopicOrPartition},
		{"a topic with an error", cluster, "refused", 0, kafka.TopicAuthorizationFailed},
		{"nothing known", protocol.Cluster{}, "events", 0, ErrNoMetadata},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := (&FetchRequest{Topic: c.topic, Partition: c.partition}).Broker(c.cluster)
			if !errors.Is(err, c.want) || (err == nil) != (b.ID == 1) {
				t.Errorf("broker %d, %v; want %v", b.ID, err, c.want)
			}
		})
	}
}

// TestBuffersNotKept: the pool holds neither what is cheap to make nor what one huge record needed.
func TestBuffersNotKept(t *testing.T) {
	for _, size := range []int{0, 100, smallBuffer, keepBuffer + 1} {
		var pool Buffers
		b := pool.get(size)
		if len(*b) != size {
			t.Errorf("a buffer of %d bytes, want %d", len(*b), size)
		}
		pool.Put(b)
		pool.Put(nil)
		if pool.pool.Get() != nil {
			t.Errorf("%d bytes are kept", size)
		}
	}
}
