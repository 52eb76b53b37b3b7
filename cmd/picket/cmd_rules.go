package main

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) rulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show and count rules",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("%s needs a subcommand: list, show or stats", cmd.Name())
		},
	}
	cmd.AddCommand(a.rulesListCommand(), a.rulesShowCommand(), a.rulesStatsCommand())
	return cmd
}

// inventory reads the rules that a command line is about.
func (a *app) inventory(source *settingFlags, paths ...string) (*inventory, error) {
	cfg, err := source.rules(a, paths...)
	if err != nil {
		return nil, err
	}
	return a.loadInventory(cfg)
}

// listFormats are the values of --format, in the order of the help.
var listFormats = []string{"table", "json", "tsv"}

func (a *app) rulesListCommand() *cobra.Command {
	var source *settingFlags
	var filter ruleFilter
	var format string
	cmd := &cobra.Command{
		Use:   "list [RULES...]",
		Short: "List rules, with what becomes of each",
		Long: `List rules in the order of their files. Without RULES, those that ship inside the binary.

A rule has to pass each filter that is given; of several values of one filter, one has to fit.

Formats:
  table  for people: id, level, state, log source, title
  json   an array of what 'picket check --format json' has as states (docs/checking-rules.md)
  tsv    id, level, state, log source, title, file, line`,
		Example: `  picket rules list rules/ --level high,critical --logsource process_creation
  picket rules list rules/ --state unmapped,inert
  picket rules list rules/ --tag attack.t1059 --format tsv`,
		Args: func(*cobra.Command, []string) error {
			return cmp.Or(filter.validate(), oneOf("format", []string{format}, listFormats))
		},
		RunE: func(_ *cobra.Command, paths []string) error {
			inv, err := a.inventory(source, paths...)
			if err != nil {
				return err
			}
			return a.listRules(filter.pick(inv.rules), format)
		},
	}
	source = addSettingFlags(cmd, "rules")
	filter.addFlags(cmd)
	cmd.Flags().StringVar(&format, "format", "table", strings.Join(listFormats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(listFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// reportFormats are the values of --format of the commands that print one report.
var reportFormats = []string{"text", "json"}

func (a *app) rulesShowCommand() *cobra.Command {
	var source *settingFlags
	var format string
	cmd := &cobra.Command{
		Use:   "show ID -r RULES",
		Short: "Show a rule: what becomes of it, the events and fields it reads, its source",
		Long: `Show the rules with an ID, which is a rule's id or the beginning of it, or its name or title. Without -r,
of those that ship inside the binary.`,
		Example: `  picket rules show 758ff488 -r rules/`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usagef("show needs one id, or the beginning of one, or a name or title")
			}
			return oneOf("format", []string{format}, reportFormats)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			inv, err := a.inventory(source)
			if err != nil {
				return err
			}
			return a.showRule(inv, args[0], format)
		},
	}
	source = addSettingFlags(cmd, "rules")
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(reportFormats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) rulesStatsCommand() *cobra.Command {
	var source *settingFlags
	var format string
	cmd := &cobra.Command{
		Use:   "stats [RULES...]",
		Short: "Count rules by state, level, status, log source and technique, with why some cannot fire",
		Long: `Count rules, and list each that is not active with the reason. Without RULES, those that ship inside
the binary.

  active    tried on events
  unmapped  the log source has no events that are known
  rejected  not loaded: 'picket check' says where it is wrong
  inert     loaded, but no event can make it fire
  waiting   a correlation: it is checked, but not evaluated yet`,
		Example: `  picket rules stats rules/
  picket rules stats rules/ --format json`,
		Args: func(*cobra.Command, []string) error { return oneOf("format", []string{format}, reportFormats) },
		RunE: func(_ *cobra.Command, paths []string) error {
			inv, err := a.inventory(source, paths...)
			if err != nil {
				return err
			}
			stats := newRuleStats(inv)
			if format == "json" {
				return writeIndentedJSON(a.stdout, stats)
			}
			return stats.write(a.stdout, a.style(a.stdoutTTY), a.columns)
		},
	}
	source = addSettingFlags(cmd, "rules")
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(reportFormats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
