package producer

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// largeBatch is more than wire.ProduceRequest copies: such a batch is written as it lies.
const largeBatch = 40 << 10

// network stands between a Transport and the broker, and misbehaves on demand.
type network struct {
	mu       sync.Mutex
	released chan struct{} // not nil: answers to Produce wait for it to be closed
	cut      int           // so many Produce requests lose their connection
	cutAt    int           // after so many of their bytes; -1 for all of them
	produced int           // Produce requests seen
	onWrite  func([]byte)  // sees what is written, and may take its time
}

func (n *network) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, kind, addr)
	if err != nil {
		return nil, err
	}
	return &wiretap{Conn: c, net: n}, nil
}

// hold keeps answers to Produce back until the function it returns is called.
func (n *network) hold() (release func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ch := make(chan struct{})
	n.released = ch
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.released == ch {
			n.released = nil
			close(ch)
		}
	}
}

func (n *network) requests() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.produced
}

type wiretap struct {
	net.Conn
	net  *network
	wait chan struct{} // the answer to what was written last is held back by it
}

func (c *wiretap) Write(b []byte) (int, error) {
	if c.net.onWrite != nil {
		c.net.onWrite(b)
	}
	if len(b) < 8 || binary.BigEndian.Uint16(b[4:]) != uint16(protocol.Produce) {
		return c.Conn.Write(b)
	}
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.net.produced++
	c.wait = c.net.released
	if c.net.cut == 0 {
		return c.Conn.Write(b)
	}
	c.net.cut--
	if at := c.net.cutAt; at >= 0 {
		b = b[:min(at, len(b))]
	}
	if _, err := c.Conn.Write(b); err != nil {
		return 0, err
	}
	// Let the broker read what was sent: a close with unread input would reset the connection.
	tcp, ok := c.Conn.(*net.TCPConn)
	if !ok {
		return 0, errors.New("not TCP")
	}
	if err := tcp.CloseWrite(); err != nil {
		return 0, err
	}
	return 0, errors.New("the connection was cut")
}

func (c *wiretap) Read(b []byte) (int, error) {
	c.net.mu.Lock()
	wait := c.wait
	c.net.mu.Unlock()
	if wait != nil {
		<-wait
	}
	return c.Conn.Read(b)
}

func throughNetwork(n *network) func(*PublisherConfig) {
	return func(cfg *PublisherConfig) {
		cfg.Transport.Dial = n.dial
		cfg.RequestTimeout = 5 * time.Second
	}
}

func stored(c *kfake.Cluster, topic string) (n int) {
	for _, p := range c.PartitionInfos(topic) {
		n += int(p.HighWatermark)
	}
	return n
}

// TestConnectionCut: the connection breaks before, inside or behind the request.
func TestConnectionCut(t *testing.T) {
	for name, at := range map[string]int{"at once": 0, "inside": 70, "behind": -1} {
		t.Run(name, func(t *testing.T) {
			n := &network{cutAt: at}
			c := startBroker(t, kfake.SeedTopics(1, "alerts"))
			p := startPublisher(t, c, throughNetwork(n))
			ctx := testContext(t)
			first, second := numbered("w0-r0", 5), numbered("w0-r1", 5)
			if err := p.Publish(ctx, first); err != nil {
				t.Fatal(err)
			}
			n.mu.Lock()
			n.cut = 2
			n.mu.Unlock()
			if err := p.Publish(ctx, second); err != nil {
				t.Fatal(err)
			}
			got := readAll(t, c, "alerts", 10)
			if diff := cmp.Diff(wantValues(first, second), values(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			inOrder(t, got)
			if p.Stats().Retries != 2 {
				t.Errorf("stats %+v", p.Stats())
			}
		})
	}
}

// TestCanceledInDoubt: a caller gives up on a batch that the broker has stored. The next batch, of the same
// length, must not pass for a repetition of it: the broker would acknowledge and drop it.
func TestCanceledInDoubt(t *testing.T) {
	n := new(network)
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	p := startPublisher(t, c, throughNetwork(n))
	ctx := testContext(t)
	release := n.hold()
	short, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	first, second := numbered("first", 4), numbered("second", 4)
	go func() { done <- p.Publish(short, first) }()
	waitFor(t, func() bool { return stored(c, "alerts") == 4 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("Publish says %v", err)
	}
	release()
	if err := p.Publish(ctx, second); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, c, "alerts", 8)
	if diff := cmp.Diff(wantValues(first, second), values(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got[0].ProducerID == got[7].ProducerID && got[0].ProducerEpoch == got[7].ProducerEpoch {
		t.Error("both batches carry the same producer id")
	}
	if errs := p.Stats().Errors; len(errs) != 0 {
		t.Errorf("a caller that stops waiting is counted as an error: %v", errs)
	}
}

// TestCanceledDriver: the call that sends a batch gives up; another call's records are in it. They are
// sent again, byte for byte, and stored once.
func TestCanceledDriver(t *testing.T) {
	n := new(network)
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	p := startPublisher(t, c, throughNetwork(n))
	ctx := testContext(t)
	warm := numbered("warm", 1)
	if err := p.Publish(ctx, warm); err != nil {
		t.Fatal(err)
	}
	// One batch is out, and two calls wait behind it: one of them will drive, the other follow.
	n.hold()
	zero := make(chan error, 1)
	first := numbered("first", 2)
	go func() { zero <- p.Publish(ctx, first) }()
	waitFor(t, func() bool { return n.requests() == 2 })
	a, b := numbered("a", 3), numbered("b", 3)
	ctxA, cancelA := context.WithCancel(ctx)
	ctxB, cancelB := context.WithCancel(ctx)
	defer cancelB()
	doneA, doneB := make(chan error, 1), make(chan error, 1)
	go func() { doneA <- p.Publish(ctxA, a) }()
	go func() { doneB <- p.Publish(ctxB, b) }()
	waitFor(t, func() bool { return queued(p, "alerts") == 6 })
	release := n.holdOthers()
	if err := <-zero; err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return n.requests() == 3 && stored(c, "alerts") == 9 })
	// Whoever drives, cancel A: either the driver goes and B has to finish it, or the follower goes.
	cancelA()
	if err := <-doneA; !errors.Is(err, context.Canceled) {
		t.Fatalf("A: %v", err)
	}
	release()
	if err := <-doneB; err != nil {
		t.Fatalf("B: %v", err)
	}
	got := values(readAll(t, c, "alerts", 9))
	if diff := cmp.Diff(wantValues(warm, first, a, b), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// holdOthers holds the answers to later requests and lets those to earlier ones go.
func (n *network) holdOthers() (release func()) {
	n.mu.Lock()
	old := n.released
	n.released = nil
	n.mu.Unlock()
	release = n.hold()
	close(old)
	return release
}

func queued(p *Publisher, topic string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.topics[topic].lanes {
		n += len(l.queue)
	}
	return n
}

// TestCallsShareBatches: what waits while a batch is out goes into one batch, whoever it is from.
func TestCallsShareBatches(t *testing.T) {
	n := new(network)
	c := startBroker(t, kfake.SeedTopics(3, "alerts"))
	p := startPublisher(t, c, throughNetwork(n))
	ctx := testContext(t)
	if err := p.Publish(ctx, numbered("warm", 50)); err != nil {
		t.Fatal(err)
	}
	before := n.requests()
	release := n.hold()
	var wg sync.WaitGroup
	publish := func(prefix string) {
		wg.Go(func() {
			if err := p.Publish(ctx, numbered(prefix, 30)); err != nil {
				t.Error(err)
			}
		})
	}
	publish("first")
	waitFor(t, func() bool { return n.requests() == before+1 })
	for range 10 {
		publish("later")
	}
	waitFor(t, func() bool { return queued(p, "alerts") == 300 })
	release()
	wg.Wait()
	if got := n.requests() - before; got < 2 || got > 4 {
		t.Errorf("%d requests for 11 calls to 3 partitions of one leader", got)
	}
	readAll(t, c, "alerts", 380)
}

// TestTopicsDoNotWaitForEachOther: a topic that takes nothing stops only the calls that need it.
func TestTopicsDoNotWaitForEachOther(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts", "dead"))
	p := startPublisher(t, c, nil)
	ctx := testContext(t)
	h := c.Fault(faultOn("dead"))
	dead := []kafka.Message{{Topic: "dead", Value: []byte("x")}}
	done := make(chan error, 1)
	go func() { done <- p.Publish(ctx, dead) }()
	waitFor(t, func() bool { return h.Hits() > 2 })
	for i := range 5 {
		if err := p.Publish(ctx, numbered("n", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-done:
		t.Errorf("the other topic's call returned %v", err)
	default:
	}
	h.Remove()
	if err := <-done; err != nil {
		t.Error(err)
	}
	readAll(t, c, "dead", 1)
	readAll(t, c, "alerts", 15)
}

// TestBrokerGoesAndComes: the broker is away, then back on its port with an empty log.
func TestBrokerGoesAndComes(t *testing.T) {
	port := freePort(t)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.SeedTopics(2, "alerts"))
	if err != nil {
		t.Fatal(err)
	}
	p := startPublisher(t, c, nil)
	ctx := testContext(t)
	for i := range 3 {
		if err := p.Publish(ctx, numbered("before", 20+i)); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	if err := p.Check(ctx); err == nil {
		t.Error("Check says nothing about a broker that is gone")
	}
	sent := numbered("after", 20)
	done := make(chan error, 1)
	go func() { done <- p.Publish(ctx, sent) }()
	waitFor(t, func() bool { return p.Stats().Errors["network"] > 2 })
	c = startBroker(t, kfake.Ports(port), kfake.SeedTopics(2, "alerts"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantValues(sent), values(readAll(t, c, "alerts", 20))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	waitFor(t, func() bool { return p.Check(ctx) == nil })
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestLeaderMoves: partitions move between brokers while they are written to.
func TestLeaderMoves(t *testing.T) {
	c := startBroker(t, kfake.NumBrokers(3), kfake.SeedTopics(4, "alerts"))
	p := startPublisher(t, c, nil)
	ctx := testContext(t)
	var sent [][]kafka.Message
	for r := range 5 {
		ms := numbered("w0-r"+string(rune('0'+r)), 40)
		sent = append(sent, ms)
		if err := p.Publish(ctx, ms); err != nil {
			t.Fatal(err)
		}
		c.ShufflePartitionLeaders()
	}
	got := readAll(t, c, "alerts", 200)
	if diff := cmp.Diff(wantValues(slices.Concat(sent...)), values(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	inOrder(t, got)
}

// TestStalledWrite: a connection is still writing a batch when the attempt has timed out. Whatever becomes
// of the batch, nobody writes to those bytes.
func TestStalledWrite(t *testing.T) {
	for name, fault := range map[string]*kerr.Error{
		"stored":    nil,
		"restamped": kerr.OutOfOrderSequenceNumber,
		"encoded":   kerr.InvalidTimestamp,
		"split":     kerr.MessageTooLarge,
	} {
		t.Run(name, func(t *testing.T) {
			var first atomic.Bool
			stalled, release, checked := make(chan struct{}), make(chan struct{}), make(chan struct{})
			n := &network{onWrite: func(b []byte) {
				if len(b) < largeBatch || !first.CompareAndSwap(false, true) {
					return
				}
				defer close(checked)
				before := bytes.Clone(b)
				close(stalled)
				<-release
				if !bytes.Equal(b, before) {
					t.Error("the bytes of a batch were changed while a connection was writing them")
				}
			}}
			c := startBroker(t, kfake.SeedTopics(1, "alerts"))
			p := startPublisher(t, c, func(cfg *PublisherConfig) {
				cfg.Transport.Dial = n.dial
				cfg.RequestTimeout = 200 * time.Millisecond
			})
			ctx := testContext(t)
			if fault != nil {
				c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: fault})
			}
			large := func(prefix string) []kafka.Message {
				ms := numbered(prefix, 4)
				for i := range ms {
					ms[i].Value = append(ms[i].Value, bytes.Repeat([]byte(prefix), largeBatch)...)
				}
				return ms
			}
			done := make(chan error, 1)
			a, b := large("a"), large("b")
			go func() { done <- p.Publish(ctx, a) }()
			<-stalled
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if err := p.Publish(ctx, b); err != nil {
				t.Fatal(err)
			}
			close(release)
			<-checked
			if diff := cmp.Diff(wantValues(a, b), values(readAll(t, c, "alerts", 8))); diff != "" {
				t.Error("not what was published is stored")
			}
		})
	}
}

// TestBytesAreTheCallersAgain: once Publish has returned, also early, its caller may write to the records.
func TestBytesAreTheCallersAgain(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(1, "alerts"))
	p := startPublisher(t, c, func(cfg *PublisherConfig) { cfg.Compression = wire.CodecGzip })
	ctx := testContext(t)
	var wg sync.WaitGroup
	const rounds = 30
	for w := range 4 {
		wg.Go(func() {
			ms := numbered("n", 50)
			for i := range ms {
				ms[i].Value = make([]byte, 2000)
			}
			for round := range rounds {
				for i := range ms {
					for j := range ms[i].Value {
						ms[i].Value[j] = byte(round)
					}
				}
				short, cancel := context.WithTimeout(ctx, time.Duration(w*round)*20*time.Microsecond)
				if round == rounds-1 {
					short = ctx
				}
				if err := p.Publish(short, ms); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	records := readAll(t, c, "alerts", stored(c, "alerts"))
	if len(records) < 200 {
		t.Errorf("only %d records are stored", len(records))
	}
	for _, r := range records {
		if bytes.Count(r.Value, r.Value[:1]) != len(r.Value) {
			t.Fatal("a record was written to while it was read")
		}
	}
}

// TestTopicMadeAnew: the topic is deleted and comes back with fewer partitions while records wait for it.
func TestTopicMadeAnew(t *testing.T) {
	c := startBroker(t, kfake.SeedTopics(6, "alerts"))
	p := startPublisher(t, c, nil)
	ctx := testContext(t)
	if err := p.Publish(ctx, numbered("w0-r0", 40)); err != nil {
		t.Fatal(err)
	}
	h := c.Fault(faultOn("alerts"))
	sent := append(numbered("w0-r1", 40), kafka.Message{Topic: "alerts", Value: []byte("w0-r1-40")})
	done := make(chan error, 1)
	go func() { done <- p.Publish(ctx, sent) }()
	waitFor(t, func() bool { return h.Hits() > 3 })
	if err := c.DeleteTopic("alerts"); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic("alerts", 2, nil); err != nil {
		t.Fatal(err)
	}
	h.Remove()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	got := readAll(t, c, "alerts", 41)
	if diff := cmp.Diff(wantValues(sent), values(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, r := range got {
		if r.Key != nil && r.Partition != partitionFor(r.Key, 2) {
			t.Errorf("%s is in partition %d", r.Value, r.Partition)
		}
	}
}

// TestCheckSaysWhatIsWrong: what an operator reads when the cluster cannot be used.
func TestCheckSaysWhatIsWrong(t *testing.T) {
	sasl := []kfake.Opt{kfake.SeedTopics(1, "alerts"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "picket", "secret")}
	for name, c := range map[string]struct {
		opts   []kfake.Opt
		change func(*PublisherConfig)
		want   string
	}{
		"wrong password": {sasl, func(cfg *PublisherConfig) {
			cfg.Transport.SASL = plain.Mechanism{Username: "picket", Password: "guess"}
		}, "password"},
		"right password": {sasl, func(cfg *PublisherConfig) {
			cfg.Transport.SASL = plain.Mechanism{Username: "picket", Password: "secret"}
		}, ""},
		"no SASL where it is needed": {sasl, nil, "security_protocol"},
		"TLS to a plain port": {nil, func(cfg *PublisherConfig) {
			cfg.Transport.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			cfg.RequestTimeout = 200 * time.Millisecond
		}, "security_protocol"},
		"nobody there":  {nil, func(cfg *PublisherConfig) { cfg.Addr = kafka.TCP("127.0.0.1:1") }, "bootstrap_servers"},
		"no such topic": {nil, nil, "create it"},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPublisher(t, startBroker(t, c.opts...), func(cfg *PublisherConfig) {
				if c.change != nil {
					c.change(cfg)
				}
			})
			err := p.Check(testContext(t))
			switch {
			case c.want == "" && err != nil, c.want != "" && err == nil:
				t.Errorf("Check says %v", err)
			case err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("Check says %v, which does not speak of %s", err, c.want)
			}
		})
	}
}
