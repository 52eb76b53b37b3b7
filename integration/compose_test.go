package integration

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCompose: `docker compose up` shows alerts. Every NetSupport event of the feeder appears in what the service "alerts" prints,
// picket's container is as closed as the file says, and it ends cleanly.
func TestCompose(t *testing.T) {
	c := newCompose(t)
	want := map[string]bool{} // the events that have to fire
	events, err := os.ReadFile(filepath.Join("..", "deploy", "compose", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(events)) {
		if line = strings.TrimSpace(line); meetsRule(t, []byte(line)) {
			want[line] = true
		}
	}
	if len(want) < 3 {
		t.Fatalf("only %d events of the feeder fire", len(want))
	}

	c.run(t, 10*time.Minute, "up", "-d")
	eventually(t, 3*time.Minute, fmt.Sprintf("alerts for %d events", len(want)), func() (bool, string) {
		printed := c.run(t, time.Minute, "logs", "--no-color", "alerts")
		seen := alertsIn(t, printed, want)
		return len(seen) == len(want), fmt.Sprintf("alerts for %d, at last %s", len(seen), tail(printed, 3))
	})

	resp, err := http.Get("http://127.0.0.1:" + c.picketPort + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/readyz: %s", resp.Status)
	}
	id := strings.TrimSpace(c.run(t, time.Minute, "ps", "-q", "picket"))
	const closed = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.Config.User}}"
	if got := inspect(t, closed, id); got != "true [ALL] [no-new-privileges:true] 65532:65532" {
		t.Errorf("picket's container is %s", got)
	}
	c.run(t, time.Minute, "stop", "picket")
	if got := inspect(t, "{{.State.ExitCode}} {{.State.OOMKilled}}", id); got != "0 false" {
		t.Errorf("picket ended with %s, want 0 false", got)
	}
}

// alertsIn gives the wanted events that printed alerts are about. An alert about another event fails the test.
func alertsIn(t *testing.T, printed string, want map[string]bool) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(printed) {
		_, value, ok := strings.Cut(line, "| {") // behind the service's name
		if !ok {
			continue
		}
		var a alert
		if err := json.Unmarshal([]byte("{"+value), &a); err != nil {
			continue // cut off by the end of the log
		}
		if a.Schema != "alert/1" || a.Rule.ID != netSupport(t).ID || !want[string(a.Event)] {
			t.Errorf("an alert that nothing explains: %s", value)
		}
		seen[string(a.Event)] = true
	}
	return seen
}

// compose is the project of docker-compose.yml under a name of its own.
type compose struct {
	command    []string
	env        []string
	picketPort string
}

func newCompose(t *testing.T) *compose {
	t.Helper()
	c := &compose{}
	for _, command := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if exec.Command(command[0], append(command[1:], "version")...).Run() == nil {
			c.command = command
			break
		}
	}
	require(t, c.command != nil, "neither `docker compose` nor docker-compose is there")
	require(t, exec.Command("docker", "info").Run() == nil, "Docker cannot be reached")
	require(t, os.Getenv("PICKET_IMAGE") != "", "PICKET_IMAGE does not name picket's image; .ci/images builds it")
	kafkaPort, err := freePort()
	if err == nil {
		c.picketPort, err = freePort()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.env = append(os.Environ(), "KAFKA_IMAGE="+image(), "KAFKA_PORT="+kafkaPort, "PICKET_PORT="+c.picketPort)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logs of the services:\n%s", tail(c.run(t, time.Minute, "logs", "--no-color"), 120))
		}
		c.run(t, 2*time.Minute, "down", "--volumes", "--timeout", "5")
	})
	return c
}

// run gives what a command of Compose prints.
func (c *compose) run(t *testing.T, timeout time.Duration, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), timeout) // also called when the test is over
	defer cancel()
	args = append([]string{"--project-name", "picket-integration", "--file", filepath.Join("..", "docker-compose.yml")}, args...)
	args = append(c.command[1:len(c.command):len(c.command)], args...)
	cmd := exec.CommandContext(ctx, c.command[0], args...)
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", c.command[0], strings.Join(args, " "), cmp.Or(ctx.Err(), err), out)
	}
	return string(out)
}

func inspect(t *testing.T, format, id string) string {
	t.Helper()
	out, err := exec.Command("docker", "inspect", "--format", format, id).CombinedOutput()
	if err != nil {
		t.Fatalf("docker inspect %q: %v\n%s", id, err, out)
	}
	return strings.TrimSpace(string(out))
}
