package consumer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	franzscram "github.com/twmb/franz-go/pkg/sasl/scram"
)

// freePort is one that nobody listened on a moment ago.
func freePort(t *testing.T) (port int, addr string) {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	addr = ln.Addr().String()
	_, text, _ := net.SplitHostPort(addr)
	if port, err = strconv.Atoi(text); err != nil {
		t.Fatal(err)
	}
	return port, addr
}

func TestBrokerDownAtStart(t *testing.T) {
	t.Parallel()
	port, addr := freePort(t)
	l, lg := newLedger(), newLogs(t)
	var dials atomic.Int32
	cfg := Config{
		Brokers: []string{addr}, Topics: []string{"in"}, GroupID: "g", Open: l.open(nil), Logger: lg.logger,
		SessionTimeout: 4 * time.Second, HeartbeatInterval: 50 * time.Millisecond, FetchMaxWait: 50 * time.Millisecond,
		Transport: &kafka.Transport{MetadataTopics: []string{"in"}, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			return new(net.Dialer).DialContext(ctx, network, address)
		}},
	}
	m := startMember(t, cfg)
	eventually(t, "the message", func() bool { return len(lg.with("brokers cannot be used")) == 1 })
	if n := dials.Load(); n < 3 || n > 30 { // it backs off from 50 ms, and the message comes after a second
		t.Errorf("%d attempts to connect before the message", n)
	}
	if why := strings.Join(m.NotReady(), ""); !strings.Contains(why, `group "g" is not joined`) {
		t.Errorf("not ready: %s", why)
	}
	b := startBroker(t, broker.Config{Ports: []int{port}}, broker.Topic{Name: "in"})
	produce(t, b, numbered("in", 1, 10))
	eventually(t, "all records", func() bool { return l.len() == 10 })
	eventually(t, "its commit", func() bool { return committed(b, "in", 0) == 10 })
	m.stopped(t)
	l.complete(t, 10)
	lg.once(t, "level=ERROR", "brokers cannot be used", "connection refused")
	lg.once(t, "level=INFO", "brokers can be used again")
}

// TestStopWhileBrokerIsDown: Run ends at once, before and after it has joined.
func TestStopWhileBrokerIsDown(t *testing.T) {
	t.Parallel()
	ends := func(t *testing.T, m *member) {
		t.Helper()
		began := time.Now()
		m.stopped(t)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("Run took %v to end", took)
		}
	}
	t.Run("from the start", func(t *testing.T) {
		t.Parallel()
		_, addr := freePort(t)
		lg := newLogs(t)
		m := startMember(t, Config{
			Brokers: []string{addr}, Topics: []string{"in"}, GroupID: "g", Open: newLedger().open(nil), Logger: lg.logger, Transport: &kafka.Transport{},
		})
		eventually(t, "the message", func() bool { return len(lg.with("brokers cannot be used")) == 1 })
		ends(t, m)
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
		produce(t, b, numbered("in", 1, 10))
		l, lg := newLedger(), newLogs(t)
		cfg := testConfig(t, b, "in")
		cfg.Open, cfg.Logger = l.open(nil), lg.logger
		m := startMember(t, cfg)
		eventually(t, "the commit", func() bool { return committed(b, "in", 0) == 10 })
		b.Close()
		eventually(t, "the message", func() bool { return len(lg.with("brokers cannot be used")) == 1 })
		ends(t, m)
	})
}

// TestBrokerGoneAndBack: nothing is lost; what was handled and could not be committed comes again.
func TestBrokerGoneAndBack(t *testing.T) {
	t.Parallel()
	port, _ := freePort(t)
	cfg := broker.Config{DataDir: t.TempDir(), Ports: []int{port}}
	b := startBroker(t, cfg, broker.Topic{Name: "in", Partitions: 3})
	produce(t, b, numberedFrom("in", 3, 0, 300))
	l, lg := newLedger(), newLogs(t)
	c := testConfig(t, b, "in")
	c.Open, c.Logger = l.open(nil), lg.logger
	c.SessionTimeout, c.DrainTimeout = 2*time.Second, 300*time.Millisecond
	m := startMember(t, c)
	total := 300
	for i := range 2 {
		eventually(t, "all records", func() bool { return l.len() == total })
		eventually(t, "the commits", func() bool {
			return committed(b, "in", 0)+committed(b, "in", 1)+committed(b, "in", 2) == int64(total)
		})
		b.Close()
		eventually(t, "the message", func() bool { return len(lg.with("brokers cannot be used")) == i+1 })
		if len(m.NotReady()) == 0 {
			t.Error("ready without a broker")
		}
		b = startBroker(t, cfg)
		produce(t, b, numberedFrom("in", 3, total, 300))
		total += 300
	}
	eventually(t, "all records", func() bool { return l.len() == total })
	eventually(t, "readiness", func() bool { return len(m.NotReady()) == 0 })
	m.stopped(t)
	l.complete(t, total) // all was committed when the broker went, so nothing comes twice
	if n := len(lg.with("brokers cannot be used")); n != 2 {
		t.Errorf("%d messages about two outages", n)
	}
	if n := len(lg.with("brokers can be used again")); n != 2 {
		t.Errorf("%d messages about the end of two outages", n)
	}
}

// TestLeadersAndCoordinatorsMove under load, again and again.
func TestLeadersAndCoordinatorsMove(t *testing.T) {
	t.Parallel()
	const partitions, n = 6, 6000
	b := startBroker(t, broker.Config{Brokers: 3}, broker.Topic{Name: "in", Partitions: partitions})
	l, lg := newLedger(), newLogs(t)
	cfg := testConfig(t, b, "in")
	cfg.Open, cfg.Logger, cfg.FetchMaxBytes = l.open(nil), lg.logger, 1<<10
	m1 := startMember(t, cfg)
	m2 := join(t, cfg)
	members(t, b, 2)
	client := franz(t, b)
	for i := range 6 {
		if err := client.ProduceSync(soon(t), numberedFrom("in", partitions, i*n/6, n/6)...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		for p := range int32(partitions) {
			if err := b.Cluster().MoveTopicPartition("in", p, (p+int32(i))%3); err != nil {
				t.Fatal(err)
			}
		}
		before := l.len()
		b.Cluster().RehashCoordinators()
		eventually(t, "some progress", func() bool { return l.len() > before || l.len() == (i+1)*n/6 })
	}
	eventually(t, "all records", func() bool { return l.len() == n })
	eventually(t, "the commits", func() (ok bool) {
		sum := int64(0)
		for p := range int32(partitions) {
			sum += committed(b, "in", p)
		}
		return sum == n
	})
	m1.stopped(t)
	m2.stopped(t)
	l.sound(t)
	if lg.with("level=ERROR", "offset is out of range") != nil {
		t.Error("a moved leader was taken for a lost offset")
	}
	t.Logf("%d records came twice", l.twice())
}

// cable is a connection to the brokers that can be cut: what is sent then goes nowhere, and nothing says so.
type cable struct{ cut atomic.Bool }

func (c *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.cut.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	return &cableConn{conn, c}, err
}

type cableConn struct {
	net.Conn
	cable *cable
}

func (c *cableConn) Write(p []byte) (int, error) {
	if c.cable.cut.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// TestCutOffMember: a member whose network is cut in the middle of a batch gives it up before its session
// ends and another member gets the partitions, handles nothing meanwhile, and joins again later.
func TestCutOffMember(t *testing.T) {
	t.Parallel()
	const partitions, n = 4, 2000
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: partitions})
	l, lg := newLedger(), newLogs(t)
	w := watchCommits(b, l)
	var line cable
	var inside atomic.Int32
	cfg := testConfig(t, b, "in")
	cfg.SessionTimeout, cfg.DrainTimeout, cfg.FetchMaxBytes = 2*time.Second, 500*time.Millisecond, 1<<10
	cfg.Open = l.open(nil)
	lost := cfg
	lost.Logger = lg.logger
	lost.Transport = &kafka.Transport{ClientID: "lost", Dial: line.dial, DialTimeout: time.Second, MetadataTopics: cfg.Topics, MetadataTTL: 200 * time.Millisecond}
	lost.Dialer = &kafka.Dialer{DialFunc: line.dial, Timeout: time.Second}
	lost.Open = l.open(func(ctx context.Context, b *Batch) error {
		if b.Records[0].Offset < 100 {
			return nil
		}
		inside.Add(1)
		<-ctx.Done() // alerts do not get through either
		return ctx.Err()
	})
	first := startMember(t, lost)
	second := join(t, cfg)
	members(t, b, 2)
	client := franz(t, b, kgo.ProducerBatchMaxBytes(1<<10))
	if err := client.ProduceSync(soon(t), numbered("in", partitions, n)...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its two partitions in the middle of a batch", func() bool { return inside.Load() == 2 })
	eventually(t, "its commits", func() bool { return first.Stats().Commits >= 4 }) // the two start offsets are commits as well
	line.cut.Store(true)
	eventually(t, "all records", func() bool { return l.len() == n })
	if got := len(first.Stats().Partitions); got != 0 {
		t.Errorf("the member that is cut off still has %d partitions", got)
	}
	line.cut.Store(false)
	members(t, b, 2)
	eventually(t, "both to have a part again", func() bool { return len(first.Stats().Partitions) == 2 && len(second.Stats().Partitions) == 2 })
	if got := first.Stats().Abandoned; got != 2 {
		t.Errorf("%d batches were abandoned, want 2", got)
	}
	first.stopped(t)
	second.stopped(t)
	l.sound(t)
	w.sound(t)
	if l.len() != n {
		t.Errorf("%d records, want %d", l.len(), n)
	}
	if twice := l.twice(); twice > 200 { // what was handled and not committed before the cut
		t.Errorf("%d records came twice", twice)
	}
	if len(lg.with("level=WARN", "batch abandoned uncommitted")) != 2 {
		t.Error("nothing was said of the batches given up")
	}
}

// TestEncryptedAndAuthenticated: all of a member's connections, made from its Transport.
func TestEncryptedAndAuthenticated(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t)
	mechanism, err := scram.Mechanism(scram.SHA512, "picket", "right")
	if err != nil {
		t.Fatal(err)
	}
	b := startBroker(t, broker.Config{TLS: server, Users: []broker.User{{Mechanism: "SCRAM-SHA-512", Name: "picket", Password: "right"}}}, broker.Topic{Name: "in"})
	secure := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	put(t, franz(t, b, kgo.DialTLSConfig(secure), kgo.SASL(franzscram.Auth{User: "picket", Pass: "right"}.AsSha512Mechanism())), "a", "b")
	l := newLedger()
	cfg := testConfig(t, b, "in")
	cfg.Transport.TLS, cfg.Transport.SASL, cfg.Open = secure, mechanism, l.open(nil)
	if err := Probe(soon(t), cfg); err != nil {
		t.Errorf("Probe says %v", err)
	}
	m := startMember(t, cfg)
	eventually(t, "the commit", func() bool { return committed(b, "in", 0) == 2 })
	m.stopped(t)
	if got := l.inOrder(slot{"in", 0}); got != "a b" {
		t.Errorf("handled %q", got)
	}
}

// certificate makes a self-signed one for 127.0.0.1.
func certificate(t *testing.T) (server *tls.Config, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, roots
}

// TestNoEntry: what a member that the broker does not let in says, how often it tries, and that it can be
// stopped. The same from Probe.
func TestNoEntry(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t)
	users := []broker.User{{Mechanism: "PLAIN", Name: "picket", Password: "right"}, {Mechanism: "SCRAM-SHA-512", Name: "picket", Password: "right"}}
	scram512, err := scram.Mechanism(scram.SHA512, "picket", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		broker broker.Config
		client *kafka.Transport
		kind   error
		hint   string
	}{
		{"a wrong password", broker.Config{Users: users}, &kafka.Transport{SASL: plain.Mechanism{Username: "picket", Password: "wrong"}}, ErrAuthentication, "check the user name, the password"},
		{"a wrong password, SCRAM", broker.Config{Users: users}, &kafka.Transport{SASL: scram512}, ErrAuthentication, "check the user name, the password"},
		{"no password", broker.Config{Users: users}, &kafka.Transport{}, ErrAuthentication, "it may want SASL"},
		{"TLS is missing", broker.Config{TLS: server}, &kafka.Transport{}, ErrTLS, "expects TLS"},
		{"TLS is missing, with a password", broker.Config{TLS: server, Users: users}, &kafka.Transport{SASL: plain.Mechanism{Username: "picket", Password: "right"}}, ErrTLS, "expects TLS"},
		{"TLS to a plain port", broker.Config{}, &kafka.Transport{TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}, ErrTLS, "plain text"},
		{"an unknown authority", broker.Config{TLS: server}, &kafka.Transport{TLS: &tls.Config{MinVersion: tls.VersionTLS12}}, ErrTLS, "certificate authorities"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, c.broker, broker.Topic{Name: "in"})
			lg := newLogs(t)
			cfg := testConfig(t, b, "in")
			limit := 10 * time.Second
			if c.broker.TLS == nil && c.client.TLS != nil {
				limit = time.Second // kfake waits for the rest of what it takes for a request; Kafka hangs up
			}
			c.client.MetadataTopics, c.client.DialTimeout, c.client.MetadataTTL = cfg.Topics, limit, limit
			cfg.Dialer = &kafka.Dialer{TLS: c.client.TLS, SASLMechanism: c.client.SASL, Timeout: limit}
			cfg.Open, cfg.Logger, cfg.Transport = newLedger().open(nil), lg.logger, c.client

			if err := Probe(soon(t), cfg); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.hint) {
				t.Errorf("Probe says %v; want %v with %q", err, c.kind, c.hint)
			}
			c.client.CloseIdleConnections()

			var dials atomic.Int32
			c.client.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				dials.Add(1)
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			m := startMember(t, cfg)
			eventually(t, "a message", func() bool { return len(lg.troubles()) > 0 })
			if n := dials.Load(); n < 2 || n > 30 { // it backs off from 50 ms, and the message comes after a second
				t.Errorf("%d attempts to connect before the message", n)
			}
			began := time.Now()
			m.stopped(t)
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("Run took %v to end", took)
			}
			if lines := lg.troubles(); len(lines) != 1 || !strings.Contains(lines[0], c.hint) || !strings.Contains(lines[0], "level=ERROR") {
				t.Errorf("logged %d lines, want one with %q:\n%s", len(lines), c.hint, strings.Join(lines, "\n"))
			}
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
	_, nobody := freePort(t)
	good := Config{Brokers: b.Addrs(), Topics: []string{"in"}}
	for _, c := range []struct {
		name string
		edit func(*Config)
		kind error
		text string
	}{
		{"all is well", func(*Config) {}, nil, ""},
		{"one broker of two is down", func(c *Config) { c.Brokers = append([]string{nobody}, c.Brokers...) }, nil, ""},
		{"no topics to look at", func(c *Config) { c.Topics = nil }, nil, ""},
		{"no broker", func(c *Config) { c.Brokers = nil }, ErrUnreachable, "none is configured"},
		{"nobody listens", func(c *Config) { c.Brokers = []string{nobody} }, ErrUnreachable, "check the address"},
		{"no such host", func(c *Config) { c.Brokers = []string{"nowhere.invalid:9092"} }, ErrUnreachable, "check the address"},
		{"a topic is missing", func(c *Config) { c.Topics = []string{"in", "other"} }, ErrUnknownTopic, "kafka-topics.sh --create --topic other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			c.edit(&cfg)
			err := Probe(soon(t), cfg)
			if !errors.Is(err, c.kind) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want %v with %q", err, c.kind, c.text)
			}
		})
	}
	if info := b.Cluster().TopicInfo("other"); info != nil {
		t.Error("Probe has created a topic")
	}
}

// TestAuthorization: what is not allowed is named, with the grant that is missing.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		key   kmsg.Key
		code  kafka.Error
		wants []string
	}{
		{"topic", kmsg.Fetch, kafka.TopicAuthorizationFailed, []string{"fetch does not work", "grant READ and DESCRIBE on the topic"}},
		{"group", kmsg.JoinGroup, kafka.GroupAuthorizationFailed, []string{"group cannot be joined", "grant READ on the group"}},
		{"session timeout", kmsg.JoinGroup, kafka.InvalidSessionTimeout, []string{"group cannot be joined", "group.min.session.timeout.ms"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t, broker.Config{}, broker.Topic{Name: "in"})
			b.Cluster().ControlKey(int16(c.key), func(request kmsg.Request) (kmsg.Response, error, bool) {
				b.Cluster().KeepControl()
				switch r := request.(type) {
				case *kmsg.FetchRequest:
					resp, _ := r.ResponseKind().(*kmsg.FetchResponse)
					p := kmsg.NewFetchResponseTopicPartition()
					p.ErrorCode = int16(c.code)
					resp.Topics = []kmsg.FetchResponseTopic{{Topic: "in", Partitions: []kmsg.FetchResponseTopicPartition{p}}}
					return resp, nil, true
				case *kmsg.JoinGroupRequest:
					resp, _ := r.ResponseKind().(*kmsg.JoinGroupResponse)
					resp.ErrorCode = int16(c.code)
					return resp, nil, true
				}
				return nil, nil, false
			})
			lg := newLogs(t)
			cfg := testConfig(t, b, "in")
			cfg.Open, cfg.Logger = newLedger().open(nil), lg.logger
			m := startMember(t, cfg)
			eventually(t, "the message", func() bool { return len(lg.with("level=ERROR")) > 0 })
			m.stopped(t)
			lg.once(t, append([]string{"level=ERROR"}, c.wants...)...)
		})
	}
}

// TestNothingIsLeftBehind: no goroutine of ours or of kafka-go's outlives Run and the Transport's idle
// connections. It runs alone, before the parallel tests.
func TestNothingIsLeftBehind(t *testing.T) {
	b := startBroker(t, broker.Config{}, broker.Topic{Name: "in", Partitions: 4})
	produce(t, b, numbered("in", 4, 100))
	l := newLedger()
	cfg := testConfig(t, b, "in")
	cfg.Open = l.open(nil)
	m := startMember(t, cfg)
	m2 := join(t, cfg)
	eventually(t, "all records", func() bool { return l.len() == 100 })
	members(t, b, 2)
	if len(ours()) == 0 {
		t.Fatal("no goroutine is found while the members run: the test looks for the wrong thing")
	}
	m.stopped(t)
	m2.stopped(t)
	eventually(t, "the goroutines to end", func() bool { return len(ours()) == 0 })
}

// ours lists the goroutines with a frame of this package or of kafka-go, save the tests'.
func ours() (out []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "testing.tRunner") {
			continue
		}
		if strings.Contains(stack, "picket/consumer.") || strings.Contains(stack, "segmentio/kafka-go.") {
			out = append(out, stack)
		}
	}
	return out
}
