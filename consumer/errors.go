package consumer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/picketsigma/picket/internal/wire"
	"github.com/segmentio/kafka-go"
)

var (
	// ErrAbandoned says that a batch was in flight when the consumer stopped and could not be finished
	// within the drain timeout. It is not committed: the next owner of the partition gets it again.
	ErrAbandoned = errors.New("a batch in flight was abandoned uncommitted; it will be read again")

	// What Probe finds wrong. Each needs somebody: waiting does not help.
	ErrUnreachable    = errors.New("no broker can be reached")
	ErrTLS            = errors.New("the connection's encryption does not match the broker's")
	ErrAuthentication = errors.New("the broker refuses the credentials")
	ErrAuthorization  = errors.New("the broker does not allow it")
	ErrUnknownTopic   = errors.New("the topic does not exist")

	errDrained  = errors.New("the partition was revoked and the drain timeout has passed")
	errFenced   = errors.New("the group has gone on without this member")
	errFinished = errors.New("the generation has ended")
)

// fenced reports whether the coordinator no longer counts this member or this generation: whatever it
// wants to commit belongs to somebody else by now.
func fenced(err error) bool {
	return errors.Is(err, kafka.IllegalGeneration) || errors.Is(err, kafka.UnknownMemberId) ||
		errors.Is(err, kafka.FencedInstanceID)
}

// refused reports whether the broker turned the credentials down.
func refused(err error) bool {
	return errors.Is(err, kafka.SASLAuthenticationFailed) || errors.Is(err, kafka.UnsupportedSASLMechanism) ||
		errors.Is(err, kafka.IllegalSASLState)
}

// unreachable reports whether err says that there was no answer, rather than a bad one.
func unreachable(err error) bool {
	if tlsTrouble(err) {
		return false
	}
	var code kafka.Error
	if errors.As(err, &code) {
		return code == wire.ErrNoMetadata || code == kafka.NetworkException
	}
	var dns *net.DNSError
	var op net.Error
	return errors.As(err, &dns) || errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EPIPE)
}

// disconnected reports whether err says that there was no conversation: nobody answered, or the broker
// did not let this client in.
func disconnected(err error) bool { return unreachable(err) || refused(err) || tlsTrouble(err) }

// tlsTrouble reports whether err came from the TLS handshake.
func tlsTrouble(err error) bool {
	var record tls.RecordHeaderError
	var op *net.OpError
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &host) ||
		errors.As(err, &op) && op.Op == "remote error" // how crypto/tls names an alert
}

// movedLeader reports whether the metadata that chose the broker may be out of date.
func movedLeader(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return true // no answer: the broker may be gone
	}
	switch code {
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.BrokerNotAvailable,
		kafka.ReplicaNotAvailable, kafka.NetworkException, kafka.KafkaStorageError, kafka.FencedLeaderEpoch,
		kafka.UnknownLeaderEpoch, kafka.UnknownTopicID:
		return true
	}
	return false
}

// passes reports whether trying again is likely to help: leaders move, coordinators load.
func passes(err error) bool {
	var code kafka.Error
	return unreachable(err) || errors.As(err, &code) && code.Temporary()
}

// errorCode is a metric label: bounded, Kafka's name of the error in lower case.
func errorCode(err error) string {
	var code kafka.Error
	var batch *wire.BatchError
	var network net.Error
	switch {
	case errors.As(err, &batch):
		return "corrupt_batch"
	case errors.As(err, &code):
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case unreachable(err):
		return "network"
	default:
		return "other"
	}
	if code == kafka.NotLeaderForPartition {
		return "not_leader_or_follower" // its name since Kafka 2.6; kafka-go has the old one
	}
	if title := code.Title(); title != "" {
		return strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(title, " Or ", " ")), " ", "_")
	}
	return fmt.Sprintf("error_%d", int(code))
}

// explain adds to an error what an operator can do about it.
func explain(err error) error {
	hint := ""
	switch {
	case refused(err):
		hint = "check the user name, the password and the SASL mechanism"
	case tlsTrouble(err):
		hint = "check the security protocol, the certificate authorities and the host name"
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		hint = "grant READ and DESCRIBE on the topic to picket's principal"
	case errors.Is(err, kafka.GroupAuthorizationFailed):
		hint = "grant READ on the group to picket's principal"
	case errors.Is(err, kafka.InvalidSessionTimeout):
		hint = "the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms bound the session timeout"
	case errors.Is(err, kafka.InconsistentGroupProtocol):
		hint = "the group has members of another kind: choose another group id"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, hint)
}
