package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes of every command, unless its help says otherwise.
const (
	exitClean = 0
	exitError = 1
	exitUsage = 2
)

// app is one invocation: the streams it may use and the flags that every command shares.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	stdoutTTY      bool
	stderrTTY      bool
	columns        int // of the terminal behind stdout; 0 when not known
	env            []string
	quiet          bool
	noColor        bool
}

// usageError is a mistake in how the command was called, as opposed to one in what it met.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// errReported ends a command with exit code 1 whose errors are already printed.
var errReported = errors.New("errors were reported above")

// main runs the command line and gives the exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitClean
	}
	var usage *usageError
	if errors.As(err, &usage) {
		a.say("picket: %v\nrun '%s --help' for usage\n", err, cmd.CommandPath())
		return exitUsage
	}
	if errors.Is(err, errLint) {
		return exitLint
	}
	if !errors.Is(err, errReported) {
		for line := range strings.Lines(err.Error()) {
			a.say("picket: %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	return exitError
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "picket",
		Short: "Sigma detection on Kafka",
		Long: `picket reads Windows events from Kafka, evaluates Sigma rules on each of them,
and writes an alert to a topic for every rule that an event meets.

Start with 'picket demo': it needs nothing installed.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usagef("unknown command %q%s", args[0], didYouMean(strings.Join(cmd.SuggestionsFor(args[0]), " or ")))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print results and errors only")
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "no colors; also set by the variable NO_COLOR")
	root.AddCommand(a.runCommand(), a.demoCommand(), a.scanCommand(), a.checkCommand(), a.rulesCommand(), a.configCommand(), a.versionCommand())
	return root
}

// noArgs refuses arguments as a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, but got %q", cmd.Name(), args[0])
	}
	return nil
}

// note prints a line about the course of things to stderr, unless --quiet.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		a.say(format+"\n", args...)
	}
}

// say writes to stderr. There is nobody left to tell when that fails.
func (a *app) say(format string, args ...any) { _, _ = fmt.Fprintf(a.stderr, format, args...) }
