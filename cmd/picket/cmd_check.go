package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// exitLint is the exit code of check when nothing is refused, but there is lint.
const exitLint = 3

// errLint ends a command with exitLint. What is to be said is already printed.
var errLint = errors.New("there is lint, see above")

// checkFormats are the values of --format, in the order of the help.
var checkFormats = []string{"text", "json", "github", "sarif"}

// checkFlags are the flags of check that are not about which rules.
type checkFlags struct {
	format  string
	excerpt bool
	noLint  bool
	disable []string
	explain string
}

func (a *app) checkCommand() *cobra.Command {
	var source *settingFlags
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check RULES...",
		Short: "Check rules: parse, compile, lint, and say which can fire",
		Long: `Check Sigma rules the way the service loads them, and print every finding of every file as

  file:line:col: CODE: message

in the order of the files. Codes that start with E refuse a rule, W is lint; --explain says what a code
means and what to do. RULES are files, and folders searched for .yml and .yaml; - is the standard input.

The last line, on stderr, counts what becomes of the rules: active ones are tried on events; unmapped
ones have a log source without known events; rejected ones are not loaded; inert ones are, but no event
can make them fire; waiting ones are correlations, which are not evaluated yet. 'picket rules stats' and
--format json say why of each.

Formats:
  text    a line a finding; on a terminal, or with --excerpt, with the line that it is about
  json    one object with the counts, the findings and the state of each rule (docs/checking-rules.md)
  github  workflow commands, which GitHub Actions shows beside the lines
  sarif   SARIF 2.1.0, for code scanning

Exit codes: 0 nothing found, 1 something is refused or cannot be read, 2 for a mistake in the command
line, 3 lint only.`,
		Example: `  picket check rules/
  picket check -r rules/ --rules-placeholders-file values.yml --format json
  picket check --explain E014`,
		Args: func(*cobra.Command, []string) error { return flags.validate() },
		RunE: func(_ *cobra.Command, paths []string) error {
			if flags.explain != "" {
				return a.explainCode(flags.explain)
			}
			cfg, err := source.rules(a, paths...)
			if err != nil {
				return err
			}
			if len(cfg.Paths) == 0 {
				return usagef("check needs rules: files or folders; - is the standard input")
			}
			inv, err := a.loadInventory(cfg)
			if err != nil {
				return err
			}
			return a.check(inv, &flags)
		},
	}
	source = addSettingFlags(cmd, "rules")
	cmd.Flags().StringVar(&flags.format, "format", "text", strings.Join(checkFormats, ", "))
	cmd.Flags().BoolVar(&flags.excerpt, "excerpt", false, "show the line behind each finding; the default on a terminal")
	cmd.Flags().BoolVar(&flags.noLint, "no-lint", false, "leave lint out")
	cmd.Flags().StringSliceVar(&flags.disable, "disable", nil, "lint `code` to leave out; may be repeated")
	cmd.Flags().StringVar(&flags.explain, "explain", "", "say what a `code` means and what to do, or list all; needs no rules")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(checkFormats, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("explain", completeCodes("E", "W"))
	_ = cmd.RegisterFlagCompletionFunc("disable", completeCodes("W"))
	return cmd
}

// completeCodes offers the codes that start with one of the letters.
func completeCodes(letters ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		for _, p := range diagnosticPages() {
			if slices.Contains(letters, p.code[:1]) {
				out = append(out, cobra.CompletionWithDesc(p.code, p.title))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func (f *checkFlags) validate() error {
	if err := oneOf("format", []string{f.format}, checkFormats); err != nil {
		return err
	}
	for i, code := range f.disable {
		f.disable[i] = strings.ToUpper(code)
		switch {
		case findPage(f.disable[i]) == nil:
			return usagef("there is no code %q: 'picket check --explain all' lists them", code)
		case strings.HasPrefix(f.disable[i], "E"):
			return usagef("%s cannot be disabled: it refuses rules, only lint (W) can", f.disable[i])
		}
	}
	return nil
}

// check prints what was found, and ends with an error if that is anything.
func (a *app) check(inv *inventory, flags *checkFlags) error {
	report := newCheckReport(inv, flags)
	var err error
	switch flags.format {
	case "json":
		err = writeIndentedJSON(a.stdout, report)
	case "github":
		err = writeGitHub(a.stdout, report)
	case "sarif":
		version, _ := buildVersion()
		err = writeIndentedJSON(a.stdout, newSARIF(report, version))
	default:
		w := findingWriter{style: a.style(a.stdoutTTY), columns: a.columns, excerpt: flags.excerpt || a.stdoutTTY, stdin: inv.stdin}
		err = w.write(a.stdout, report.Findings)
	}
	if err != nil {
		return err
	}
	a.note("%s", report.summary())
	if a.stdoutTTY && a.stderrTTY && len(report.Findings) > 0 {
		a.note("'picket check --explain %s' says more about that code", report.Findings[0].Code)
	}
	switch {
	case report.Errors > 0:
		return errReported
	case report.Warnings > 0:
		return errLint
	}
	return nil
}

// summary says in a line what was checked and what becomes of it.
func (r *checkReport) summary() string {
	text := fmt.Sprintf("%s, %s: %s", plural(r.Files, "file"), plural(r.Rules, "rule"), r.stateCounts.text())
	if r.Filters > 0 {
		text += "; " + plural(r.Filters, "filter")
	}
	if r.Deselected > 0 {
		text += "; " + plural(r.Deselected, "rule") + " of other statuses left out"
	}
	return text + "; " + plural(r.Errors, "error") + ", " + plural(r.Warnings, "warning")
}

// text writes all of the counts. Nothing waits in most sets.
func (c *stateCounts) text() string {
	text := fmt.Sprintf("%s active, %s unmapped, %s rejected, %s inert", thousands(c.Active), thousands(c.Unmapped), thousands(c.Rejected), thousands(c.Inert))
	if c.Waiting > 0 {
		text += ", " + thousands(c.Waiting) + " waiting"
	}
	return text
}
