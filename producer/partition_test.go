package producer

import (
	"fmt"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
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
