package consumer

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		wait := func() time.Duration {
			began := time.Now()
			if !b.wait(t.Context()) {
				t.Fatal("the wait was cut short")
			}
			return time.Since(began)
		}
		for i, most := range []time.Duration{50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000} {
			most *= time.Millisecond
			if d := wait(); d < most/2 || d > most {
				t.Errorf("wait %d took %v, want %v to %v", i+1, d, most/2, most)
			}
		}
		b.failures = 1 << 30 // nothing overflows
		if d := wait(); d > backoffMax {
			t.Errorf("after a billion failures %v", d)
		}
		b.reset()
		if d := wait(); d > backoffMin {
			t.Errorf("after a reset %v", d)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if b.wait(ctx) {
			t.Error("a wait whose context has ended went on")
		}
	})
}

// TestNotice: one trouble that lasts ten minutes is told at once and then twice a minute.
func TestNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lg := newLogs(t)
		var n notice
		for range 600 {
			n.report(lg.logger, "it does not work", errors.New("no"), "offset", 5)
			time.Sleep(time.Second)
		}
		lines := lg.with("level=ERROR", "it does not work", "offset=5", "err=no")
		if len(lines) != 20 || strings.Contains(lines[0], "dropped") || !strings.Contains(lines[1], "dropped=29") {
			t.Errorf("%d lines in ten minutes:\n%s", len(lines), strings.Join(lines, "\n"))
		}
		n.report(lg.logger, "it does not work", kafka.TopicAuthorizationFailed) // another trouble is not held back
		lg.once(t, "Topic Authorization Failed", "grant READ and DESCRIBE")
		n.clear(lg.logger, "it works")
		n.clear(lg.logger, "it works")
		lg.once(t, "level=INFO", "it works")

		lg = newLogs(t)
		for range 10 { // passes before anybody wants to know
			n.report(lg.logger, "moving", kafka.NotLeaderForPartition)
			time.Sleep(400 * time.Millisecond)
		}
		n.clear(lg.logger, "moved")
		if all := lg.with(); len(all) != 0 {
			t.Errorf("four seconds of a moving leader gave %q", all)
		}
		for range 100 { // does not
			n.report(lg.logger, "moving", kafka.NotLeaderForPartition)
			time.Sleep(100 * time.Millisecond)
		}
		lg.once(t, "level=WARN", "moving", "dropped=50")
	})
}

// TestOutage: what many partitions see at once is one message, and one when the last of them is served.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lg := newLogs(t)
		looks := 0
		o := outage{log: lg.logger, look: func(_ context.Context, err error) error { looks++; return errors.Join(err, errors.New("cable is out")) }}
		fail := func(source string) { o.fail(t.Context(), source, io.EOF) }

		fail("in/0") // a connection that was closed, and the next one works
		o.ok("in/0")
		if len(lg.with()) != 0 || looks != 0 {
			t.Errorf("a single failure gave %q", lg.with())
		}
		for range 65 {
			for _, s := range []string{"in/0", "in/1", "group", "gone"} {
				fail(s)
			}
			time.Sleep(time.Second)
		}
		lines := lg.with("level=ERROR", "brokers cannot be used", "cable is out")
		if len(lines) != 3 || looks != 3 { // after one second, and every thirty
			t.Errorf("%d lines, %d looks:\n%s", len(lines), looks, strings.Join(lines, "\n"))
		}
		o.gone("gone")
		o.ok("in/0")
		o.ok("in/1")
		if got := lg.with("again"); len(got) != 0 {
			t.Errorf("over while the group is not served: %q", got)
		}
		o.ok("group")
		o.ok("in/0")
		lg.once(t, "level=INFO", "brokers can be used again", "dur=1m5s")
	})
}

// TestRefresher: asked all the time, it closes connections less and less often; after a quiet time at once.
func TestRefresher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r refresher
		var at []time.Duration
		began := time.Now()
		for range 600 {
			if r.due(time.Now()) {
				at = append(at, time.Since(began))
			}
			time.Sleep(50 * time.Millisecond)
		}
		if len(at) != 8 || at[1] != 250*time.Millisecond || at[2] != 750*time.Millisecond || at[7]-at[6] != refreshMax {
			t.Errorf("refreshed at %v in 30 s", at)
		}
		time.Sleep(refreshCalm)
		if !r.due(time.Now()) || r.pause != refreshMin {
			t.Errorf("after a quiet time the next pause is %v", r.pause)
		}
	})
}
