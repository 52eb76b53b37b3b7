package brokertest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
)

const (
	env      = "PICKET_BROKERTEST" // holds the Config in a child
	lifetime = time.Hour           // of a child whose parent neither ends nor closes its standard input
	patience = 20 * time.Second    // for a child to start, and to end
)

// Config says what the child's cluster looks like. The zero value is one broker without topics.
type Config struct {
	Brokers        int
	MaxRecordBytes int
	Discard        bool // acknowledge what is produced and keep nothing of it
	Topics         []broker.Topic
}

// Main is what TestMain calls: it runs the tests, or, in a child, the broker. It does not return.
func Main(m *testing.M) {
	Serve()
	os.Exit(m.Run())
}

// Serve is for a TestMain that has more to do: in a child it runs the broker and does not return, elsewhere
// it does nothing.
func Serve() {
	text, child := os.LookupEnv(env)
	if !child {
		return
	}
	if err := serve(text); err != nil {
		fmt.Fprintln(os.Stderr, "brokertest:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs the broker until standard input is closed.
func serve(text string) error {
	var cfg Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return err
	}
	b, err := broker.Start(broker.Config{Brokers: cfg.Brokers, MaxRecordBytes: cfg.MaxRecordBytes, Discard: cfg.Discard, MinSessionTimeout: time.Millisecond})
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.CreateTopics(cfg.Topics...); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, strings.Join(b.Addrs(), ",")); err != nil {
		return err
	}
	time.AfterFunc(lifetime, func() { os.Exit(1) })
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// Start starts a broker in a child process and gives its addresses, host:port. It fails the test when
// that does not work, also when TestMain does not call Main.
func Start(tb testing.TB, cfg Config) []string {
	tb.Helper()
	text, err := json.Marshal(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^$") // killed with the test at the latest
	cmd.Env = append(os.Environ(), env+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = patience
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	slow := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer slow.Stop()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.Contains(line, ":") {
		tb.Fatalf("no broker in the child process: %q, %v; does TestMain call brokertest.Main?", line, err)
	}
	return strings.Split(strings.TrimSpace(line), ",")
}
