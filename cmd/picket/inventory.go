package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/rules"
)

// stdinName is what findings call the standard input.
const stdinName = "<stdin>"

// ruleStates are the states a rule can be in, in the order in which they are counted.
var ruleStates = []string{string(rules.StateActive), string(rules.StateUnmapped), string(rules.StateRejected), string(rules.StateInert), string(rules.StateWaiting)}

// inventory is a rule set with what becomes of every document in it. It is immutable.
type inventory struct {
	set *rules.Set
	// findings is what loader, engine and analysis have to say, in the order of the files.
	findings rules.Errors
	// rules are all documents but filters that are sound, in the order of the files.
	rules []listedRule
	stdin []byte // what was read from the standard input
}

// listedRule is a detection rule, a correlation or a rejected document, and what becomes of it.
type listedRule struct {
	rules.Status
	Name        string
	SigmaStatus string // the key status
	Level       string
	LogSource   rules.LogSource
	Tags        []string

	rule        *rules.Rule        // detection rules that are loaded
	correlation *rules.Correlation // correlations that are loaded
	findings    rules.Errors       // of rejected documents
}

// newInventory finds out what becomes of each document of a set.
func newInventory(set *rules.Set) *inventory {
	_, refused := matcher.Compile(set, matcher.Options{})
	report := rules.Analyze(set)
	inv := &inventory{
		set: set, findings: joinFindings(joinFindings(set.Findings, report.Findings), refused), rules: make([]listedRule, len(report.Rules)),
	}
	at := make(map[rules.Pos]*listedRule, len(report.Rules))
	for i, s := range report.Rules {
		inv.rules[i].Status = s
		at[s.Pos] = &inv.rules[i]
	}
	for _, r := range set.Rules {
		x := at[r.Pos]
		x.Name, x.SigmaStatus, x.Level, x.LogSource, x.Tags, x.rule = r.Name, r.Status, r.Level, r.LogSource, r.Tags, r
		if why := findingsOf(refused, r.Pos.File, r.ID, r.Title); len(why) > 0 {
			x.State, x.Reason, x.findings = rules.StateRejected, why[0].Code+": "+why[0].Err.Error(), why
		}
	}
	for _, c := range set.Correlations {
		x := at[c.Pos]
		x.Name, x.SigmaStatus, x.Level, x.Tags, x.correlation = c.Name, c.Status, c.Level, c.Tags, c
	}
	for _, r := range set.Rejected {
		x := at[r.Pos]
		x.SigmaStatus, x.Level, x.LogSource, x.Tags, x.findings = r.Status, r.Level, r.LogSource, r.Tags, r.Findings
	}
	return inv
}

// findingsOf picks those about one rule that is loaded.
func findingsOf(findings rules.Errors, file, id, title string) (out rules.Errors) {
	for _, f := range findings {
		if f.Pos.File == file && f.Rule == cmp.Or(id, title) {
			out = append(out, f)
		}
	}
	return out
}

// ruleFlags are the flags that say which rules a command is about.
type ruleFlags struct {
	settings     *settingFlags
	placeholders string
	statuses     []string
}

func addRuleFlags(cmd *cobra.Command) *ruleFlags {
	f := &ruleFlags{settings: addSettingFlags(cmd, "rules")}
	cmd.Flags().StringVar(&f.placeholders, "placeholders", "", "`file` with the values of the placeholders that expand names")
	cmd.Flags().StringSliceVar(&f.statuses, "status", nil, "load only rules of this `status`; may be repeated (default all but unsupported)")
	_ = cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(rules.Statuses(), cobra.ShellCompDirectiveNoFileComp))
	return f
}

var errNoRules = errors.New("no rules are named")

// load reads the rules that the flags, the settings and the arguments name; - is the standard input. Without
// any it gives errNoRules. A set without a rule is an error.
func (f *ruleFlags) load(a *app, args []string) (*inventory, error) {
	if err := oneOf("status", f.statuses, rules.Statuses()); err != nil {
		return nil, err
	}
	cfg, err := f.settings.load(a)
	if err != nil {
		return nil, err
	}
	paths := slices.Concat(cfg.Rules.Paths, args)
	if len(paths) == 0 {
		return nil, errNoRules
	}
	opt := rules.LoadOptions{Statuses: f.statuses}
	if f.placeholders != "" {
		if opt.Placeholders, err = rules.LoadPlaceholders(f.placeholders); err != nil {
			return nil, err
		}
	}
	onDisk := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == "-" })
	files, err := opt.ParseFiles(onDisk...)
	if err != nil {
		return nil, err
	}
	var stdin []byte
	if len(onDisk) < len(paths) {
		if stdin, err = io.ReadAll(a.stdin); err != nil {
			return nil, fmt.Errorf("read the standard input: %w", err)
		}
		files = append(files, rules.ParseFile(stdinName, stdin, opt))
	}
	inv := newInventory(rules.Assemble(files, opt))
	if len(inv.rules)+len(inv.set.Filters)+inv.set.Deselected == 0 {
		return nil, fmt.Errorf("no rule in %s: Sigma rules are files that end in .yml or .yaml", strings.Join(paths, ", "))
	}
	inv.stdin = stdin
	return inv, nil
}

// oneOf checks the values of a flag.
func oneOf(flag string, values, known []string) error {
	for _, v := range values {
		if !slices.Contains(known, v) {
			return usagef("%s %q is not one of %s%s", flag, v, strings.Join(known, ", "), didYouMean(nearest(v, known)))
		}
	}
	return nil
}
