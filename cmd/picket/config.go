package main

import (
	"log/slog"
	"time"
)

// Config is every setting of picket, after all layers are merged and checked. loadConfig makes one; it
// is not changed afterwards. settings.go is the table behind it: a field here without a row there is
// never set.
type Config struct {
	Delivery        string
	ShutdownTimeout time.Duration
	Kafka           KafkaConfig
	Input           InputConfig
	Alerts          AlertsConfig
	DeadLetters     DeadLettersConfig
	Rules           RulesConfig
	HTTP            HTTPConfig
	Log             LogConfig
}

// KafkaConfig says how the brokers are reached and how the group behaves.
type KafkaConfig struct {
	BootstrapServers  []string
	ClientID          string
	GroupID           string
	AutoOffsetReset   string
	SessionTimeout    time.Duration
	DrainTimeout      time.Duration
	RebalanceTimeout  time.Duration
	HeartbeatInterval time.Duration
	IsolationLevel    string
	FetchMinBytes     Size
	FetchMaxBytes     Size
	FetchMaxWait      time.Duration
	SecurityProtocol  string
	SASLMechanism     string
	SASLUsername      string
	SASLPassword      Secret
	TLS               TLSConfig
}

// TLSConfig holds the files of a TLS connection; they are read when the service starts.
type TLSConfig struct {
	CAFile             string
	CertFile           string
	KeyFile            string
	ServerName         string
	InsecureSkipVerify bool
}

// InputConfig says where the events come from.
type InputConfig struct{ Topics []string }

// AlertsConfig says where the alerts go and how they are written.
type AlertsConfig struct {
	Topic          string
	Key            string
	Compression    string
	MaxRecordBytes Size
}

// DeadLettersConfig says where records go that cannot be evaluated. An empty Topic means: count, log
// and skip them.
type DeadLettersConfig struct {
	Topic       string
	HeaderStyle string
}

// RulesConfig says which rules run, and on which events. No paths means the built-in set; loadRules reads
// the files.
type RulesConfig struct {
	Paths             []string
	Statuses          []string
	PlaceholdersFile  string
	LogSourcesFile    string
	Security4688      bool
	DefenderAntivirus bool
}

// HTTPConfig is the console's address. An empty Listen means no console.
type HTTPConfig struct{ Listen string }

// LogConfig says what is logged to stderr, and how.
type LogConfig struct {
	Level  string
	Format string
}

// usesSASL reports whether the security protocol authenticates by SASL.
func (k *KafkaConfig) usesSASL() bool {
	return k.SecurityProtocol == "SASL_PLAINTEXT" || k.SecurityProtocol == "SASL_SSL"
}

// usesTLS reports whether the security protocol encrypts the connection.
func (k *KafkaConfig) usesTLS() bool {
	return k.SecurityProtocol == "SSL" || k.SecurityProtocol == "SASL_SSL"
}

// redacted is what stands wherever a secret would be shown.
const redacted = "(redacted)"

// Secret is a string that no formatting, logging or encoding shows. Reveal gives its text.
type Secret string

// Reveal gives the secret's text, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text; an empty secret shows as empty, so that a missing one can be seen.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from the encoders of the standard library.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
