package producer

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestMurmur2 has the values of Kafka's own test (UtilsTest.testMurmur2).
func TestMurmur2(t *testing.T) {
	for _, c := range []struct {
		key  string
		want int32
	}{
		{"21", -973932308}, {"foobar", -790332482}, {"a-little-bit-long-string", -985981536},
		{"a-little-bit-longer-string", -1486304829}, {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971}, {"abc", 479470107},
	} {
		if got := int32(murmur2([]byte(c.key))); got != c.want {
			t.Errorf("%q: %d, want %d", c.key, got, c.want)
		}
	}
}

// TestPartitionIsJavas compares with two clients that say they choose as Java does.
func TestPartitionIsJavas(t *testing.T) {
	franz := kgo.StickyKeyPartitioner(nil).ForTopic("alerts")
	balancer := kafka.Murmur2Balancer{}
	for _, n := range []int{1, 2, 3, 12, 50} {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		for i := range 500 {
			key := fmt.Appendf(nil, "WS-%04d.corp.example\xff", i*i)[:1+i%20]
			got := int(partitionFor(key, n))
			if want := franz.Partition(&kgo.Record{Key: key}, n); got != want {
				t.Errorf("%q of %d: %d, franz-go says %d", key, n, got, want)
			}
			if want := balancer.Balance(kafka.Message{Key: key}, all...); got != want {
				t.Errorf("%q of %d: %d, kafka-go says %d", key, n, got, want)
			}
		}
	}
}

// TestRequestIsReadByFranz decodes our request with a decoder that shares no code with it.
func TestRequestIsReadByFranz(t *testing.T) {
	for version := int16(leastAPI); version <= 8; version++ {
		req := &produceRequest{clientID: "picket", version: version, timeout: 5e9, parts: []part{
			{topic: "alerts", partition: 3, batch: append([]byte{0, 0, 0, 5}, "small"...)},
			{topic: "alerts", partition: 1, batch: append([]byte{0, 1, 0, 0}, make([]byte, 1<<16)...)},
			{topic: "dead", partition: 0, batch: append([]byte{0, 0, 0, 4}, "more"...)},
		}}
		for range 2 { // the second time with a used buffer
			var out bytes.Buffer
			if err := req.write(&out); err != nil {
				t.Fatal(err)
			}
			raw := out.Bytes()
			if size := int(raw[0])<<24 | int(raw[1])<<16 | int(raw[2])<<8 | int(raw[3]); size != len(raw)-4 {
				t.Fatalf("version %d: the size says %d, there are %d", version, size, len(raw)-4)
			}
			got := kmsg.NewPtrProduceRequest()
			got.Version = version
			if err := got.ReadFrom(raw[4+2+2+4+2+len("picket"):]); err != nil {
				t.Fatalf("version %d: %v", version, err)
			}
			if got.TransactionID != nil || got.Acks != -1 || got.TimeoutMillis != 5000 || len(got.Topics) != 2 ||
				got.Topics[0].Topic != "alerts" || len(got.Topics[0].Partitions) != 2 || got.Topics[0].Partitions[0].Partition != 3 ||
				string(got.Topics[0].Partitions[0].Records) != "small" || len(got.Topics[0].Partitions[1].Records) != 1<<16 ||
				got.Topics[1].Topic != "dead" || string(got.Topics[1].Partitions[0].Records) != "more" {
				t.Errorf("version %d: %+v", version, got)
			}
		}
	}
}

// TestResponseOfFranz reads responses that franz-go encodes.
func TestResponseOfFranz(t *testing.T) {
	for version := int16(leastAPI); version <= 8; version++ {
		words := "the record is bad"
		resp := kmsg.NewPtrProduceResponse()
		resp.Version = version
		resp.Topics = []kmsg.ProduceResponseTopic{
			{Topic: "dead", Partitions: []kmsg.ProduceResponseTopicPartition{{Partition: 0, ErrorCode: 87, ErrorMessage: &words,
				ErrorRecords: []kmsg.ProduceResponseTopicPartitionErrorRecord{{RelativeOffset: 2, ErrorMessage: &words}, {RelativeOffset: 5}}}}},
			{Topic: "alerts", Partitions: []kmsg.ProduceResponseTopicPartition{{Partition: 1}, {Partition: 3, ErrorCode: 6}}},
		}
		req := &produceRequest{version: version, parts: []part{{topic: "alerts", partition: 3}, {topic: "alerts", partition: 1}, {topic: "dead"}}}
		if err := req.parse(resp.AppendTo(nil)); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		p := req.parts
		if p[0].code != kafka.NotLeaderForPartition || p[1].code != 0 || p[2].code != kafka.InvalidRecord {
			t.Errorf("version %d: %+v", version, p)
		}
		if version == 8 && fmt.Sprint(p[2].refused) != "[2 5]" {
			t.Errorf("refused records %v", p[2].refused)
		}
	}
}

// FuzzResponse: whatever a broker answers, it is read or refused.
func FuzzResponse(f *testing.F) {
	good := kmsg.NewPtrProduceResponse()
	good.Version = 8
	good.Topics = []kmsg.ProduceResponseTopic{{Topic: "alerts", Partitions: []kmsg.ProduceResponseTopicPartition{{Partition: 1}}}}
	f.Add(good.AppendTo(nil), int16(8))
	f.Add([]byte("\x7f\xff\xff\xff\x00\x01a\x7f\xff\xff\xff"), int16(3))
	f.Fuzz(func(t *testing.T, body []byte, version int16) {
		req := &produceRequest{version: version, parts: []part{{topic: "alerts", partition: 1}}}
		if err := req.parse(body); err == nil && !req.parts[0].answered {
			t.Error("no error and no answer")
		}
	})
}
