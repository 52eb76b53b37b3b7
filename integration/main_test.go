package integration

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := stopBroker(); err != nil {
		fmt.Fprintln(os.Stderr, "the broker's container is left behind:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// require fails a test in CI for what it lacks, and skips it elsewhere.
func require(t *testing.T, ok bool, format string, args ...any) {
	t.Helper()
	if ok {
		return
	}
	what := fmt.Sprintf(format, args...)
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("SKIPPED: " + what)
}

// eventually polls until cond holds, and fails with what it saw last when it does not in time.
func eventually(t *testing.T, timeout time.Duration, what string, cond func() (ok bool, saw string)) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		ok, saw := cond()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s; saw: %s", timeout, what, saw)
		}
		time.Sleep(100 * time.Millisecond) // a poll, not a guess
	}
}
