package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/picketsigma/picket/consumer"
	"github.com/picketsigma/picket/internal/broker"
	"github.com/twmb/franz-go/pkg/kgo"
)

// goodEvent meets the built-in rule.
const goodEvent = `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"pc-1","UtcTime":"2026-11-23 08:00:45.933","Company":"NetSupport Ltd","CommandLine":"x"}`

// among puts a record between two good events of one partition.
func among(bad *kgo.Record) []*kgo.Record {
	bad.Topic = "sysmon"
	return []*kgo.Record{{Topic: "sysmon", Value: []byte(goodEvent)}, bad, {Topic: "sysmon", Value: []byte(goodEvent)}}
}

// undecodable is every kind of record that is no event.
func undecodable() map[string]struct {
	value       []byte
	stage, code string
} {
	return map[string]struct {
		value       []byte
		stage, code string
	}{
		"not JSON":      {[]byte(`{"EventID":1,`), "decode", "not_json"},
		"empty":         {[]byte{}, "decode", "empty_value"},
		"null":          {nil, "decode", "null_value"},
		"not an object": {[]byte(`[1,2]`), "decode", "not_object"},
		"unknown shape": {[]byte(`{"message":"hello"}`), "shape", "unknown_shape"},
		"10 MB of text": {bytes.Repeat([]byte("x"), 10<<20), "decode", "not_json"},
	}
}

// TestDeadLetters: what is no event goes to the dead-letter topic byte for byte, with one line in the log,
// and the events around it are not affected.
func TestDeadLetters(t *testing.T) {
	for name, c := range undecodable() {
		t.Run(name, func(t *testing.T) {
			topics := usualTopics()
			for i := range topics {
				topics[i].Configs = map[string]string{"max.message.bytes": "20971520"}
			}
			k := startKafka(t, broker.Config{MaxRecordBytes: 20 << 20}, topics...)
			k.produce(among(&kgo.Record{Key: []byte("its key"), Value: c.value, Timestamp: time.UnixMilli(1_795_000_000_123), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}})...)
			r := start(t, k, nil).ready()
			r.handled(k, 3)
			k.consume("alerts", 2)
			d := k.consume("dead", 1)[0]
			if !bytes.Equal(d.Value, c.value) || (d.Value == nil) != (c.value == nil) || string(d.Key) != "its key" || d.Timestamp.UnixMilli() != 1_795_000_000_123 {
				t.Errorf("dead letter: key %q, %d bytes, time %v", d.Key, len(d.Value), d.Timestamp)
			}
			for key, want := range map[string]string{
				"h": "v", "picket.error.stage": c.stage, "picket.error.code": c.code, "picket.error.topic": "sysmon",
				"picket.error.partition": "0", "picket.error.offset": "1", "picket.error.group": "picket",
			} {
				if got := headerOf(d, key); got != want {
					t.Errorf("header %s is %q, want %q", key, got, want)
				}
			}
			if n := r.metric(`dead_letters_total{stage="` + c.stage + `"}`); n != 1 {
				t.Errorf("%v dead letters counted", n)
			}
			if n := r.metric(`events_unroutable_total{reason="` + c.code + `"}`); n != 1 {
				t.Errorf("%v unroutable records counted", n)
			}
			lines := r.log.lines("")
			if len(lines) != 1 || !strings.Contains(lines[0], "offset=1") || !strings.Contains(lines[0], "code="+c.code) {
				t.Errorf("log: %s", strings.Join(lines, "\n"))
			}
		})
	}
}

// TestSkippedWithoutDeadLetterTopic: the same without a topic for them. Many of a kind are one line.
func TestSkippedWithoutDeadLetterTopic(t *testing.T) {
	k := startKafka(t, broker.Config{}, usualTopics()...)
	var records []*kgo.Record
	kinds := 0
	for name, c := range undecodable() {
		if len(c.value) > 1<<20 {
			continue // the broker's own limit
		}
		kinds++
		for range 50 {
			records = append(records, among(&kgo.Record{Value: c.value, Key: []byte(name)})...)
		}
	}
	k.produce(records...)
	r := start(t, k, map[string]string{"dead_letters.topic": ""}).ready()
	r.handled(k, len(records))
	k.consume("alerts", 2*50*kinds)
	if n := r.metric(`records_skipped_total{stage="decode"}`) + r.metric(`records_skipped_total{stage="shape"}`); n != float64(50*kinds) {
		t.Errorf("%v records counted as skipped, want %d", n, 50*kinds)
	}
	lines := r.log.lines("")
	if len(lines) != kinds {
		t.Errorf("%d lines for %d kinds: %s", len(lines), kinds, strings.Join(lines, "\n"))
	}
	for _, line := range lines {
		if !strings.Contains(line, "dead_letters.topic") {
			t.Errorf("does not say what to do: %s", line)
		}
	}
}

// TestLargeEvent: an event of 10 MB is evaluated, and its alert goes without it.
func TestLargeEvent(t *testing.T) {
	k := startKafka(t, broker.Config{MaxRecordBytes: 20 << 20}, broker.Topic{Name: "sysmon", Configs: map[string]string{"max.message.bytes": "20971520"}}, broker.Topic{Name: "alerts"}, broker.Topic{Name: "dead"})
	large := strings.Replace(goodEvent, `"CommandLine":"x"`, `"CommandLine":"`+strings.Repeat("x", 10<<20)+`"`, 1)
	k.produce(among(&kgo.Record{Value: []byte(large)})...)
	r := start(t, k, nil).ready()
	r.handled(k, 3)
	alerts := k.consume("alerts", 3)
	var cut struct {
		Truncated bool
		Event     json.RawMessage
		Match     []struct{ Value string }
	}
	if err := json.Unmarshal(alerts[1].Value, &cut); err != nil || !cut.Truncated || cut.Event != nil || len(cut.Match) == 0 || len(alerts[1].Value) > 1<<20 {
		t.Errorf("alert of %d bytes, truncated %v, %v", len(alerts[1].Value), cut.Truncated, err)
	}
	if n := r.metric("alerts_truncated_total"); n != 1 {
		t.Errorf("%v counted as truncated", n)
	}
	k.consume("dead", 0)
}

// TestInvalidUTF8: an event with bytes that are no text is evaluated like any other, and its alert is
// valid JSON and says so.
func TestInvalidUTF8(t *testing.T) {
	k := startKafka(t, broker.Config{}, usualTopics()...)
	k.produce(among(&kgo.Record{Value: []byte(strings.Replace(goodEvent, `"x"`, "\"a\xff\xfeb\"", 1))})...)
	r := start(t, k, nil).ready()
	r.handled(k, 3)
	var repaired struct {
		EventRepaired bool `json:"event_repaired"`
	}
	alert := k.consume("alerts", 3)
	for _, a := range alert {
		if headerOf(a, "picket.alert.id") == "" || !utf8.Valid(a.Value) || !json.Valid(a.Value) {
			t.Errorf("alert is not valid: %q", a.Value)
		}
		if bytes.Contains(a.Value, []byte("event_repaired")) {
			if err := json.Unmarshal(a.Value, &repaired); err != nil {
				t.Error(err)
			}
		}
	}
	if !repaired.EventRepaired {
		t.Error("no alert says that its event was repaired")
	}
	if n := r.metric("events_repaired_total"); n != 1 {
		t.Errorf("%v events counted as repaired", n)
	}
	if lines := r.log.lines(""); len(lines) != 1 || !strings.Contains(lines[0], "offset=1") {
		t.Errorf("log: %s", strings.Join(lines, "\n"))
	}
	k.consume("dead", 0)
}

// TestRuleFileWithError: a file that is no YAML does not keep the other rules from running, and is named.
func TestRuleFileWithError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("broken.yml", "title: broken\nlogsource: {category: process_creation\n")
	if _, err := loadRuleset(&RulesConfig{Paths: []string{dir}}); err == nil || !strings.Contains(err.Error(), "broken.yml:") || !strings.Contains(err.Error(), "E001") {
		t.Errorf("a set without a sound rule: %v", err)
	}
	write("sound.yml", "title: sound\nid: 5f3a3b52-7a2b-4a4e-9a76-5f0f3c6e8b11\nlogsource: {category: process_creation, product: windows}\ndetection:\n  s: {Company: NetSupport Ltd}\n  condition: s\nlevel: high\n")
	k := startKafka(t, broker.Config{}, usualTopics()...)
	k.produce(&kgo.Record{Topic: "sysmon", Value: []byte(goodEvent)})
	r := start(t, k, map[string]string{"rules.paths": dir}).ready()
	r.handled(k, 1)
	if a := k.consume("alerts", 1)[0]; headerOf(a, "picket.level") != "high" {
		t.Errorf("alert %s", a.Value)
	}
	if active, rejected := r.metric(`rules{state="active"}`), r.metric(`rules{state="rejected"}`); active != 1 || rejected != 1 {
		t.Errorf("%v active and %v rejected rules", active, rejected)
	}
}

// TestMissingTopics: topics that do not exist are waited for, with one line each and a reason in /readyz.
func TestMissingTopics(t *testing.T) {
	k := startKafka(t, broker.Config{})
	r := start(t, k, nil)
	eventually(t, "/readyz to name the topics", func() bool {
		status, body := r.get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, `"sysmon"`) && strings.Contains(body, `"alerts"`) && strings.Contains(body, `"dead"`)
	})
	if status, body := r.get("/livez"); status != http.StatusOK {
		t.Errorf("/livez: %d %s", status, body)
	}
	if err := k.CreateTopics(usualTopics()...); err != nil {
		t.Fatal(err)
	}
	k.produce(among(&kgo.Record{Value: []byte(goodEvent)})...)
	r.ready()
	r.handled(k, 3)
	k.consume("alerts", 3)
	for what, text := range map[string]string{"the events": "topic=sysmon", "the alerts": "alerts or dead letters cannot be published"} {
		if lines := r.log.lines(text); len(lines) != 1 || !strings.Contains(lines[0], "create it") {
			t.Errorf("want one line about %s that says what to do, got:\n%s", what, strings.Join(lines, "\n"))
		}
	}
	// Alerts that were waiting when the topic came are worth a line of their own.
	if lines := r.log.lines(""); len(lines) > 3 {
		t.Errorf("too many lines:\n%s", strings.Join(lines, "\n"))
	}
}

// TestBrokerDownAtStart: the service waits, says so once, and begins when the broker is there.
func TestBrokerDownAtStart(t *testing.T) {
	gone := startKafka(t, broker.Config{})
	port := gone.port()
	gone.Close()
	r := start(t, gone, nil)
	eventually(t, "/readyz to say that no broker answers", func() bool {
		status, body := r.get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "no broker can be reached")
	})
	k := startKafka(t, broker.Config{Ports: []int{port}}, usualTopics()...)
	k.produce(among(&kgo.Record{Value: []byte(goodEvent)})...)
	r.ready()
	r.handled(k, 3)
	k.consume("alerts", 3)
	if lines := r.log.lines(""); len(lines) != 1 || !strings.Contains(lines[0], "check the address") {
		t.Errorf("want one line that says what to do, got:\n%s", strings.Join(lines, "\n"))
	}
}

// TestProxyWithoutBroker: a port that takes connections and closes them, as a proxy does whose broker has
// not started, is waited for, also when a password would be sent to it.
func TestProxyWithoutBroker(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	defer l.Close()
	k := startKafka(t, broker.Config{})
	for name, set := range map[string]map[string]string{
		"plain": {},
		"SASL":  {"kafka.security_protocol": "SASL_PLAINTEXT", "kafka.sasl_mechanism": "PLAIN", "kafka.sasl_username": "picket", "kafka.sasl_password": "right"},
	} {
		set["kafka.bootstrap_servers"] = l.Addr().String()
		r := start(t, k, set)
		eventually(t, "the trouble to be logged: "+name, func() bool { return len(r.log.lines("brokers do not answer")) == 1 })
		if err := r.stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStopWhileBrokerIsDown: waiting for a broker does not keep the service from ending.
func TestStopWhileBrokerIsDown(t *testing.T) {
	gone := startKafka(t, broker.Config{})
	gone.Close()
	r := start(t, gone, nil)
	eventually(t, "the trouble to be logged", func() bool { return len(r.log.lines("brokers do not answer")) > 0 })
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// TestBrokerGoesAway: after a restart of the broker everything goes on, and no event is lost.
func TestBrokerGoesAway(t *testing.T) {
	cfg := broker.Config{DataDir: t.TempDir()}
	k := startKafka(t, cfg, usualTopics()...)
	r := start(t, k, nil).ready()
	k.produce(among(&kgo.Record{Value: []byte(goodEvent)})...)
	r.handled(k, 3)
	cfg.Ports = []int{k.port()}
	k.Close()
	eventually(t, "the outage to be logged", func() bool { return len(r.log.lines("")) > 0 })
	k = startKafka(t, cfg)
	k.produce(among(&kgo.Record{Value: []byte(goodEvent)})...)
	r.handled(k, 6)
	alerts := map[string]bool{}
	eventually(t, "six alerts", func() bool {
		for _, a := range k.poll("alerts") {
			alerts[headerOf(a, "picket.alert.id")] = true
		}
		return len(alerts) == 6
	})
	if lines := r.log.lines(""); len(lines) > 6 {
		t.Errorf("an outage of a second filled the log with %d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}

// TestWrongPassword: it ends the service at once, with one message, because trying again locks accounts.
func TestWrongPassword(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			k := startKafka(t, broker.Config{Users: []broker.User{{Mechanism: mechanism, Name: "picket", Password: "right"}}}, usualTopics()...)
			set := func(password string) map[string]string {
				return map[string]string{
					"kafka.security_protocol": "SASL_PLAINTEXT", "kafka.sasl_mechanism": mechanism,
					"kafka.sasl_username": "picket", "kafka.sasl_password": password,
				}
			}
			r := start(t, k, set("wrong"))
			select {
			case err := <-r.done:
				if !errors.Is(err, consumer.ErrAuthentication) || !strings.Contains(err.Error(), "check the user name, the password and the SASL mechanism") {
					t.Errorf("error %v", err)
				}
				if strings.Contains(err.Error(), "wrong") {
					t.Errorf("the error shows the password: %v", err)
				}
				r.done <- err
			case <-time.After(patience):
				t.Fatal("a wrong password does not end the service")
			}
			if lines := r.log.lines(""); len(lines) != 0 {
				t.Errorf("the error is returned and logged: %s", lines)
			}
			r = start(t, k, set("right")).ready()
			if err := r.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// poll reads what a topic holds from its beginning, as far as it comes in one go.
func (k *testKafka) poll(topic string) []*kgo.Record {
	c := k.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond))
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var out []*kgo.Record
	for ctx.Err() == nil && len(out) < 6 {
		out = append(out, c.PollFetches(ctx).Records()...)
	}
	return out
}
