package brokertest

import (
	"net"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/segmentio/kafka-go"
)

func TestMain(m *testing.M) { Main(m) }

func TestChildServesAndEnds(t *testing.T) {
	var addr string
	t.Run("while the test runs", func(t *testing.T) {
		addrs := Start(t, Config{Brokers: 2, Topics: []broker.Topic{{Name: "in", Partitions: 3}}})
		if len(addrs) != 2 {
			t.Fatalf("addresses %q, want two", addrs)
		}
		addr = addrs[0]
		conn, err := kafka.DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if p, err := conn.ReadPartitions("in"); err != nil || len(p) != 3 {
			t.Errorf("%d partitions, want 3; %v", len(p), err)
		}
	})
	// The subtest has waited for its child.
	if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
		_ = conn.Close()
		t.Error("the broker still listens after its test")
	}
}
