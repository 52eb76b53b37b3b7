package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/picketsigma/picket/rules"
)

// setting is one row of the table below: all that flags, environment, files, `config show` and
// docs/configuration.md know about it.
type setting struct {
	path    string
	def     string // default, in the text form that every layer is read in
	example string // for the example file; the default when empty
	enum    []string
	short   string // one-letter flag, or none
	secret  bool   // shown redacted, has no flag, has a `_file` twin
	twin    bool   // this row is the `_file` twin of the secret before it
	doc     string
	target  func(*Config) any // where it goes; nil for a twin
}

// section heads a group of settings in the example file and in the documentation.
type section struct{ path, doc string }

var sections = []section{
	{"", "What the service promises, and how it ends."},
	{"kafka", "The brokers, in Kafka's own names written in snake case."},
	{"kafka.tls", "Used when `kafka.security_protocol` is SSL or SASL_SSL."},
	{"input", "Where the events come from."},
	{"alerts", "Where the alerts go."},
	{"dead_letters", "Records that cannot be evaluated: not JSON, of no known shape, or fatal to the engine."},
	{"rules", "Which Sigma rules run, and on which events."},
	{"http", "Health and metrics: `/livez`, `/readyz`, `/metrics`."},
	{"log", "The log, on stderr."},
}

// settings is the table. Order is the order of the documentation.
var settings = withTwins([]setting{
	{path: "delivery", def: "at_least_once", enum: []string{"at_least_once", "exactly_once"},
		doc:    "`at_least_once`: offsets move only past events whose alerts are acknowledged; a crash can repeat an alert, with the same id. `exactly_once` is refused by this version.",
		target: func(c *Config) any { return &c.Delivery }},
	{path: "shutdown_timeout", def: "30s",
		doc:    "How long a stop may take to finish what is in flight, commit and leave the group. What is not finished then is left uncommitted for the next member.",
		target: func(c *Config) any { return &c.ShutdownTimeout }},

	{path: "kafka.bootstrap_servers", def: "localhost:9092",
		doc:    "Brokers to connect to first, `host:port`. The others are learned from them.",
		target: func(c *Config) any { return &c.Kafka.BootstrapServers }},
	{path: "kafka.client_id", def: "picket",
		doc:    "Name under which the brokers log and throttle this process.",
		target: func(c *Config) any { return &c.Kafka.ClientID }},
	{path: "kafka.group_id", def: "picket",
		doc:    "The consumer group. Members with the same group share the partitions.",
		target: func(c *Config) any { return &c.Kafka.GroupID }},
	{path: "kafka.auto_offset_reset", def: "earliest", enum: []string{"earliest", "latest"},
		doc:    "Where a partition starts that the group has no offset for. `latest` skips what arrived before, also on a partition added later.",
		target: func(c *Config) any { return &c.Kafka.AutoOffsetReset }},
	{path: "kafka.session_timeout", def: "45s",
		doc:    "How long the group waits for a silent member before its partitions are given to others. The brokers' `group.min.session.timeout.ms` and `group.max.session.timeout.ms` bound it.",
		target: func(c *Config) any { return &c.Kafka.SessionTimeout }},
	{path: "kafka.drain_timeout", def: "15s",
		doc:    "How long a revoked partition may take to finish its batch. What is not finished then is left uncommitted for the next owner. Must fit into `kafka.session_timeout`: heartbeats stop when a rebalance begins.",
		target: func(c *Config) any { return &c.Kafka.DrainTimeout }},
	{path: "kafka.rebalance_timeout", def: "60s",
		doc:    "How long the group waits for its members to join again when it rebalances.",
		target: func(c *Config) any { return &c.Kafka.RebalanceTimeout }},
	{path: "kafka.heartbeat_interval", def: "1s",
		doc:    "How often a member reports to the group. At most a third of `kafka.session_timeout`.",
		target: func(c *Config) any { return &c.Kafka.HeartbeatInterval }},
	{path: "kafka.isolation_level", def: "read_committed", enum: []string{"read_committed", "read_uncommitted"},
		doc:    "`read_committed` leaves out events of aborted transactions: their producer sends them again.",
		target: func(c *Config) any { return &c.Kafka.IsolationLevel }},
	{path: "kafka.fetch_min_bytes", def: "1B",
		doc:    "The broker answers a fetch when it has this much, or after `kafka.fetch_max_wait`.",
		target: func(c *Config) any { return &c.Kafka.FetchMinBytes }},
	{path: "kafka.fetch_max_bytes", def: "1MiB",
		doc:    "Most bytes of one fetch of one partition. A single larger record is still delivered.",
		target: func(c *Config) any { return &c.Kafka.FetchMaxBytes }},
	{path: "kafka.fetch_max_wait", def: "500ms",
		doc:    "How long the broker may hold a fetch that has fewer than `kafka.fetch_min_bytes`.",
		target: func(c *Config) any { return &c.Kafka.FetchMaxWait }},
	{path: "kafka.security_protocol", def: "PLAINTEXT", enum: []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"},
		doc:    "Whether connections are encrypted (SSL) and authenticated (SASL).",
		target: func(c *Config) any { return &c.Kafka.SecurityProtocol }},
	{path: "kafka.sasl_mechanism", def: "", example: "SCRAM-SHA-512", enum: []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"},
		doc:    "Needed with SASL_PLAINTEXT and SASL_SSL.",
		target: func(c *Config) any { return &c.Kafka.SASLMechanism }},
	{path: "kafka.sasl_username", def: "", example: "picket",
		doc:    "Needed with SASL_PLAINTEXT and SASL_SSL.",
		target: func(c *Config) any { return &c.Kafka.SASLUsername }},
	{path: "kafka.sasl_password", def: "", secret: true, example: "${KAFKA_PASSWORD}",
		doc:    "The password of `kafka.sasl_username`.",
		target: func(c *Config) any { return &c.Kafka.SASLPassword }},

	{path: "kafka.tls.ca_file", def: "", example: "/etc/picket/ca.pem",
		doc:    "PEM file with the authorities that may sign the brokers' certificates. Empty: those of the system.",
		target: func(c *Config) any { return &c.Kafka.TLS.CAFile }},
	{path: "kafka.tls.cert_file", def: "", example: "/etc/picket/client.pem",
		doc:    "PEM file with the client certificate, for brokers that ask for one. Needs `kafka.tls.key_file`.",
		target: func(c *Config) any { return &c.Kafka.TLS.CertFile }},
	{path: "kafka.tls.key_file", def: "", example: "/etc/picket/client.key",
		doc:    "PEM file with the key of the client certificate.",
		target: func(c *Config) any { return &c.Kafka.TLS.KeyFile }},
	{path: "kafka.tls.server_name", def: "",
		doc:    "Name to expect in the brokers' certificates, when it is not the host name that is dialed.",
		target: func(c *Config) any { return &c.Kafka.TLS.ServerName }},
	{path: "kafka.tls.insecure_skip_verify", def: "false",
		doc:    "Accept any certificate. The connection is then open to anyone in between: for tests only.",
		target: func(c *Config) any { return &c.Kafka.TLS.InsecureSkipVerify }},

	{path: "input.topics", def: "sysmon",
		doc:    "Topics with events, one JSON event per record.",
		target: func(c *Config) any { return &c.Input.Topics }},

	{path: "alerts.topic", def: "alerts",
		doc:    "The topic of the alerts. It must exist.",
		target: func(c *Config) any { return &c.Alerts.Topic }},
	{path: "alerts.key", def: "host", enum: []string{"host", "rule", "source"},
		doc:    "The key of an alert record: the host of the event, the id of the rule, or the key of the event's own record.",
		target: func(c *Config) any { return &c.Alerts.Key }},
	{path: "alerts.compression", def: "lz4", enum: []string{"none", "lz4", "zstd"},
		doc:    "Codec of the record batches. `zstd` is smaller, `lz4` costs less CPU.",
		target: func(c *Config) any { return &c.Alerts.Compression }},
	{path: "alerts.max_record_bytes", def: "1MB",
		doc:    "The largest record the topic takes; keep it below the topic's `max.message.bytes`. A larger alert is sent without its event and says so.",
		target: func(c *Config) any { return &c.Alerts.MaxRecordBytes }},

	{path: "dead_letters.topic", def: "", example: "sysmon-dead-letters",
		doc:    "The topic for records that cannot be evaluated, byte for byte. Empty: they are counted, logged at a limited rate, and skipped.",
		target: func(c *Config) any { return &c.DeadLetters.Topic }},
	{path: "dead_letters.header_style", def: "picket", enum: []string{"picket", "connect"},
		doc:    "Names of the error headers: `picket.error.*`, or Kafka Connect's `__connect.errors.*`.",
		target: func(c *Config) any { return &c.DeadLetters.HeaderStyle }},

	{path: "rules.paths", short: "r", def: "", example: "/etc/picket/rules",
		doc:    "Sigma files, and folders searched for `.yml` and `.yaml`. Empty: the rules that ship inside the binary.",
		target: func(c *Config) any { return &c.Rules.Paths }},
	{path: "rules.statuses", def: "", example: "stable, test", enum: rules.Statuses(),
		doc:    "Load only rules of these statuses. Empty: all but `unsupported`. A rule without a status loads whatever is chosen.",
		target: func(c *Config) any { return &c.Rules.Statuses }},
	{path: "rules.placeholders_file", def: "", example: "/etc/picket/placeholders.yml",
		doc:    "YAML file with the values of the placeholders that the modifier `expand` names: `admins: [alice, 'svc-*']`. A rule that names another one is refused.",
		target: func(c *Config) any { return &c.Rules.PlaceholdersFile }},
	{path: "rules.logsources_file", def: "", example: "/etc/picket/logsources.yml",
		doc:    "YAML file that binds log sources to events that the Sigma taxonomy does not know, see docs/logsources.md. It adds to what the taxonomy binds.",
		target: func(c *Config) any { return &c.Rules.LogSourcesFile }},
	{path: "rules.security_4688", def: "false",
		doc:    "Try rules of `process_creation` on event 4688 of the Security log as well. A host that has both it and Sysmon alerts twice.",
		target: func(c *Config) any { return &c.Rules.Security4688 }},
	{path: "rules.defender_antivirus", def: "false",
		doc:    "Try rules of the category `antivirus` on the detections of Windows Defender.",
		target: func(c *Config) any { return &c.Rules.DefenderAntivirus }},

	{path: "http.listen", def: "127.0.0.1:9600",
		doc:    "Address of the console, `host:port`. In a container set `:9600`. Empty: no console.",
		target: func(c *Config) any { return &c.HTTP.Listen }},

	{path: "log.level", def: "info", enum: []string{"debug", "info", "warn", "error"},
		doc:    "The least level that is logged.",
		target: func(c *Config) any { return &c.Log.Level }},
	{path: "log.format", def: "text", enum: []string{"text", "json"},
		doc:    "`text` for people, `json` for collectors.",
		target: func(c *Config) any { return &c.Log.Format }},
})

// withTwins adds the `_file` twin behind each secret.
func withTwins(rows []setting) []setting {
	var out []setting
	for _, s := range rows {
		out = append(out, s)
		if s.secret {
			out = append(out, setting{path: s.path + twinSuffix, twin: true, example: "/run/secrets/" + s.leaf(),
				doc: "File that holds `" + s.path + "`; a line end at its end is not part of it."})
		}
	}
	return out
}

const twinSuffix = "_file"

// lookupSetting finds a row by its path.
func lookupSetting(path string) (*setting, bool) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.path == path })
	if i < 0 {
		return nil, false
	}
	return &settings[i], true
}

// section is the path without its last name.
func (s *setting) section() string {
	if i := strings.LastIndexByte(s.path, '.'); i >= 0 {
		return s.path[:i]
	}
	return ""
}

// leaf is the last name of the path.
func (s *setting) leaf() string { return s.path[strings.LastIndexByte(s.path, '.')+1:] }

// env is the setting's environment variable.
func (s *setting) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "__"))
}

// flag is the setting's command-line flag; a secret has none, because the command line is visible to
// every user of the machine.
func (s *setting) flag() string {
	if s.secret {
		return ""
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(s.path)
}

// typeName is what documentation and usage texts call the setting's type.
func (s *setting) typeName() string {
	if s.twin {
		return "path"
	}
	target := s.target(new(Config))
	if _, list := target.(*[]string); list {
		return "list"
	}
	if len(s.enum) > 0 {
		return "choice"
	}
	switch target.(type) {
	case *time.Duration:
		return "duration"
	case *Size:
		return "size"
	case *bool:
		return "bool"
	case *Secret:
		return "secret"
	}
	return "string"
}

// isList reports whether the setting takes several values.
func (s *setting) isList() bool { return s.typeName() == "list" }

// splitList reads the one-line form of a list. Empty text is the empty list.
func splitList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// assign parses values, the text of one layer, into c. A setting that is not a list takes exactly one.
func (s *setting) assign(c *Config, values []string) error {
	if s.twin {
		return nil // resolved to the secret's own row before assign
	}
	text := strings.Join(values, ",")
	for _, v := range values {
		if off := v == s.def && !s.isList(); len(s.enum) > 0 && !off && !slices.Contains(s.enum, v) {
			return s.enumError(v)
		}
	}
	var err error
	switch p := s.target(c).(type) {
	case *[]string:
		*p = values
	case *string:
		*p = text
	case *Secret:
		*p = Secret(text)
	case *time.Duration:
		*p, err = parseDuration(text)
	case *Size:
		*p, err = parseSize(text)
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
	default:
		panic("BUG: setting " + s.path + " has a target of an unknown type")
	}
	return err
}

// enumError says which values there are, and which one was probably meant.
func (s *setting) enumError(text string) error {
	for _, e := range s.enum {
		if strings.EqualFold(e, text) {
			return fmt.Errorf("%q is not one of %s; did you mean %s?", text, strings.Join(s.enum, ", "), e)
		}
	}
	if near := nearest(text, s.enum); near != "" {
		return fmt.Errorf("%q is not one of %s; did you mean %s?", text, strings.Join(s.enum, ", "), near)
	}
	return fmt.Errorf("%q is not one of %s", text, strings.Join(s.enum, ", "))
}

// show writes the setting's value in c as one line, secrets redacted.
func (s *setting) show(c *Config) string {
	switch p := s.target(c).(type) {
	case *[]string:
		return strings.Join(*p, ",")
	case *string:
		return *p
	case *Secret:
		return p.String()
	case *time.Duration:
		return shortDuration(*p)
	case *Size:
		return p.String()
	case *bool:
		return strconv.FormatBool(*p)
	}
	panic("BUG: setting " + s.path + " has a target of an unknown type")
}

// shortDuration writes 1m instead of 1m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
