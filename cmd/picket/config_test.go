package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date (-file +now); -update rewrites it:\n%s", file, diff)
	}
}

func TestConfigurationPage(t *testing.T) {
	golden(t, filepath.Join("testdata", "picket.yml"), exampleConfig())
	golden(t, filepath.Join("..", "..", "docs", "configuration.md"), configurationPage())
}

// TestExampleIsDefaults: the example file, which people copy, must mean the defaults.
func TestExampleIsDefaults(t *testing.T) {
	got, err := loadConfig(configSources{files: []string{filepath.Join("testdata", "picket.yml")}})
	if err != nil {
		t.Fatal(err)
	}
	want, err := loadConfig(configSources{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Config, got.Config); diff != "" {
		t.Errorf("the example differs from the defaults:\n%s", diff)
	}
	if got.origins["kafka.group_id"] == "default" {
		t.Error("the example did not set kafka.group_id: it is not complete")
	}
}

// TestSettingsTable: each field of Config has a row, no row is without a field, and names are unique.
func TestSettingsTable(t *testing.T) {
	seen := map[string]string{}
	for i := range settings {
		s := &settings[i]
		for _, name := range []string{s.env(), s.flag()} {
			if other, dup := seen[name]; dup && name != "" {
				t.Errorf("%s and %s share the name %s", s.path, other, name)
			}
			seen[name] = s.path
		}
		if s.doc == "" || !strings.HasSuffix(s.doc, ".") {
			t.Errorf("%s: its documentation is not a sentence: %q", s.path, s.doc)
		}
	}
	targets := map[any]bool{}
	var c Config
	for i := range settings {
		if s := &settings[i]; !s.twin {
			targets[s.target(&c)] = true
		}
	}
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if v.Kind() != reflect.Struct {
			if !targets[v.Addr().Interface()] {
				t.Errorf("Config%s has no row in the settings table", path)
			}
			return
		}
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	}
	walk(reflect.ValueOf(&c).Elem(), "")
}

// files makes a readFile over a map.
func files(content map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := content[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// TestPrecedence tries every pair of sources, for a plain setting, a list and a secret with its twin.
func TestPrecedence(t *testing.T) {
	type source struct {
		name string
		add  func(s *configSources, text map[string]string, value string)
	}
	addFile := func(name, yaml string) func(*configSources, map[string]string, string) {
		return func(s *configSources, text map[string]string, value string) {
			s.files = append(s.files, name)
			text[name] = fmt.Sprintf(yaml, value)
		}
	}
	addEnv := func(name string) func(*configSources, map[string]string, string) {
		return func(s *configSources, _ map[string]string, value string) { s.env = append(s.env, name+"="+value) }
	}
	addFlag := func(path string) func(*configSources, map[string]string, string) {
		return func(s *configSources, _ map[string]string, value string) {
			s.flags = map[string][]string{path: {value}}
		}
	}
	sasl := "kafka: {security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u}"
	for _, kind := range []struct {
		name    string
		sources []source // weakest first
		read    func(c *Config) string
	}{
		{"plain", []source{
			{"first file", addFile("a.yml", "kafka: {group_id: %q}")},
			{"second file", addFile("b.yml", "kafka: {group_id: %q}")},
			{"environment", addEnv("PICKET_KAFKA__GROUP_ID")},
			{"flag", addFlag("kafka.group_id")},
		}, func(c *Config) string { return c.Kafka.GroupID }},
		{"list", []source{
			{"first file", addFile("a.yml", "input: {topics: [%q]}")},
			{"second file", addFile("b.yml", "input: {topics: %q}")},
			{"environment", addEnv("PICKET_INPUT__TOPICS")},
			{"flag", addFlag("input.topics")},
		}, func(c *Config) string { return strings.Join(c.Input.Topics, ",") }},
		{"secret", []source{
			{"first file", addFile("a.yml", "kafka: {sasl_password: %q}")},
			{"second file by twin", func(s *configSources, text map[string]string, value string) {
				s.files = append(s.files, "b.yml")
				text["b.yml"], text["/secret/b"] = "kafka: {sasl_password_file: /secret/b}", value+"\n"
			}},
			{"environment", addEnv("PICKET_KAFKA__SASL_PASSWORD")},
			{"flag by twin", func(s *configSources, text map[string]string, value string) {
				s.flags = map[string][]string{"kafka.sasl_password_file": {"/secret/flag"}}
				text["/secret/flag"] = value
			}},
		}, func(c *Config) string { return c.Kafka.SASLPassword.Reveal() }},
	} {
		for weak := range kind.sources {
			for strong := weak + 1; strong < len(kind.sources); strong++ {
				t.Run(fmt.Sprintf("%s/%s over %s", kind.name, kind.sources[strong].name, kind.sources[weak].name), func(t *testing.T) {
					text := map[string]string{"sasl.yml": sasl}
					var src configSources
					if kind.name == "secret" {
						src.files = []string{"sasl.yml"}
					}
					src.readFile = files(text)
					kind.sources[weak].add(&src, text, "weak")
					kind.sources[strong].add(&src, text, "strong")
					got, err := loadConfig(src)
					if err != nil {
						t.Fatal(err)
					}
					if v := kind.read(&got.Config); v != "strong" {
						t.Errorf("got %q, want the value of the %s", v, kind.sources[strong].name)
					}
				})
			}
		}
	}
}

// TestMergePerLeaf: a file that sets one setting leaves its neighbors as an earlier file set them.
func TestMergePerLeaf(t *testing.T) {
	got, err := loadConfig(configSources{
		files: []string{"base.yml", "site.yml"},
		readFile: files(map[string]string{
			"base.yml": "kafka:\n  group_id: base\n  client_id: base\n  tls:\n",
			"site.yml": "kafka:\n  client_id: site\n  group_id:\n# nothing else\n",
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Kafka.GroupID != "base" || got.Kafka.ClientID != "site" {
		t.Errorf("group %q, client %q; want base and site", got.Kafka.GroupID, got.Kafka.ClientID)
	}
	if o := got.origins["kafka.client_id"]; o != "site.yml:2:14" {
		t.Errorf("origin of kafka.client_id is %q", o)
	}
	if o := got.origins["kafka.group_id"]; o != "base.yml:2:13" {
		t.Errorf("origin of kafka.group_id is %q", o)
	}
	if o := got.origins["log.level"]; o != "default" {
		t.Errorf("origin of log.level is %q", o)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		env        []string
		want       []string // the findings, in order
	}{
		{"unknown key", "kafka:\n  group: x\n", nil, []string{`p.yml:2:3: unknown key "kafka.group"; did you mean kafka.group_id?`}},
		{"Kafka's dots", "kafka:\n  bootstrap.servers: x\n", nil, []string{`p.yml:2:3: unknown key "kafka.bootstrap.servers"; did you mean kafka.bootstrap_servers?`}},
		{"capitals", "kafka:\n  groupId: x\n", nil, []string{`p.yml:2:3: unknown key "kafka.groupId"; did you mean kafka.group_id?`}},
		{"wrong place", "group_id: x\n", nil, []string{`p.yml:1:1: unknown key "group_id"; did you mean kafka.group_id?`}},
		{"typing error in a section", "kafak:\n  group_id: x\n", nil, []string{`p.yml:1:1: unknown key "kafak"; did you mean kafka?`}},
		{"nothing near", "zzz: 1\n", nil, []string{`p.yml:1:1: unknown key "zzz"`}},
		{"no unit", "shutdown_timeout: 30\n", nil, []string{`p.yml:1:19: shutdown_timeout: duration "30" has no unit; did you mean 30ms or 30s?`}},
		{"not a duration", "shutdown_timeout: soon\n", nil, []string{`p.yml:1:19: shutdown_timeout: "soon" is not a duration; write one as 500ms, 30s or 5m`}},
		{"size without unit", "kafka: {fetch_max_bytes: 1000000}\n", nil, []string{`p.yml:1:26: kafka.fetch_max_bytes: size "1000000" has no unit; did you mean 1000000B?`}},
		{"size with short unit", "kafka: {fetch_max_bytes: 1M}\n", nil, []string{`p.yml:1:26: kafka.fetch_max_bytes: size "1M" has the unknown unit "M"; use B, kB, KiB, MB, MiB, GB or GiB`}},
		{"size too large", "kafka: {fetch_max_bytes: 9999999999GiB}\n", nil, []string{`p.yml:1:26: kafka.fetch_max_bytes: size "9999999999GiB" is too large`}},
		{"choice", "log: {level: warning}\n", nil, []string{`p.yml:1:14: log.level: "warning" is not one of debug, info, warn, error; did you mean warn?`}},
		{"choice in capitals", "log: {level: WARN}\n", nil, []string{`p.yml:1:14: log.level: "WARN" is not one of debug, info, warn, error; did you mean warn?`}},
		{"choice in a list", "rules: {statuses: [stable, tset]}\n", nil, []string{`p.yml:1:19: rules.statuses: "tset" is not one of stable, test, experimental, deprecated, unsupported; did you mean test?`}},
		{"nothing in a list of choices", "rules: {statuses: ['']}\n", nil, []string{`p.yml:1:19: rules.statuses: "" is not one of stable, test, experimental, deprecated, unsupported`}},
		{"bool", "kafka: {tls: {insecure_skip_verify: maybe}}\n", nil, []string{`p.yml:1:37: kafka.tls.insecure_skip_verify: "maybe" is neither true nor false`}},
		{"map for a value", "log:\n  level: {a: b}\n", nil, []string{`p.yml:2:10: log.level must be a choice, not a map`}},
		{"list for a value", "log:\n  level: [info]\n", nil, []string{`p.yml:2:10: log.level must be a choice, not a list`}},
		{"map in a list", "input:\n  topics: [{a: b}]\n", nil, []string{`p.yml:2:12: input.topics: an item of the list is not plain text`}},
		{"value for a map", "kafka: localhost\n", nil, []string{"p.yml:1:8: kafka must hold settings as `name: value`"}},
		{"twice", "log:\n  level: info\n  level: warn\n", nil, []string{`p.yml:3:3: "level" is already set above`}},
		{"second document", "log: {level: info}\n---\nlog: {level: warn}\n", nil, []string{`p.yml:2:1: a second document; a configuration file has one`}},
		{"alias", "kafka: {group_id: &a x, client_id: *a}\n", nil, []string{`p.yml:1:36: kafka.client_id must be a string, not an anchor or alias`}},
		{"not YAML", "log:\n\tlevel: info\n", nil, []string{`p.yml:2: not YAML: found character that cannot start any token`}},
		{"all at once", "kafka:\n  grp: 1\nlog:\n  level: loud\nshutdown_timeout: 1\n", []string{"PICKET_LOG__FORMAT=xml"}, []string{
			`p.yml:2:3: unknown key "kafka.grp"`,
			`p.yml:5:19: shutdown_timeout: duration "1" has no unit; did you mean 1ms or 1s?`,
			`p.yml:4:10: log.level: "loud" is not one of debug, info, warn, error`,
			`env PICKET_LOG__FORMAT: log.format: "xml" is not one of text, json`,
		}},
		{"hidden by a stronger layer", "log: {level: loud}\n", []string{"PICKET_LOG__LEVEL=info"}, []string{`p.yml:1:14: log.level: "loud" is not one of debug, info, warn, error`}},
		{"env with one underscore", "", []string{"PICKET_KAFKA_GROUP_ID=x"}, []string{`env PICKET_KAFKA_GROUP_ID: no such setting; did you mean PICKET_KAFKA__GROUP_ID?`}},
		{"env unknown", "", []string{"PICKET_KAFKA__GROUPID_ID=x"}, []string{`env PICKET_KAFKA__GROUPID_ID: no such setting; did you mean PICKET_KAFKA__GROUP_ID?`}},
		{"both twins", "kafka: {sasl_password: a, sasl_password_file: /s}\n", nil, []string{`p.yml:1:47: kafka.sasl_password and kafka.sasl_password_file are both set; keep one`}},
		{"twin missing", "kafka: {sasl_password_file: /nowhere}\n", nil, []string{`p.yml:1:29: kafka.sasl_password_file: open /nowhere: file does not exist`}},
		{"variable missing", "kafka: {group_id: '${NOPE}'}\n", nil, []string{`p.yml:1:19: ${NOPE}: the environment has no variable NOPE`}},
		{"file missing", "kafka: {group_id: '${file:/nowhere}'}\n", nil, []string{`p.yml:1:19: ${file:/nowhere}: open /nowhere: file does not exist`}},
		{"exactly once", "delivery: exactly_once\n", nil, []string{`p.yml:1:11: delivery: exactly_once is not supported by this version of picket; use at_least_once`}},
		{"SASL without its settings", "kafka: {security_protocol: SASL_SSL}\n", nil, []string{
			`default: kafka.sasl_mechanism: is needed with kafka.security_protocol SASL_SSL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512`,
			`default: kafka.sasl_username: is needed with kafka.security_protocol SASL_SSL`,
			`default: kafka.sasl_password: is needed with kafka.security_protocol SASL_SSL; set it or kafka.sasl_password_file`,
		}},
		{"SASL settings without SASL", "kafka: {sasl_username: u}\n", nil, []string{`default: kafka.security_protocol: PLAINTEXT does not authenticate, but kafka.sasl_* is set; did you mean SASL_SSL or SASL_PLAINTEXT?`}},
		{"TLS settings without TLS", "kafka: {tls: {ca_file: x}}\n", nil, []string{`default: kafka.security_protocol: PLAINTEXT does not encrypt, but kafka.tls.* is set; did you mean SSL or SASL_SSL?`}},
		{"certificate without key", "kafka: {security_protocol: SSL, tls: {cert_file: x}}\n", nil, []string{`p.yml:1:50: kafka.tls.cert_file: and kafka.tls.key_file belong together; set both or neither`}},
		{"own alerts", "input: {topics: [sysmon, alerts]}\n", nil, []string{`default: alerts.topic: "alerts" is also in input.topics: picket would read its own alerts`}},
		{"own dead letters", "dead_letters: {topic: sysmon}\n", nil, []string{`p.yml:1:23: dead_letters.topic: "sysmon" is also in input.topics: picket would read its own dead letters for ever`}},
		{"topic name", "alerts: {topic: 'a b'}\n", nil, []string{`p.yml:1:17: alerts.topic: "a b" is not a topic name; Kafka takes up to 249 letters, digits, '.', '_' and '-'`}},
		{"no topic", "input: {topics: []}\n", nil, []string{`p.yml:1:17: input.topics: names no topic`}},
		{"broker without port", "kafka: {bootstrap_servers: kafka}\n", nil, []string{`p.yml:1:28: kafka.bootstrap_servers: "kafka" is not host:port; did you mean kafka:9092?`}},
		{"listen", "http: {listen: '9600'}\n", nil, []string{`p.yml:1:16: http.listen: "9600" is not host:port; write one as :9600 or 127.0.0.1:9600`}},
		{"heartbeat", "kafka: {heartbeat_interval: 20s}\n", nil, []string{`p.yml:1:29: kafka.heartbeat_interval: 20s is not between zero and a third of kafka.session_timeout (45s)`}},
		{"drain", "kafka: {drain_timeout: 45s}\n", nil, []string{`p.yml:1:24: kafka.drain_timeout: 45s is not between zero and kafka.session_timeout (45s)`}},
		{"drain and heartbeat", "kafka: {session_timeout: 20s, drain_timeout: 17s, heartbeat_interval: 2s}\n", nil, []string{`p.yml:1:46: kafka.drain_timeout: 17s and kafka.heartbeat_interval (2s) leave less than a tenth of kafka.session_timeout (20s)`}},
		{"drain and rebalance", "kafka: {rebalance_timeout: 10s}\n", nil, []string{`default: kafka.drain_timeout: 15s does not fit into kafka.rebalance_timeout (10s)`}},
		{"record size", "alerts: {max_record_bytes: 10B}\n", nil, []string{`p.yml:1:28: alerts.max_record_bytes: 10B is outside 32KiB to 1GiB`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadConfig(configSources{
				files: []string{"p.yml"}, env: tt.env,
				readFile:  files(map[string]string{"p.yml": tt.yaml}),
				lookupEnv: lookup(nil),
			})
			var findings configErrors
			if !errors.As(err, &findings) {
				t.Fatalf("error is %v, want findings", err)
			}
			if diff := cmp.Diff(strings.Join(tt.want, "\n"), findings.Error()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEnvironmentOfKubernetes: what a service named picket adds to the environment is not a mistake.
func TestEnvironmentOfKubernetes(t *testing.T) {
	_, err := loadConfig(configSources{env: []string{
		"PICKET_SERVICE_HOST=10.0.0.1", "PICKET_SERVICE_PORT=9600", "PICKET_PORT=tcp://10.0.0.1:9600", "PICKET_PORT_9600_TCP_ADDR=10.0.0.1",
		"PICKETFENCE__X=1",
	}})
	if err != nil {
		t.Error(err)
	}
}

func TestExpansion(t *testing.T) {
	for _, tt := range []struct{ yaml, want string }{
		{"'${NAME}'", "ana"},
		{"'a-${NAME}-${NAME}'", "a-ana-ana"},
		{"'${file:/run/x}'", "from file"},
		{"'$${NAME}'", "${NAME}"},
		{"'$NAME'", "$NAME"},
		{"'${EMPTY}x'", "x"},
		{"'${TRICK}'", "a: [b"}, // not read as YAML
	} {
		got, err := loadConfig(configSources{
			files:     []string{"p.yml"},
			readFile:  files(map[string]string{"p.yml": "kafka: {client_id: " + tt.yaml + "}", "/run/x": "from file\r\n"}),
			lookupEnv: lookup(map[string]string{"NAME": "ana", "EMPTY": "", "TRICK": "a: [b"}),
		})
		if err != nil {
			t.Errorf("%s: %v", tt.yaml, err)
		} else if got.Kafka.ClientID != tt.want {
			t.Errorf("%s: %q, want %q", tt.yaml, got.Kafka.ClientID, tt.want)
		}
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]Size{"0B": 0, "12B": 12, "1kB": 1000, "1KB": 1000, "64KiB": 64 << 10, "1MB": 1e6, "1 MiB": 1 << 20, "2GiB": 2 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for want, n := range map[string]Size{"0B": 0, "1500B": 1500, "2kB": 2000, "1KiB": 1024, "3MiB": 3 << 20, "1GB": 1e9} {
		if got := n.String(); got != want {
			t.Errorf("Size(%d) prints %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{time.Minute: "1m", 90 * time.Second: "1m30s", time.Hour: "1h", 500 * time.Millisecond: "500ms"} {
		if got := shortDuration(d); got != want {
			t.Errorf("%v prints %s, want %s", d, got, want)
		}
	}
}

// TestSecretsAreRedacted: no way of showing the settings gives the password away.
func TestSecretsAreRedacted(t *testing.T) {
	const password = "hunter2-very-secret"
	cfg, err := loadConfig(configSources{
		files:    []string{"p.yml"},
		readFile: files(map[string]string{"p.yml": "kafka: {security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, sasl_password_file: /s}", "/s": password}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Kafka.SASLPassword.Reveal() != password {
		t.Fatal("the password did not arrive")
	}
	var b strings.Builder
	if err := writeConfig(&b, cfg, true); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "password", cfg.Kafka.SASLPassword, "all", cfg.Kafka)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "password", cfg.Kafka.SASLPassword, "all", cfg.Kafka)
	fmt.Fprintf(&b, "%v %+v %#v %s %q", cfg.Config, cfg.Config, cfg.Config, cfg.Kafka.SASLPassword, cfg.Kafka.SASLPassword)
	if strings.Contains(b.String(), password) {
		t.Errorf("the password is shown:\n%s", b.String())
	}
	if !strings.Contains(b.String(), "(redacted)") || !strings.Contains(b.String(), "p.yml:1:99 (/s)") {
		t.Errorf("neither redaction nor origin are shown:\n%s", b.String())
	}
}

// TestConfigShowLoads: what `config show` prints is a file that means the same.
func TestConfigShowLoads(t *testing.T) {
	src := configSources{env: []string{`PICKET_KAFKA__CLIENT_ID=a: "b" # ${X}`, "PICKET_INPUT__TOPICS=a,b.c", "PICKET_KAFKA__TLS__SERVER_NAME=", "PICKET_HTTP__LISTEN="}}
	want, err := loadConfig(src)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := writeConfig(&b, want, true); err != nil {
		t.Fatal(err)
	}
	got, err := loadConfig(configSources{files: []string{"shown.yml"}, readFile: files(map[string]string{"shown.yml": b.String()})})
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if diff := cmp.Diff(want.Config, got.Config); diff != "" {
		t.Errorf("it does not mean the same:\n%s\n%s", diff, b.String())
	}
}

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{nearest("earlest", []string{"earliest", "latest"}), "earliest"},
		{nearest("tset", []string{"test", "best"}), "test"},
		{nearest("xyz", []string{"abc"}), ""},
		{nearest("", []string{"abc"}), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func FuzzConfigFile(f *testing.F) {
	f.Add("kafka:\n  group_id: x\n")
	f.Add("kafka: {sasl_password: '${A}', tls: [a]}")
	f.Add("a: &a [*a]\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := loadConfig(configSources{
			files:     []string{"p.yml"},
			readFile:  files(map[string]string{"p.yml": text}),
			lookupEnv: lookup(map[string]string{"A": "b"}),
		})
		if (cfg == nil) == (err == nil) {
			t.Errorf("settings %v and error %v", cfg, err)
		}
		var findings configErrors
		if err != nil && !errors.As(err, &findings) {
			t.Errorf("%v is not a list of findings", err)
		}
	})
}
