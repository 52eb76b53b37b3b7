package main

import (
	"cmp"
	"slices"
	"strings"

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

// rules gives what the settings say of rules, with those that the arguments name added.
func (sf *settingFlags) rules(a *app, args ...string) (*RulesConfig, error) {
	cfg, err := sf.load(a)
	if err != nil {
		return nil, err
	}
	cfg.Rules.Paths = slices.Concat(cfg.Rules.Paths, args)
	return &cfg.Rules, nil
}

// loadInventory reads the rules that the settings name; the path - is the standard input. A set without a
// rule is an error.
func (a *app) loadInventory(cfg *RulesConfig) (*inventory, error) {
	set, stdin, err := loadRules(cfg, a.stdin)
	if err != nil {
		return nil, err
	}
	inv := newInventory(set)
	if len(inv.rules)+len(inv.set.Filters)+inv.set.Deselected == 0 {
		return nil, noRuleIn(cfg.where())
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
