package main

import (
	"cmp"
	"errors"
	"fmt"
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

// loadRuleset reads and compiles the rules at paths, or those inside the binary when there are none. A
// rule that is refused does not keep the others from running; a set in which none can run is an error.
func loadRuleset(paths []string) (*ruleset, error) {
	set := rules.Default()
	if len(paths) > 0 {
		var err error
		if set, err = rules.Load(paths...); err != nil {
			return nil, err
		}
	}
	engine, refused := matcher.Compile(set, matcher.Options{})
	r := &ruleset{set: set, engine: engine, findings: joinFindings(set.Findings, refused)}
	r.rejected = len(set.Rejected) + len(refused)
	if engine.Stats().Active > 0 {
		return r, nil
	}
	where := strings.Join(paths, ", ")
	switch n := len(engine.Stats().Unmapped); {
	case r.rejected > 0:
		return nil, fmt.Errorf("%w\nno rule of %s can run: all of them were refused, see above", refusedOnly(r.findings), where)
	case n > 0:
		return nil, fmt.Errorf("no rule of %s can run: the log sources of all %d have no events that picket knows", where, n)
	}
	return nil, fmt.Errorf("no rule in %s: Sigma rules are files that end in .yml or .yaml", where)
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
