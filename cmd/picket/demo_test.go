package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// lockedBuffer is an output that is looked at while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// TestDemoOnATerminal: it keeps serving, and the event that it proposes makes an alert.
func TestDemoOnATerminal(t *testing.T) {
	a, _, stderr := testApp()
	out := &lockedBuffer{}
	a.stdout, a.stdoutTTY = out, true
	d, err := newDemo(a, &RulesConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.run(ctx, false) }()
	eventually(t, "the invitation", func() bool { return strings.Contains(out.String(), "kcat -C") })
	proposed := regexp.MustCompile(`echo '(.*)' \| kcat -P -b (\S+) -t (\S+)`).FindStringSubmatch(out.String())
	if proposed == nil {
		t.Fatalf("no event is proposed: %s", out)
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(proposed[2]), kgo.DefaultProduceTopic(proposed[3]))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.ProduceSync(ctx, kgo.StringRecord(proposed[1])).FirstErr(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the alert of the proposed event", func() bool { return strings.Contains(out.String(), "my-pc") })
	if !strings.Contains(out.String(), "\x1b[33mmedium") {
		t.Errorf("no colors on a terminal: %q", out)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr)
	}
}
