package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/picketsigma/picket/consumer"
	"github.com/picketsigma/picket/internal/broker"
	"github.com/twmb/franz-go/pkg/kgo"
)

// selfSigned makes a certificate for 127.0.0.1 that signs itself, as files and for a server that asks its
// clients for the same.
func selfSigned(t *testing.T) (certFile, keyFile string, server *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(cert)
	return certFile, keyFile, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientCAs:    pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}
}

// TestTLS: encryption in both directions of trust together with a password, and what is said when it does
// not fit.
func TestTLS(t *testing.T) {
	cert, key, server := selfSigned(t)
	k := startKafka(t, broker.Config{TLS: server, Users: []broker.User{{Mechanism: "SCRAM-SHA-512", Name: "picket", Password: "right"}}}, usualTopics()...)
	set := map[string]string{
		"kafka.security_protocol": "SASL_SSL", "kafka.sasl_mechanism": "SCRAM-SHA-512", "kafka.sasl_username": "picket", "kafka.sasl_password": "right",
		"kafka.tls.ca_file": cert, "kafka.tls.cert_file": cert, "kafka.tls.key_file": key,
	}
	conn, err := newConnection(&settingsFor(t, k, set).Kafka)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, k, set).ready()
	k.produceWith([]kgo.Opt{kgo.DialTLSConfig(conn.tls), saslFor("picket", "right")}, among(&kgo.Record{Value: []byte(goodEvent)})...)
	eventually(t, "three alerts", func() bool { return r.detection.alertsSent.Load() == 3 })
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ path, value, want string }{
		"plain text to a TLS port":     {"kafka.security_protocol", "SASL_PLAINTEXT", "expects TLS"},
		"authority that is not theirs": {"kafka.tls.ca_file", "", "check the certificate authorities"},
	} {
		changed := map[string]string{}
		for path, v := range set {
			changed[path] = v
		}
		changed[c.path] = c.value
		if c.value == "SASL_PLAINTEXT" {
			delete(changed, "kafka.tls.ca_file")
			delete(changed, "kafka.tls.cert_file")
			delete(changed, "kafka.tls.key_file")
		}
		r := start(t, k, changed)
		select {
		case err := <-r.done:
			if !errors.Is(err, consumer.ErrTLS) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
			r.done <- err
		case <-time.After(patience):
			t.Errorf("%s: the service does not end", name)
		}
	}
}

func TestCertificateFiles(t *testing.T) {
	cert, key, _ := selfSigned(t)
	text := writeFile(t, "text.pem", "no certificate")
	for name, c := range map[string]struct {
		tls  TLSConfig
		want string
	}{
		"no authority":        {TLSConfig{CAFile: text}, "kafka.tls.ca_file: " + text + " holds no PEM certificate"},
		"key is no key":       {TLSConfig{CertFile: cert, KeyFile: text}, "kafka.tls.cert_file and kafka.tls.key_file"},
		"no such file":        {TLSConfig{CertFile: cert, KeyFile: "nowhere"}, "nowhere"},
		"all as it should be": {TLSConfig{CAFile: cert, CertFile: cert, KeyFile: key}, ""},
	} {
		_, err := newConnection(&KafkaConfig{SecurityProtocol: "SSL", TLS: c.tls})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
