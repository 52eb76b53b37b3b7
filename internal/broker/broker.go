package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Config says how the cluster looks. The zero value is one broker on a free loopback port.
type Config struct {
	Brokers           int           // how many nodes; 1 when zero; ignored when Ports is set
	Ports             []int         // one node on each; empty: free ports
	DataDir           string        // where state survives Close; empty: memory
	MinSessionTimeout time.Duration // of groups; 6 s when zero, as in Kafka
	Users             []User        // SASL is required when there is one
	TLS               *tls.Config   // TLS is required when set
	MaxRecordBytes    int           // message.max.bytes; Kafka's default of about 1 MiB when zero
	Discard           bool          // acknowledge what is produced and keep nothing of it
}

// User may authenticate and do everything.
type User struct {
	Mechanism string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Name      string
	Password  string
}

// Topic is a topic to create.
type Topic struct {
	Name       string
	Partitions int32             // 1 when zero
	Configs    map[string]string // Kafka's topic settings, such as cleanup.policy
}

// Broker is a running cluster. It is safe for concurrent use.
type Broker struct {
	cluster *kfake.Cluster
	addrs   []string
	close   sync.Once
}

// Start starts the cluster; its listeners accept connections when Start returns.
func Start(cfg Config) (*Broker, error) {
	opts := []kfake.Opt{kfake.NumBrokers(max(cfg.Brokers, 1)), kfake.ListenFn(listen)}
	if len(cfg.Ports) > 0 {
		opts = append(opts, kfake.Ports(cfg.Ports...))
	}
	if cfg.DataDir != "" {
		opts = append(opts, kfake.DataDir(cfg.DataDir))
	}
	if cfg.MinSessionTimeout > 0 {
		opts = append(opts, kfake.GroupMinSessionTimeout(cfg.MinSessionTimeout))
	}
	if len(cfg.Users) > 0 {
		opts = append(opts, kfake.EnableSASL())
	}
	for _, u := range cfg.Users {
		opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
	}
	if cfg.TLS != nil {
		opts = append(opts, kfake.TLS(cfg.TLS))
	}
	if cfg.MaxRecordBytes > 0 {
		opts = append(opts, kfake.BrokerConfigs(map[string]string{"message.max.bytes": fmt.Sprint(cfg.MaxRecordBytes)}))
	}
	if cfg.Discard {
		opts = append(opts, kfake.BlackholeProduce())
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("in-process broker: %w", err)
	}
	return &Broker{cluster: cluster, addrs: cluster.ListenAddrs()}, nil
}

// listen keeps the cluster on loopback whatever kfake asks for.
func listen(network, address string) (net.Listener, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return new(net.ListenConfig).Listen(context.Background(), network, net.JoinHostPort("127.0.0.1", port))
}

// Addr is the first node's address, host:port. It stays valid as a text after Close.
func (b *Broker) Addr() string { return b.addrs[0] }

// Addrs is every node's address.
func (b *Broker) Addrs() []string { return append([]string(nil), b.addrs...) }

// CreateTopic creates a topic with so many partitions. A topic that is there already is an error.
func (b *Broker) CreateTopic(name string, partitions int32) error {
	return b.CreateTopics(Topic{Name: name, Partitions: partitions})
}

// CreateTopics creates topics in order and stops at the first that cannot be created.
func (b *Broker) CreateTopics(topics ...Topic) error {
	for _, t := range topics {
		if err := b.cluster.CreateTopic(t.Name, max(t.Partitions, 1), t.Configs); err != nil {
			if errors.Is(err, kerr.TopicAlreadyExists) {
				return fmt.Errorf("topic %s exists already: %w", t.Name, err)
			}
			return fmt.Errorf("create topic %s: %w", t.Name, err)
		}
	}
	return nil
}

// Cluster is the kfake cluster itself, for tests: its Control functions see, change and refuse requests.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close ends the cluster and closes every connection. It may be called more than once.
func (b *Broker) Close() { b.close.Do(b.cluster.Close) }
