package console

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Group is what the consumer counts itself, at one moment.
type Group struct {
	Rebalances   uint64
	CommitErrors uint64
	InFlight     int64 // records fetched and not yet acknowledged
	Partitions   []Partition
}

// Partition is the state of one assigned partition.
type Partition struct {
	Topic      string
	Partition  int32
	LagRecords int64
	LagSeconds float64
}

// groupCollector reads the group when it is scraped: a partition that was taken away is gone from the
// next scrape without anybody deleting its series.
type groupCollector struct {
	read          func() Group
	produceErrors func() map[string]uint64
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

var (
	descLagRecords    = desc("consumer_lag_records", "Records between the position and the end of the partition.", "topic", "partition")
	descLagSeconds    = desc("consumer_lag_seconds", "Age of the oldest record that is not yet handled; zero when there is none.", "topic", "partition")
	descRebalances    = desc("rebalances_total", "Generations of the group that this member has joined.")
	descCommitErrors  = desc("commit_errors_total", "Offset commits that failed.")
	descAssigned      = desc("assigned_partitions", "Partitions that this member owns.")
	descInFlight      = desc("in_flight_records", "Records fetched and not yet acknowledged.")
	descProduceErrors = desc("produce_errors_total", "Produce requests that failed, retried ones included, by Kafka's error code.", "code")
)

// Observe registers what the consumer and the publisher count themselves. Both functions are called on
// each scrape and must be safe for concurrent use; either may be nil. Call it once.
func (m *Metrics) Observe(group func() Group, produceErrors func() map[string]uint64) {
	if group == nil {
		group = func() Group { return Group{} }
	}
	if produceErrors == nil {
		produceErrors = func() map[string]uint64 { return nil }
	}
	m.registry.MustRegister(&groupCollector{read: group, produceErrors: produceErrors})
}

func (c *groupCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLagRecords, descLagSeconds, descRebalances, descCommitErrors, descAssigned, descInFlight, descProduceErrors} {
		ch <- d
	}
}

func (c *groupCollector) Collect(ch chan<- prometheus.Metric) {
	g := c.read()
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter(descRebalances, g.Rebalances)
	counter(descCommitErrors, g.CommitErrors)
	gauge(descAssigned, float64(len(g.Partitions)))
	gauge(descInFlight, float64(g.InFlight))
	for _, p := range g.Partitions {
		partition := strconv.Itoa(int(p.Partition))
		gauge(descLagRecords, float64(p.LagRecords), p.Topic, partition)
		gauge(descLagSeconds, p.LagSeconds, p.Topic, partition)
	}
	for code, n := range c.produceErrors() {
		counter(descProduceErrors, n, code)
	}
}
