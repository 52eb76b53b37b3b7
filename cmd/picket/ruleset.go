package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/picketsigma/picket/console"
	"github.com/picketsigma/picket/matcher"
	"github.com/picketsigma/picket/rules"
)

// ruleset is a rule set that is ready to match: what is loaded, swapped and reported as a whole. It is
// immutable and safe for concurrent use.
type ruleset struct {
	set    *rules.Set
	engine *matcher.Engine
	// findings is what loader and compiler have to say, in the order of the files.
	findings rules.Errors
	rejected int // rules, or documents that are none, that do not run
}

// loadRules reads the rules that the settings name, or those inside the binary when they name none. Where
// stdin is not nil it is what the path - stands for, and what was read from it is given back. Every command
// has its rules from here.
func loadRules(cfg *RulesConfig, stdin io.Reader) (set *rules.Set, read []byte, err error) {
	opt, err := cfg.loadOptions()
	if err != nil {
		return nil, nil, err
	}
	if len(cfg.Paths) == 0 {
		return opt.Default(), nil, nil
	}
	isStdin := func(path string) bool { return stdin != nil && path == "-" }
	onDisk := slices.DeleteFunc(slices.Clone(cfg.Paths), isStdin)
	files, err := opt.ParseFiles(onDisk...)
	if err != nil {
		return nil, nil, err
	}
	if len(onDisk) < len(cfg.Paths) {
		if read, err = io.ReadAll(stdin); err != nil {
			return nil, nil, fmt.Errorf("read the standard input: %w", err)
		}
		files = append(files, rules.ParseFile(stdinName, read, opt))
	}
	return rules.Assemble(files, opt), read, nil
}

// loadOptions reads the files that say what becomes of rules. The error is everything that is wrong in
// them: rules loaded without would miss events, or be missing.
func (c *RulesConfig) loadOptions() (rules.LoadOptions, error) {
	opt := rules.LoadOptions{
		Statuses: c.Statuses, Sources: rules.SourceOptions{Security4688: c.Security4688, DefenderAntivirus: c.DefenderAntivirus},
	}
	var placeholders, sources error
	if c.PlaceholdersFile != "" {
		opt.Placeholders, placeholders = rules.LoadPlaceholders(c.PlaceholdersFile)
	}
	if c.LogSourcesFile != "" {
		opt.Sources.Custom, sources = rules.LoadLogSources(c.LogSourcesFile)
	}
	return opt, errors.Join(placeholders, sources)
}

// where names what the settings take the rules from.
func (c *RulesConfig) where() string {
	if len(c.Paths) == 0 {
		return "the built-in set"
	}
	return strings.Join(c.Paths, ", ")
}

// loadRuleset reads and compiles the rules that the settings name. A rule that is refused does not keep the
// others from running; a set in which none can run is an error.
func loadRuleset(cfg *RulesConfig) (*ruleset, error) {
	set, _, err := loadRules(cfg, nil)
	if err != nil {
		return nil, err
	}
	engine, refused := matcher.Compile(set, matcher.Options{})
	r := &ruleset{set: set, engine: engine, findings: joinFindings(set.Findings, refused)}
	r.rejected = len(set.Rejected) + len(refused)
	if engine.Stats().Active > 0 {
		return r, nil
	}
	where := cfg.where()
	switch n := len(engine.Stats().Unmapped); {
	case r.rejected > 0:
		return nil, fmt.Errorf("%w\nno rule of %s can run: all of them were refused, see above", refusedOnly(r.findings), where)
	case n > 0:
		return nil, fmt.Errorf("no rule of %s can run: the log sources of all %d have no events that picket knows", where, n)
	case set.Deselected > 0:
		return nil, fmt.Errorf("no rule of %s can run: rules.statuses (%s) leaves all %d out", where, strings.Join(cfg.Statuses, ", "), set.Deselected)
	}
	return nil, noRuleIn(where)
}

func noRuleIn(where string) error {
	return fmt.Errorf("no rule in %s: Sigma rules are files that end in .yml or .yaml", where)
}

// joinFindings gives the findings of both in the order of the files.
func joinFindings(a, b rules.Errors) rules.Errors {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y *rules.Error) int {
		return cmp.Or(strings.Compare(x.Pos.File, y.Pos.File), cmp.Compare(x.Pos.Line, y.Pos.Line), cmp.Compare(x.Pos.Col, y.Pos.Col))
	})
	return all
}

// refusedOnly leaves the lint out.
func refusedOnly(findings rules.Errors) (out rules.Errors) {
	for _, f := range findings {
		if f.Refused() {
			out = append(out, f)
		}
	}
	return out
}

// shownFindings bounds what is printed of a large set in which much is wrong.
const shownFindings = 20

// refusals gives what was refused, one finding a line and not too many of them, or nothing.
func (r *ruleset) refusals() error {
	refused := refusedOnly(r.findings)
	if len(refused) == 0 {
		return nil
	}
	text := refused[:min(len(refused), shownFindings)].Error()
	if more := len(refused) - shownFindings; more > 0 {
		text += fmt.Sprintf("\nand %d more; 'picket check' lists all", more)
	}
	return errors.New(text)
}

// summary says in a line what the set is.
func (r *ruleset) summary() string {
	s := r.engine.Stats()
	text := plural(s.Active, "rule")
	var not []string
	if r.rejected > 0 {
		not = append(not, fmt.Sprintf("%d refused", r.rejected))
	}
	if n := len(s.Unmapped); n > 0 {
		not = append(not, fmt.Sprintf("%d of other log sources", n))
	}
	if n := r.set.Deselected; n > 0 {
		not = append(not, fmt.Sprintf("%d of other statuses", n))
	}
	if len(not) > 0 {
		text += " (" + strings.Join(not, ", ") + ")"
	}
	return text
}

// forMetrics describes the set to the console.
func (r *ruleset) forMetrics() console.Ruleset {
	s := r.engine.Stats()
	return console.Ruleset{Hash: r.set.Hash, Active: s.Active, Rejected: r.rejected, Unmapped: len(s.Unmapped)}
}
