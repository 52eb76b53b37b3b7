package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// settings are a configuration file: nested maps, as in docs/configuration.md.
type settings map[string]any

// member is one running picket.
type member struct {
	name string
	cmd  *exec.Cmd
	log  logBuffer
	http string // host:port of its console
	done chan struct{}
	exit error // of the process; read after done
}

// startMember runs the binary with the settings as its file. The group id goes through the environment, which has to win.
func startMember(t *testing.T, name, group string, s settings) *member {
	t.Helper()
	binary := os.Getenv("PICKET_BINARY")
	require(t, binary != "", "PICKET_BINARY does not name the binary to test; `make integration` builds it and sets it")
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	m := &member{name: name, http: "127.0.0.1:" + port, done: make(chan struct{})}
	s = maps.Clone(s)
	s["http"] = settings{"listen": m.http}
	text, err := json.MarshalIndent(s, "", "  ") // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	m.cmd = exec.Command(binary, "run", "-c", file)
	m.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PICKET_KAFKA__GROUP_ID=" + group}
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		m.exit = m.cmd.Wait()
		close(m.done)
	}()
	t.Cleanup(func() {
		if m.running() {
			_ = m.cmd.Process.Kill()
			<-m.done
		}
		if t.Failed() {
			t.Logf("log of member %s:\n%s", name, tail(m.log.String(), 120))
		}
	})
	return m
}

func (m *member) running() bool {
	select {
	case <-m.done:
		return false
	default:
		return true
	}
}

func (m *member) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := m.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("%v to member %s: %v", sig, m.name, err)
	}
}

// awaitExit waits for the process to end, and gives its exit code; -1 when a signal ended it.
func (m *member) awaitExit(t *testing.T, timeout time.Duration) int {
	t.Helper()
	select {
	case <-m.done:
	case <-time.After(timeout):
		t.Fatalf("member %s still runs after %v", m.name, timeout)
	}
	var status *exec.ExitError
	if errors.As(m.exit, &status) {
		return status.ExitCode()
	}
	if m.exit != nil {
		t.Fatalf("member %s: %v", m.name, m.exit)
	}
	return 0
}

// stop ends the member as an orchestrator does, and wants a clean exit.
func (m *member) stop(t *testing.T) {
	t.Helper()
	m.signal(t, syscall.SIGTERM)
	if code := m.awaitExit(t, 40*time.Second); code != 0 {
		t.Errorf("member %s exited %d after SIGTERM, want 0", m.name, code)
	}
}

// awaitReady waits for /readyz to say yes.
func (m *member) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, time.Minute, "member "+m.name+" to be ready", func() (bool, string) {
		code, body := m.get(t, "/readyz")
		return code == http.StatusOK, body
	})
}

// get fetches a page of the console; code 0 and the error when there is no answer.
func (m *member) get(t *testing.T, path string) (code int, body string) {
	t.Helper()
	if !m.running() {
		t.Fatalf("member %s has ended: %v", m.name, m.exit)
	}
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + m.http + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

// metric sums the samples of a metric whose line holds all of the label texts, such as `stage="decode"`.
func (m *member) metric(t *testing.T, name string, labels ...string) int {
	t.Helper()
	code, body := m.get(t, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics of member %s: %d %s", m.name, code, body)
	}
	sum := 0.0
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		family, rest, _ := strings.Cut(line[:max(0, at)], "{")
		if family != name {
			continue
		}
		all := true
		for _, label := range labels {
			all = all && strings.Contains(rest, label)
		}
		if all {
			v, err := strconv.ParseFloat(line[at+1:], 64)
			if err != nil {
				t.Fatalf("/metrics of member %s: %q: %v", m.name, line, err)
			}
			sum += v
		}
	}
	return int(sum)
}

// awaitLog waits for a line of the log that holds all of the texts.
func (m *member) awaitLog(t *testing.T, timeout time.Duration, texts ...string) string {
	t.Helper()
	var found string
	eventually(t, timeout, fmt.Sprintf("member %s to log a line with %q", m.name, texts), func() (bool, string) {
		for line := range strings.Lines(m.log.String()) {
			all := true
			for _, text := range texts {
				all = all && strings.Contains(line, text)
			}
			if all {
				found = line
				return true, ""
			}
		}
		return false, tail(m.log.String(), 10)
	})
	return found
}

// logBuffer keeps what a process prints.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
