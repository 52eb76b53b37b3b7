package main

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// check looks at settings that are sound alone but not together. Each finding names the setting and
// where its value came from.
func (l *loader) check(c *loadedConfig) {
	bad := func(path, format string, args ...any) {
		l.fail(c.origins[path], 0, "%s", path+": "+fmt.Sprintf(format, args...))
	}
	if c.Delivery == "exactly_once" {
		bad("delivery", "exactly_once is not supported by this version of picket; use at_least_once")
	}
	if c.ShutdownTimeout <= 0 {
		bad("shutdown_timeout", "must be above zero")
	}
	checkKafka(&c.Kafka, bad)
	checkTopics(&c.Config, bad)
	if c.Alerts.MaxRecordBytes < 32<<10 || c.Alerts.MaxRecordBytes > 1<<30 {
		bad("alerts.max_record_bytes", "%s is outside 32KiB to 1GiB", c.Alerts.MaxRecordBytes)
	}
	if addr := c.HTTP.Listen; addr != "" {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			bad("http.listen", "%q is not host:port; write one as :9600 or 127.0.0.1:9600", addr)
		}
	}
}

func checkKafka(k *KafkaConfig, bad func(path, format string, args ...any)) {
	if len(k.BootstrapServers) == 0 {
		bad("kafka.bootstrap_servers", "names no broker; write one as host:9092")
	}
	for _, addr := range k.BootstrapServers {
		if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
			bad("kafka.bootstrap_servers", "%q is not host:port; did you mean %s:9092?", addr, addr)
		}
	}
	if k.GroupID == "" {
		bad("kafka.group_id", "is empty; members that share the work need the same name")
	}
	if k.HeartbeatInterval <= 0 || k.HeartbeatInterval > k.SessionTimeout/3 {
		bad("kafka.heartbeat_interval", "%s is not between zero and a third of kafka.session_timeout (%s)",
			shortDuration(k.HeartbeatInterval), shortDuration(k.SessionTimeout))
	}
	if k.DrainTimeout <= 0 || k.DrainTimeout >= k.SessionTimeout {
		bad("kafka.drain_timeout", "%s is not between zero and kafka.session_timeout (%s)", shortDuration(k.DrainTimeout), shortDuration(k.SessionTimeout))
	}
	if k.DrainTimeout > 0 && k.DrainTimeout < k.SessionTimeout && k.DrainTimeout+k.HeartbeatInterval > k.SessionTimeout*9/10 {
		bad("kafka.drain_timeout", "%s and kafka.heartbeat_interval (%s) leave less than a tenth of kafka.session_timeout (%s)",
			shortDuration(k.DrainTimeout), shortDuration(k.HeartbeatInterval), shortDuration(k.SessionTimeout))
	}
	if k.RebalanceTimeout < time.Second {
		bad("kafka.rebalance_timeout", "must be at least 1s")
	} else if k.DrainTimeout >= k.RebalanceTimeout {
		bad("kafka.drain_timeout", "%s does not fit into kafka.rebalance_timeout (%s)", shortDuration(k.DrainTimeout), shortDuration(k.RebalanceTimeout))
	}
	if k.FetchMaxBytes < 1 || k.FetchMaxBytes > 1<<30 {
		bad("kafka.fetch_max_bytes", "%s is outside 1B to 1GiB", k.FetchMaxBytes)
	}
	if k.FetchMinBytes > k.FetchMaxBytes {
		bad("kafka.fetch_min_bytes", "%s is more than kafka.fetch_max_bytes (%s)", k.FetchMinBytes, k.FetchMaxBytes)
	}
	checkSecurity(k, bad)
}

func checkSecurity(k *KafkaConfig, bad func(path, format string, args ...any)) {
	if k.usesSASL() {
		if k.SASLMechanism == "" {
			bad("kafka.sasl_mechanism", "is needed with kafka.security_protocol %s: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", k.SecurityProtocol)
		}
		if k.SASLUsername == "" {
			bad("kafka.sasl_username", "is needed with kafka.security_protocol %s", k.SecurityProtocol)
		}
		if k.SASLPassword == "" {
			bad("kafka.sasl_password", "is needed with kafka.security_protocol %s; set it or kafka.sasl_password_file", k.SecurityProtocol)
		}
	} else if k.SASLMechanism != "" || k.SASLUsername != "" || k.SASLPassword != "" {
		bad("kafka.security_protocol", "%s does not authenticate, but kafka.sasl_* is set; did you mean SASL_SSL or SASL_PLAINTEXT?", k.SecurityProtocol)
	}
	t := &k.TLS
	if !k.usesTLS() && *t != (TLSConfig{}) {
		bad("kafka.security_protocol", "%s does not encrypt, but kafka.tls.* is set; did you mean SSL or SASL_SSL?", k.SecurityProtocol)
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		bad("kafka.tls.cert_file", "and kafka.tls.key_file belong together; set both or neither")
	}
}

// checkTopics refuses names that Kafka refuses, and loops: an alert must never be read as an event.
func checkTopics(c *Config, bad func(path, format string, args ...any)) {
	if len(c.Input.Topics) == 0 {
		bad("input.topics", "names no topic")
	}
	for _, topic := range c.Input.Topics {
		if problem := topicProblem(topic); problem != "" {
			bad("input.topics", "%s", problem)
		}
	}
	if problem := topicProblem(c.Alerts.Topic); problem != "" {
		bad("alerts.topic", "%s", problem)
	} else if slices.Contains(c.Input.Topics, c.Alerts.Topic) {
		bad("alerts.topic", "%q is also in input.topics: picket would read its own alerts", c.Alerts.Topic)
	}
	if topic := c.DeadLetters.Topic; topic != "" {
		if problem := topicProblem(topic); problem != "" {
			bad("dead_letters.topic", "%s", problem)
		} else if slices.Contains(c.Input.Topics, topic) {
			bad("dead_letters.topic", "%q is also in input.topics: picket would read its own dead letters for ever", topic)
		}
	}
}

// topicProblem says what Kafka would not take about a topic's name
// (org.apache.kafka.common.internals.Topic), or nothing.
func topicProblem(name string) string {
	const legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	switch {
	case name == "":
		return "is empty"
	case name == "." || name == ".." || len(name) > 249 || strings.Trim(name, legal) != "":
		return fmt.Sprintf("%q is not a topic name; Kafka takes up to 249 letters, digits, '.', '_' and '-'", name)
	}
	for _, r := range name {
		if !strings.ContainsRune(legal, r) {
			return fmt.Sprintf("%q is not a topic name; Kafka takes up to 249 letters, digits, '.', '_' and '-'", name)
		}
	}
	return ""
}
