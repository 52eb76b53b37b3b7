package wire

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestRequestIsReadByFranz decodes our request with a decoder that shares no code with it.
func TestRequestIsReadByFranz(t *testing.T) {
	for version := int16(leastProduce); version <= 8; version++ {
		req := &ProduceRequest{ClientID: "picket", version: version, Timeout: 5e9, Parts: []Part{
			{Topic: "alerts", Partition: 3, Batch: append([]byte{0, 0, 0, 5}, "small"...)},
			{Topic: "alerts", Partition: 1, Batch: append([]byte{0, 1, 0, 0}, make([]byte, 1<<16)...)},
			{Topic: "dead", Partition: 0, Batch: append([]byte{0, 0, 0, 4}, "more"...)},
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
	for version := int16(leastProduce); version <= 8; version++ {
		words := "the record is bad"
		resp := kmsg.NewPtrProduceResponse()
		resp.Version = version
		resp.Topics = []kmsg.ProduceResponseTopic{
			{Topic: "dead", Partitions: []kmsg.ProduceResponseTopicPartition{{Partition: 0, ErrorCode: 87, ErrorMessage: &words,
				ErrorRecords: []kmsg.ProduceResponseTopicPartitionErrorRecord{{RelativeOffset: 2, ErrorMessage: &words}, {RelativeOffset: 5}}}}},
			{Topic: "alerts", Partitions: []kmsg.ProduceResponseTopicPartition{{Partition: 1}, {Partition: 3, ErrorCode: 6}}},
		}
		req := &ProduceRequest{version: version, Parts: []Part{{Topic: "alerts", Partition: 3}, {Topic: "alerts", Partition: 1}, {Topic: "dead"}}}
		if err := req.parse(resp.AppendTo(nil)); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		p := req.Parts
		if p[0].Code != kafka.NotLeaderForPartition || p[1].Code != 0 || p[2].Code != kafka.InvalidRecord {
			t.Errorf("version %d: %+v", version, p)
		}
		if version == 8 && fmt.Sprint(p[2].Refused) != "[2 5]" {
			t.Errorf("refused records %v", p[2].Refused)
		}
	}
}

// FuzzProduceResponse: whatever a broker answers, it is read or refused.
func FuzzProduceResponse(f *testing.F) {
	good := kmsg.NewPtrProduceResponse()
	good.Version = 8
	good.Topics = []kmsg.ProduceResponseTopic{{Topic: "alerts", Partitions: []kmsg.ProduceResponseTopicPartition{{Partition: 1}}}}
	f.Add(good.AppendTo(nil), int16(8))
	f.Add([]byte("\x7f\xff\xff\xff\x00\x01a\x7f\xff\xff\xff"), int16(3))
	f.Fuzz(func(t *testing.T, body []byte, version int16) {
		req := &ProduceRequest{version: version, Parts: []Part{{Topic: "alerts", Partition: 1}}}
		if err := req.parse(body); err == nil && !req.Parts[0].answered {
			t.Error("no error and no answer")
		}
	})
}
