package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/picketsigma/picket/rules"
)

// textColumns is how wide text is set when the terminal's width is not known.
const textColumns = 100

// write prints the counts for people.
func (s *ruleStats) write(w io.Writer, paint style, columns int) error {
	b := bufio.NewWriter(w)
	p := &statsPrinter{Writer: b, style: paint, columns: cmp.Or(columns, textColumns), waiting: s.Waiting > 0}
	p.headline(s)
	p.groups("LEVEL", s.ByLevel)
	p.groups("STATUS", s.ByStatus)
	p.groups("LOG SOURCE", s.ByLogSource)
	p.groups("TACTIC", s.ByTactic)
	p.techniques(s.ByTechnique)
	for _, state := range []rules.State{rules.StateRejected, rules.StateInert, rules.StateWaiting, rules.StateUnmapped} {
		p.reasons(state, s.NotActive)
	}
	return b.Flush()
}

// statsPrinter prints the parts of ruleStats. Its writer keeps an error for its end.
type statsPrinter struct {
	*bufio.Writer
	style   style
	columns int
	waiting bool // a column for rules that wait: most sets have none
}

func (p *statsPrinter) printf(format string, args ...any) { _, _ = fmt.Fprintf(p, format, args...) }

func (p *statsPrinter) headline(s *ruleStats) {
	p.printf("%s in %s: %s\n", plural(s.Rules, "rule"), plural(s.Files, "file"), s.stateCounts.text())
	if s.Filters > 0 {
		p.printf("%s\n", plural(s.Filters, "filter"))
	}
	if s.Deselected > 0 {
		p.printf("%s of other statuses left out\n", plural(s.Deselected, "rule"))
	}
	p.printf("rule set %s\n", s.Ruleset)
}

// groups prints a table of counts.
func (p *statsPrinter) groups(heading string, groups []statsGroup) {
	if len(groups) == 0 {
		return
	}
	width := len(heading)
	for _, g := range groups {
		width = max(width, utf8.RuneCountInString(visible(g.Name)))
	}
	row := func(name string, counts ...string) string {
		text := fit(name, width)
		if !p.waiting {
			counts = counts[:len(counts)-1]
		}
		for _, c := range counts {
			text += fmt.Sprintf("%10s", c)
		}
		return text
	}
	p.printf("\n%s\n", p.style.bold(row(heading, "RULES", "ACTIVE", "UNMAPPED", "REJECTED", "INERT", "WAITING")))
	for _, g := range groups {
		p.printf("%s\n", row(visible(g.Name), thousands(g.Rules), thousands(g.Active), thousands(g.Unmapped),
			thousands(g.Rejected), thousands(g.Inert), thousands(g.Waiting)))
	}
}

// techniques prints those of ATT&CK that active rules name, with how many, and those that only others do.
func (p *statsPrinter) techniques(groups []statsGroup) {
	var covered, missed []string
	for _, g := range groups {
		if g.Active > 0 {
			covered = append(covered, fmt.Sprintf("%s %d", g.Name, g.Active))
		} else {
			missed = append(missed, g.Name)
		}
	}
	list := func(heading string, items []string) {
		if len(items) == 0 {
			return
		}
		p.printf("\n%s  %s\n", p.style.bold(heading), plural(len(items), "technique"))
		line := ""
		for _, item := range items {
			cell := fit(item, len("T1059.001 999"))
			if line != "" && len(line)+len(gap)+len(cell) > p.columns {
				p.printf("%s\n", strings.TrimRight(line, " "))
				line = ""
			}
			if line != "" {
				line += gap
			}
			line += cell
		}
		p.printf("%s\n", strings.TrimRight(line, " "))
	}
	list("ATT&CK, WITH ACTIVE RULES", covered)
	list("ATT&CK, ONLY IN OTHER RULES", missed)
}

// reasons prints the rules in a state, under the reasons for it.
func (p *statsPrinter) reasons(state rules.State, list []ruleEntry) {
	var reasons []string
	because := map[string][]*ruleEntry{}
	count := 0
	for i := range list {
		r := &list[i]
		if r.State != state {
			continue
		}
		count++
		if because[r.Reason] == nil {
			reasons = append(reasons, r.Reason)
		}
		because[r.Reason] = append(because[r.Reason], r)
	}
	if count == 0 {
		return
	}
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(len(because[b]), len(because[a])) })
	p.printf("\n%s  %s\n", p.style.bold(strings.ToUpper(string(state))), plural(count, "rule"))
	for _, reason := range reasons {
		p.printf("  %s\n", visible(reason))
		for _, r := range because[reason] {
			name := strings.TrimSpace(r.ID + gap + r.Title)
			p.printf("    %s\n", visible(cmp.Or(name, fmt.Sprintf("%s:%d", r.File, r.Line))))
		}
	}
}
