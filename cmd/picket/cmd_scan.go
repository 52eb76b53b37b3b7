package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// scanFormats are the values of --format, in the order of the help.
var scanFormats = []string{"table", "ndjson", "json", "csv", "tsv"}

func (a *app) scanCommand() *cobra.Command {
	var flags *settingFlags
	var format string
	cmd := &cobra.Command{
		Use:   "scan -r RULES FILE...",
		Short: "Run rules over files of events, without Kafka",
		Long: `Run Sigma rules over files of events and print an alert for every rule that an event meets.

A file holds JSON lines, a JSON array, or objects one behind the other, plain or gzip; - is the
standard input. The events may have any shape that picket knows. The place of an event in its file,
index, counts from 0; in a file of lines it is the line. Records that are no events have a place too,
and a warning says how many there were.

Formats:
  table   for people; the default on a terminal
  ndjson  an alert record a line (docs/alert-schema.md); the default when piped
  json    the same in one array
  csv     with a header: file, index, time, level, rule_id, rule_title, host, user, channel, event_id, match
  tsv     index and rule id, with the file before them when there are several

Events are in the order of files and indexes, the alerts of an event in the order of rule ids. A rule
without an id stands by its hash. The output depends on nothing but rules and files.

Exit codes: 0 whether or not a rule matched, 1 if a file or the rules could not be read, 2 for a
mistake in the command line.`,
		Example: `  picket scan -r rules/ sysmon.jsonl.gz
  kcat -C -b localhost:9092 -t sysmon -e | picket scan -r rules/ --format tsv -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("scan needs a file; - is the standard input")
			}
			if format != "" && !slices.Contains(scanFormats, format) {
				return usagef("format %q is not one of %s%s", format, strings.Join(scanFormats, ", "), didYouMean(nearest(format, scanFormats)))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			cfg, err := flags.load(a)
			if err != nil {
				return err
			}
			return a.scan(cmd.Context(), &cfg.Rules, files, format)
		},
	}
	flags = addSettingFlags(cmd, "rules")
	cmd.Flags().StringVar(&format, "format", "", strings.Join(scanFormats, ", ")+" (default table on a terminal, else ndjson)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(scanFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// scan is the command once its line is understood.
func (a *app) scan(ctx context.Context, cfg *RulesConfig, files []string, format string) error {
	rules, err := loadRuleset(cfg)
	if err != nil {
		return err
	}
	if refused := rules.refusals(); refused != nil {
		a.say("%v\n", refused)
	}
	if format == "" {
		format = "ndjson"
		if a.stdoutTTY {
			format = "table"
		}
	}
	v, _ := buildVersion()
	s := &scan{
		app: a, rules: rules, files: files, workers: runtime.GOMAXPROCS(0),
		out: newScanWriter(format, a, len(files) > 1, v),
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	a.note("%s", s.summary(rules))
	if s.unreadable > 0 {
		return errReported
	}
	return nil
}

// summary says in a line what was done.
func (s *scan) summary(rules *ruleset) string {
	text := fmt.Sprintf("%s, %s, %s", plural(s.events, "event"), plural(s.alerts, "alert"), rules.summary())
	if s.undecodable > 0 {
		text += fmt.Sprintf(", %s left out", plural(s.undecodable, "record"))
	}
	text += ", in " + shortTime(s.took)
	if s.events > 0 {
		text += ", " + rate(s.events, "event", s.took)
	}
	return text
}
