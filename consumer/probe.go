package consumer

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// Probe connects to a broker with the Config's Dialer, asks what it can do and what it knows of the
// topics, and says what is wrong: the error is ErrUnreachable, ErrTLS, ErrAuthentication,
// ErrAuthorization or ErrUnknownTopic, by errors.Is, with words on what to do. It needs Brokers and, to
// look at them, Topics, and changes nothing. Run does not need it: it waits for what Probe reports, but
// kafka-go tells it less.
func Probe(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	if len(cfg.Brokers) == 0 {
		return fmt.Errorf("%w: none is configured", ErrUnreachable)
	}
	var worst error
	for _, broker := range cfg.Brokers {
		err := probeBroker(ctx, &cfg, broker)
		if err == nil || errors.Is(err, ErrUnknownTopic) || errors.Is(err, ErrAuthorization) {
			return err // a broker that knows the cluster has spoken
		}
		if worst == nil || errors.Is(worst, ErrUnreachable) {
			worst = err
		}
	}
	return worst
}

func probeBroker(ctx context.Context, cfg *Config, broker string) error {
	limited, cancel := context.WithTimeout(ctx, cfg.Dialer.Timeout)
	defer cancel()
	if err := greet(limited, cfg.Dialer, broker); err != nil {
		return diagnose(ctx, cfg, broker, err)
	}
	if len(cfg.Topics) == 0 {
		return nil
	}
	topics, err := describe(limited, cfg, broker)
	switch {
	case err == nil:
		return missing(topics)
	case cfg.Dialer.SASLMechanism == nil && closed(err) && greet(limited, cfg.Dialer, broker) == nil:
		return fmt.Errorf("broker %s: %w: %w; it answers until it is asked about topics: it may want SASL, set the security protocol",
			broker, ErrAuthentication, err)
	}
	return fmt.Errorf("broker %s: %w: %w", broker, ErrUnreachable, explain(err))
}

// greet connects, authenticates, and asks which requests the broker takes.
func greet(ctx context.Context, dialer *kafka.Dialer, broker string) error {
	conn, err := dialer.DialContext(ctx, "tcp", broker)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_, err = conn.ApiVersions()
	return err
}

// describe asks for the topics through a Transport, because kafka-go's Conn would have the broker create
// them: one of its own, which ends with the question.
func describe(ctx context.Context, cfg *Config, broker string) ([]kafka.Topic, error) {
	t := cfg.Transport
	transport := &kafka.Transport{
		Dial: t.Dial, DialTimeout: t.DialTimeout, ClientID: t.ClientID, TLS: t.TLS, SASL: t.SASL, Resolver: t.Resolver,
		MetadataTopics: cfg.Topics,
	}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(broker), Transport: transport}
	m, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: cfg.Topics})
	if err != nil {
		return nil, err
	}
	return m.Topics, nil
}

// missing says what is wrong with the first topic that cannot be consumed.
func missing(topics []kafka.Topic) error {
	for _, t := range topics {
		switch {
		case t.Error == nil, errors.Is(t.Error, kafka.LeaderNotAvailable):
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
			return fmt.Errorf("topic %q: %w; create it, for example with kafka-topics.sh --create --topic %s --partitions 12", t.Name, ErrUnknownTopic, t.Name)
		case errors.Is(t.Error, kafka.TopicAuthorizationFailed):
			return fmt.Errorf("topic %q: %w: %w", t.Name, ErrAuthorization, explain(t.Error))
		default:
			return fmt.Errorf("topic %q: %w", t.Name, t.Error)
		}
	}
	return nil
}

// diagnose names the reason why there is no connection. A broker that expects TLS and one that does not
// only close the connection on each other, so it looks for itself.
func diagnose(ctx context.Context, cfg *Config, broker string, err error) error {
	fail := func(kind error, hint string) error {
		return fmt.Errorf("broker %s: %w: %w; %s", broker, kind, err, hint)
	}
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return fail(ErrUnreachable, "check the address, and that the broker is up")
	case refused(err):
		return fail(ErrAuthentication, "check the user name, the password and the SASL mechanism")
	case cfg.Dialer.TLS != nil && speaksPlain(ctx, broker):
		return fail(ErrTLS, "the broker speaks plain text on this port: use its TLS port, or security protocol PLAINTEXT or SASL_PLAINTEXT")
	case cfg.Dialer.TLS == nil && speaksTLS(ctx, broker):
		return fail(ErrTLS, "the broker expects TLS on this port: use security protocol SSL or SASL_SSL, or its plain-text port")
	case tlsTrouble(err):
		return fail(ErrTLS, "check the certificate authorities, the client certificate and the host name")
	case !unreachable(err) && strings.Contains(err.Error(), "SASL"): // how kafka-go says that it was authenticating
		return fail(ErrAuthentication, "check the user name, the password and the SASL mechanism")
	}
	// Also a proxy or a forwarded port whose broker has not started yet, which accepts and closes.
	return fail(ErrUnreachable, "check the address, the security protocol, and that it is a Kafka broker that has started")
}

// closed reports whether the other side ended the connection instead of answering.
func closed(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// lookCloser finds out why there is no conversation with the brokers. kafka-go's Transport often knows no
// more than that a connection was closed.
func (c *Consumer) lookCloser(ctx context.Context, err error) error {
	if refused(err) || tlsTrouble(err) {
		return explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*maxGroupIO)
	defer cancel()
	cfg, dialer := c.cfg, *c.cfg.Dialer
	dialer.Timeout = min(dialer.Timeout, lookFor)
	cfg.Dialer = &dialer
	why := Probe(ctx, cfg)
	if ctx.Err() == nil && (errors.Is(why, ErrUnreachable) || errors.Is(why, ErrTLS) || errors.Is(why, ErrAuthentication)) {
		return why
	}
	return err
}

// lookFor bounds one look at a broker's port.
const lookFor = 3 * time.Second

func look(ctx context.Context, broker string, see func(context.Context, net.Conn) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", broker)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	return see(ctx, conn)
}

// speaksTLS reports whether a TLS handshake gets anywhere, be it to an alert. Nothing is sent over the
// connection, so nobody needs to be trusted.
func speaksTLS(ctx context.Context, broker string) bool {
	return look(ctx, broker, func(ctx context.Context, conn net.Conn) bool {
		seen := false
		client := tls.Client(conn, &tls.Config{
			InsecureSkipVerify: true, // only to see whether the other side speaks TLS at all
			VerifyConnection:   func(tls.ConnectionState) error { seen = true; return nil },
		})
		var op *net.OpError
		err := client.HandshakeContext(ctx)
		return err == nil || seen || errors.As(err, &op) && op.Op == "remote error"
	})
}

// speaksPlain reports whether ApiVersions version 0, without encryption, gets a Kafka answer.
func speaksPlain(ctx context.Context, broker string) bool {
	return look(ctx, broker, func(_ context.Context, conn net.Conn) bool {
		const id = 0x70636b74
		be := binary.BigEndian
		request := be.AppendUint32(nil, 10)
		request = be.AppendUint16(request, 18)     // ApiVersions
		request = be.AppendUint16(request, 0)      // version
		request = be.AppendUint32(request, id)     // correlation id
		request = be.AppendUint16(request, 0xffff) // no client id
		if _, err := conn.Write(request); err != nil {
			return false
		}
		var head [8]byte
		_, err := io.ReadFull(conn, head[:])
		return err == nil && be.Uint32(head[4:]) == id
	})
}
