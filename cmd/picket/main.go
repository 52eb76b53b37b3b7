package main

import (
	"context"
	"os"

	"golang.org/x/term"
)

func main() {
	os.Exit(newApp().main(context.Background(), os.Args[1:]))
}

// newApp is picket on this process's own streams, terminal and environment.
func newApp() *app {
	columns, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		columns = 0
	}
	return &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		stdoutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		stderrTTY: term.IsTerminal(int(os.Stderr.Fd())),
		columns:   columns,
		env:       os.Environ(),
	}
}
