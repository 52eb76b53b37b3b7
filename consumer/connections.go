package consumer

import (
	"context"
	"maps"
	"net"
	"sync"

	"github.com/segmentio/kafka-go"
)

// connections is the group's open connections, so that they can be closed under a kafka-go that waits,
// and dialing that takes long is cut short.
type connections struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	ctx    context.Context // ends with close
	cancel context.CancelFunc

	mu     sync.Mutex
	conns  map[*trackedConn]struct{}
	closed bool
}

// newConnections dials as d would.
func newConnections(d *kafka.Dialer) *connections {
	dial := d.DialFunc
	if dial == nil {
		dial = (&net.Dialer{LocalAddr: d.LocalAddr, FallbackDelay: d.FallbackDelay, KeepAlive: d.KeepAlive}).DialContext
	}
	c := &connections{dial: dial, conns: map[*trackedConn]struct{}{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// trackedConn takes itself off the list when it is closed.
type trackedConn struct {
	net.Conn
	list *connections
}

func (c *connections) open(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &trackedConn{Conn: conn, list: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	c.conns[t] = struct{}{}
	return t, nil
}

// Close closes the connection.
func (t *trackedConn) Close() error {
	t.list.mu.Lock()
	delete(t.list.conns, t)
	t.list.mu.Unlock()
	return t.Conn.Close()
}

// close closes every connection and refuses new ones.
func (c *connections) close() {
	c.cancel()
	c.mu.Lock()
	c.closed = true
	open := maps.Clone(c.conns)
	c.mu.Unlock()
	for t := range open {
		_ = t.Close()
	}
}
