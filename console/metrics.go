package console

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const namespace = "picket"

// maxRules bounds the rule_id label: rules come and go with reloads, series stay. Alerts of rules
// beyond it are counted under rule_id "other". Two sets of SigmaHQ's 4,000 rules fit.
const maxRules = 10_000

// Metrics is the registry and everything in it. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	records      *prometheus.CounterVec
	bytes        *prometheus.CounterVec
	events       *prometheus.CounterVec
	unroutable   *prometheus.CounterVec
	repaired     prometheus.Counter
	panics       prometheus.Counter
	truncated    prometheus.Counter
	matchSeconds prometheus.Histogram
	alertSeconds prometheus.Histogram
	alerts       *prometheus.CounterVec
	candidates   prometheus.Counter
	deadLetters  *prometheus.CounterVec
	skipped      *prometheus.CounterVec
	rules        *prometheus.GaugeVec
	ruleset      *prometheus.GaugeVec
	reloads      *prometheus.CounterVec

	mu         sync.Mutex
	knownRules map[string]bool // bounded by maxRules
}

// NewMetrics makes a registry of its own: nothing of it is global.
func NewMetrics(version, goVersion string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), knownRules: map[string]bool{}}
	m.records = m.counterVec("records_consumed_total", "Records handled: their alerts are acknowledged.", "topic", "partition")
	m.bytes = m.counterVec("record_bytes_total", "Bytes of the values of handled records.", "topic")
	m.events = m.counterVec("events_total", "Events evaluated, by the shape they arrived in.", "shape")
	m.unroutable = m.counterVec("events_unroutable_total", "Records that gave no event to evaluate, by reason.", "reason")
	m.repaired = m.counter("events_repaired_total", "Events that held invalid UTF-8 and were evaluated all the same.")
	m.panics = m.counter("panics_total", "Records whose evaluation panicked. Each is a bug of picket.")
	m.truncated = m.counter("alerts_truncated_total", "Alerts sent without their event, which would not have fitted.")
	m.alerts = m.counterVec("alerts_total", "Alerts acknowledged by the brokers.", "rule_id", "level")
	m.candidates = m.counter("rule_candidates_total", "Rules whose conditions were evaluated on an event.")
	m.deadLetters = m.counterVec("dead_letters_total", "Records sent to the dead-letter topic, by the stage that failed.", "stage")
	m.skipped = m.counterVec("records_skipped_total", "Records that could not be evaluated and were skipped, as no dead-letter topic is configured.", "stage")
	m.reloads = m.counterVec("rules_reloads_total", "Loads of the rule set, the first one included, by result.", "result")
	m.matchSeconds = m.histogram("match_duration_seconds", "Time to decode, match and encode one batch.",
		prometheus.ExponentialBuckets(100e-6, 2.5, 12))
	m.alertSeconds = m.histogram("event_to_alert_seconds", "Age of an event when its alert was acknowledged.",
		[]float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86400})
	m.rules = m.gaugeVec("rules", "Rules of the running set, by state.", "state")
	m.ruleset = m.gaugeVec("ruleset_info", "The running rule set; members of a group should show the same hash.", "hash")
	build := m.gaugeVec("build_info", "The running binary.", "version", "goversion")
	build.WithLabelValues(version, goVersion).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

// Add merges one batch. Call it when the batch is acknowledged, so that a batch that is retried counts
// once.
func (m *Metrics) Add(t *Tally) {
	m.records.WithLabelValues(t.Topic, strconv.Itoa(int(t.Partition))).Add(float64(t.Records))
	m.bytes.WithLabelValues(t.Topic).Add(float64(t.Bytes))
	m.repaired.Add(float64(t.Repaired))
	m.panics.Add(float64(t.Panics))
	m.truncated.Add(float64(t.Truncated))
	m.candidates.Add(float64(t.Candidates))
	if t.Records > 0 {
		m.matchSeconds.Observe(t.Match.Seconds())
	}
	addCounts(m.events, t.shapes)
	addCounts(m.unroutable, t.unroutable)
	addCounts(m.deadLetters, t.deadLetters)
	addCounts(m.skipped, t.skipped)
	for _, a := range t.alerts {
		m.alerts.WithLabelValues(m.ruleLabel(a.rule), a.level).Add(float64(a.n))
	}
	for _, s := range t.latencies {
		m.alertSeconds.Observe(s)
	}
}

func addCounts(vec *prometheus.CounterVec, counts counts) {
	for _, c := range counts {
		vec.WithLabelValues(c.word).Add(float64(c.n))
	}
}

// ruleLabel gives a rule its own series until there are too many.
func (m *Metrics) ruleLabel(rule string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.knownRules[rule] {
		if len(m.knownRules) >= maxRules {
			return "other"
		}
		m.knownRules[rule] = true
	}
	return rule
}

// Ruleset describes a rule set for the metrics.
type Ruleset struct {
	Hash     string
	Active   int // evaluated
	Rejected int // refused by the loader or the compiler
	Unmapped int // sound, but of a log source that no event can meet
}

// SetRuleset replaces what is said about the running rule set and counts a load that went well.
func (m *Metrics) SetRuleset(r Ruleset) {
	m.ruleset.Reset()
	m.ruleset.WithLabelValues(r.Hash).Set(1)
	m.rules.WithLabelValues("active").Set(float64(r.Active))
	m.rules.WithLabelValues("rejected").Set(float64(r.Rejected))
	m.rules.WithLabelValues("unmapped").Set(float64(r.Unmapped))
	m.reloads.WithLabelValues("success").Inc()
}

// ReloadFailed counts a rule set that was refused; the running one stays.
func (m *Metrics) ReloadFailed() { m.reloads.WithLabelValues("failure").Inc() }
