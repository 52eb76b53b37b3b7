package consumer

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
)

// TestProbeOfClosedConnections: a port that accepts and closes is a broker that has not started behind a proxy, which is worth
// waiting for; one that answers and closes later wants credentials, which is not.
func TestProbeOfClosedConnections(t *testing.T) {
	t.Run("no broker behind the port", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_ = conn.Close()
			}
		}()
		t.Cleanup(func() {
			_ = l.Close()
			<-ended
		})
		wantProbe(t, ErrUnreachable, l.Addr().String())
	})
	t.Run("a broker that wants SASL", func(t *testing.T) {
		b := startBroker(t, broker.Config{Users: []broker.User{{Name: "ana", Password: "secret", Mechanism: "PLAIN"}}})
		wantProbe(t, ErrAuthentication, b.Addrs()[0])
	})
}

func wantProbe(t *testing.T, want error, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := Probe(ctx, Config{Brokers: []string{addr}, Topics: []string{"events"}}); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
