package integration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	defaultImage = "apache/kafka:4.1.1"
	user         = "picket"
	password     = "correct-horse"
)

// broker is Apache Kafka in a container. Its host ports are fixed, so that it comes back from a restart where it was.
type broker struct {
	container *testcontainers.DockerContainer
	plain     string // host:port without authentication
	sasl      string // host:port with SASL, PLAIN and SCRAM-SHA-512
	client    *kgo.Client
	admin     *kadm.Client
}

// started is the one broker of a test run. The first test that asks for it starts it.
var started struct {
	sync.Mutex
	broker *broker
}

// startBroker gives the broker, or ends the test.
func startBroker(t *testing.T) *broker {
	t.Helper()
	started.Lock()
	defer started.Unlock()
	if started.broker == nil {
		provider, err := testcontainers.NewDockerProvider()
		if err == nil {
			err = provider.Health(t.Context())
		}
		require(t, err == nil, "Docker cannot be reached: %v", err)
		started.broker, err = newBroker()
		if err != nil {
			t.Fatalf("start %s: %v", image(), err)
		}
	}
	b := started.broker
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the broker's log:\n%s", b.logs())
		}
	})
	return b
}

// stopBroker removes the container of the run, if one was started.
func stopBroker() error {
	started.Lock()
	defer started.Unlock()
	if started.broker == nil {
		return nil
	}
	started.broker.client.Close()
	return testcontainers.TerminateContainer(started.broker.container)
}

func image() string { return cmp.Or(os.Getenv("PICKET_KAFKA_IMAGE"), defaultImage) }

func newBroker() (*broker, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	plainPort, err := freePort()
	if err != nil {
		return nil, err
	}
	saslPort, err := freePort()
	if err != nil {
		return nil, err
	}
	b := &broker{plain: "127.0.0.1:" + plainPort, sasl: "127.0.0.1:" + saslPort}
	bind := func(port string) []network.PortBinding { return []network.PortBinding{{HostPort: port}} }
	b.container, err = testcontainers.Run(ctx, image(),
		testcontainers.WithLabels(map[string]string{"picket.integration": "true"}),
		testcontainers.WithEnv(brokerEnv(b.plain, b.sasl)),
		testcontainers.WithExposedPorts("9092/tcp", "9094/tcp"),
		testcontainers.WithHostConfigModifier(func(host *container.HostConfig) {
			host.PortBindings = network.PortMap{
				network.MustParsePort("9092/tcp"): bind(plainPort),
				network.MustParsePort("9094/tcp"): bind(saslPort),
			}
		}))
	if err != nil {
		return nil, errors.Join(err, testcontainers.TerminateContainer(b.container))
	}
	if b.client, err = kgo.NewClient(kgo.SeedBrokers(b.plain), kgo.RetryTimeout(20*time.Second), kgo.AlwaysRetryEOF()); err == nil {
		b.admin = kadm.NewClient(b.client)
		err = b.awaitUp(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w; its log:\n%s", err, b.logs()), testcontainers.TerminateContainer(b.container))
	}
	return b, nil
}

// brokerEnv is a KRaft broker with two listeners for clients and one for itself, in the settings of the official image. Groups form
// without the delay that spares a new group rebalances: the tests want them.
func brokerEnv(plain, sasl string) map[string]string {
	return map[string]string{
		"KAFKA_NODE_ID":                                  "1",
		"KAFKA_PROCESS_ROLES":                            "broker,controller",
		"KAFKA_CONTROLLER_QUORUM_VOTERS":                 "1@localhost:9093",
		"KAFKA_CONTROLLER_LISTENER_NAMES":                "CONTROLLER",
		"KAFKA_LISTENERS":                                "PLAINTEXT://:9092,CONTROLLER://:9093,SASL_PLAINTEXT://:9094,INSIDE://:9095",
		"KAFKA_ADVERTISED_LISTENERS":                     "PLAINTEXT://" + plain + ",SASL_PLAINTEXT://" + sasl + ",INSIDE://localhost:9095",
		"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP":           "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,INSIDE:PLAINTEXT",
		"KAFKA_INTER_BROKER_LISTENER_NAME":               "INSIDE",
		"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR":         "1",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
		"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR":            "1",
		"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS":         "0",
		"KAFKA_AUTO_CREATE_TOPICS_ENABLE":                "false",
		// Recorded events and their alerts carry the time of the event, years ago: the broker's retention, which first looks half a
		// minute after its start, would delete them under the test. It looks every second here: what can expire has to fail a test
		// always, not now and then.
		"KAFKA_LOG_RETENTION_MS":                "-1",
		"KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS": "1000",
		"KAFKA_LOG_INITIAL_TASK_DELAY_MS":       "1000",
		"KAFKA_SASL_ENABLED_MECHANISMS":         "PLAIN,SCRAM-SHA-512",
		"KAFKA_LISTENER_NAME_SASL__PLAINTEXT_PLAIN_SASL_JAAS_CONFIG": fmt.Sprintf(
			"org.apache.kafka.common.security.plain.PlainLoginModule required user_%s=%q;", user, password),
		"KAFKA_LISTENER_NAME_SASL__PLAINTEXT_SCRAM___SHA___512_SASL_JAAS_CONFIG": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
	}
}

// awaitUp waits until the broker answers, and fails with the last error.
func (b *broker) awaitUp(ctx context.Context) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := b.client.Ping(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the broker does not answer: %w", err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// stop ends the broker's process as `docker stop` does; start brings it back with its data, on the same ports.
func (b *broker) stop(t *testing.T) {
	t.Helper()
	timeout := 20 * time.Second
	if err := b.container.Stop(t.Context(), &timeout); err != nil {
		t.Fatalf("stop the broker: %v", err)
	}
}

func (b *broker) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := b.container.Start(ctx); err != nil {
		t.Fatalf("start the broker: %v", err)
	}
	if err := b.awaitUp(ctx); err != nil {
		t.Fatal(err)
	}
}

// logs gives the end of the broker's log.
func (b *broker) logs() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := b.container.Logs(ctx)
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return tail(string(all), 60)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// createTopic makes a topic and takes it away when the test is over. configs are pairs of name and value.
func (b *broker) createTopic(t *testing.T, name string, partitions int32, configs ...string) string {
	t.Helper()
	settings := map[string]*string{}
	for i := 0; i+1 < len(configs); i += 2 {
		settings[configs[i]] = &configs[i+1]
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := b.admin.CreateTopic(ctx, partitions, 1, settings, name); err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if _, err := b.admin.DeleteTopics(ctx, name); err != nil {
			t.Logf("delete topic %s: %v", name, err)
		}
	})
	return name
}

// unique makes a name that no other test and no other run has.
func unique(t *testing.T, suffix string) string {
	return strings.ReplaceAll(t.Name(), "/", ".") + "." + suffix
}

// awaitMembers waits until the group is stable with n members.
func (b *broker) awaitMembers(t *testing.T, group string, n int) {
	t.Helper()
	eventually(t, time.Minute, fmt.Sprintf("group %s to be stable with %d members", group, n), func() (bool, string) {
		groups, err := b.admin.DescribeGroups(t.Context(), group)
		if err != nil {
			return false, err.Error()
		}
		g := groups[group]
		return g.State == "Stable" && len(g.Members) == n, fmt.Sprintf("%s with %d members, %v", g.State, len(g.Members), g.Err)
	})
}

// awaitCaughtUp waits until the group's committed offsets are the ends of the topics' partitions.
func (b *broker) awaitCaughtUp(t *testing.T, timeout time.Duration, group string, topics ...string) {
	t.Helper()
	eventually(t, timeout, fmt.Sprintf("group %s to have committed the ends of %v", group, topics), func() (bool, string) {
		behind, err := b.behind(t.Context(), group, topics...)
		if err != nil {
			return false, err.Error()
		}
		return behind == 0, fmt.Sprintf("%d records not committed", behind)
	})
}

// behind counts the records past the group's committed offsets.
func (b *broker) behind(ctx context.Context, group string, topics ...string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	committed, err := b.admin.FetchOffsets(ctx, group)
	if err != nil {
		return 0, err
	}
	ends, err := b.admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return 0, err
	}
	var behind int64
	ends.Each(func(end kadm.ListedOffset) {
		if end.Err != nil {
			err = end.Err
		}
		at, _ := committed.Lookup(end.Topic, end.Partition)
		behind += end.Offset - max(0, at.At)
	})
	return behind, err
}

// produce writes records to the partitions that they name and waits until they are acknowledged; their offsets are filled in.
func (b *broker) produce(t *testing.T, codec kgo.CompressionCodec, records []*kgo.Record, opts ...kgo.Opt) {
	t.Helper()
	client := b.producer(t, codec, opts...)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatalf("produce %d records: %v", len(records), err)
	}
}

// producer is a client that goes on when the broker goes away for a while, also when Docker's proxy accepts in its place.
func (b *broker) producer(t *testing.T, codec kgo.CompressionCodec, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	opts = append([]kgo.Opt{
		kgo.SeedBrokers(b.plain), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec),
		kgo.MaxBufferedRecords(1 << 20), kgo.UnknownTopicRetries(-1), kgo.AlwaysRetryEOF(),
	}, opts...)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// read gives everything that is on the topic now.
func (b *broker) read(t *testing.T, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ends, err := b.admin.ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatalf("end of %s: %v", topic, err)
	}
	var want int64
	from := map[int32]kgo.Offset{}
	ends.Each(func(end kadm.ListedOffset) {
		want += end.Offset
		from[end.Partition] = kgo.NewOffset().AtStart()
	})
	client, err := kgo.NewClient(kgo.SeedBrokers(b.plain), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchMaxBytes(64<<20), kgo.FetchMaxPartitionBytes(32<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var records []*kgo.Record
	for int64(len(records)) < want {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %s: %d of %d records: %v", topic, len(records), want, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
