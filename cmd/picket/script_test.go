package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/picketsigma/picket/internal/broker"
	"github.com/picketsigma/picket/internal/broker/brokertest"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestMain(m *testing.M) {
	brokertest.Serve()
	testscript.Main(m, map[string]func(){"picket": main})
}

// TestScripts runs the command line as its users do: testdata/script says what goes in and comes out.
// -update rewrites what the scripts compare.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "NO_COLOR=1", "KAFKA=", "PORT="+freePort(e.T().Fatal))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "kafka": kafkaCommand, "produce": produceCommand, "await": await, "terminate": terminate,
		},
	})
}

// exits runs a command that has to end with an exit code: exits 2 picket scan.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGUMENT...")
	}
	code := 0
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\n%s", code, args[0], ts.ReadFile("stderr"))
	}
}

// kafkaCommand starts a broker with topics and puts its address into $KAFKA: kafka sysmon alerts.
func kafkaCommand(ts *testscript.TestScript, _ bool, topics []string) {
	b, err := broker.Start(broker.Config{MinSessionTimeout: time.Millisecond})
	ts.Check(err)
	ts.Defer(b.Close)
	for _, name := range topics {
		ts.Check(b.CreateTopic(name, 2))
	}
	ts.Setenv("KAFKA", b.Addr())
}

// produceCommand sends each line of a file as a record: produce sysmon FILE.
func produceCommand(ts *testscript.TestScript, _ bool, args []string) {
	c, err := kgo.NewClient(kgo.SeedBrokers(ts.Getenv("KAFKA")), kgo.DefaultProduceTopic(args[0]))
	ts.Check(err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		ts.Check(c.ProduceSync(ctx, kgo.StringRecord(strings.TrimSuffix(line, "\n"))).FirstErr())
	}
}

// terminate sends SIGTERM to everything in the background: the script's own kill knows other signals only.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	if len(ts.BackgroundCmds()) == 0 {
		ts.Fatalf("nothing runs in the background")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}

// await polls a page of the console at $PORT until it matches: await /metrics 'picket_alerts_total.* 1'.
func await(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile("(?m)" + args[1])
	url := "http://127.0.0.1:" + ts.Getenv("PORT") + args[0]
	last := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if last = fetch(url); want.MatchString(last) {
			return
		}
	}
	ts.Fatalf("%s does not become %q; it is\n%s", args[0], args[1], last)
}

func fetch(url string) string {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// freePort gives a port that nobody listens on.
func freePort(fatal func(...any)) string {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		fatal(err)
	}
	return port
}

// TestHelpIsComplete: each command has its help in the script of goldens.
func TestHelpIsComplete(t *testing.T) {
	script, err := os.ReadFile("testdata/script/help.txtar")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	a := &app{stdout: io.Discard, stderr: io.Discard}
	root := a.rootCommand()
	for _, c := range root.Commands() {
		commands++
		if !strings.Contains(string(script), fmt.Sprintf("exec %s --help\n", c.CommandPath())) {
			t.Errorf("help.txtar lacks %s", c.CommandPath())
		}
		if c.Short == "" {
			t.Errorf("%s has no short description", c.CommandPath())
		}
	}
	if commands < 5 {
		t.Errorf("only %d commands", commands)
	}
}
