package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// dialTimeout bounds connecting, TLS and authentication together.
const dialTimeout = 10 * time.Second

// connection is how the brokers are reached. Its TLS files are read once.
type connection struct {
	clientID  string
	tls       *tls.Config    // nil without encryption
	mechanism sasl.Mechanism // nil without authentication
}

// newConnection reads the files that the settings name.
func newConnection(k *KafkaConfig) (*connection, error) {
	c := &connection{clientID: k.ClientID}
	var err error
	if k.usesTLS() {
		if c.tls, err = tlsConfig(&k.TLS); err != nil {
			return nil, err
		}
	}
	if !k.usesSASL() {
		return c, nil
	}
	switch k.SASLMechanism {
	case "PLAIN":
		c.mechanism = plain.Mechanism{Username: k.SASLUsername, Password: k.SASLPassword.Reveal()}
	case "SCRAM-SHA-256":
		c.mechanism, err = scram.Mechanism(scram.SHA256, k.SASLUsername, k.SASLPassword.Reveal())
	case "SCRAM-SHA-512":
		c.mechanism, err = scram.Mechanism(scram.SHA512, k.SASLUsername, k.SASLPassword.Reveal())
	}
	if err != nil {
		// SASLprep (RFC 4013) refuses some characters. The error does not quote them.
		return nil, fmt.Errorf("kafka.sasl_username or kafka.sasl_password cannot be used with %s: %w", k.SASLMechanism, err)
	}
	return c, nil
}

func tlsConfig(t *TLSConfig) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("kafka.tls.ca_file: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka.tls.ca_file: %s holds no PEM certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("kafka.tls.cert_file and kafka.tls.key_file: %w", err)
		}
		out.Certificates = []tls.Certificate{cert}
	}
	return out, nil
}

// dialer makes the connections to the group's coordinator.
func (c *connection) dialer() *kafka.Dialer {
	return &kafka.Dialer{ClientID: c.clientID, Timeout: dialTimeout, DualStack: true, TLS: c.tls, SASLMechanism: c.mechanism}
}

// transport makes connections of its own; topics are the only ones whose metadata it reads.
func (c *connection) transport(topics ...string) *kafka.Transport {
	return &kafka.Transport{ClientID: c.clientID, DialTimeout: dialTimeout, TLS: c.tls, SASL: c.mechanism, MetadataTopics: topics}
}
