package main

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/picketsigma/picket/rules"
)

// checkReport is what check found, and what its JSON form prints: docs/checking-rules.md.
type checkReport struct {
	Schema string `json:"schema"`
	Files  int    `json:"files"`
	Rules  int    `json:"rules"`
	stateCounts
	Filters    int            `json:"filters"`
	Deselected int            `json:"deselected"`
	Errors     int            `json:"errors"`
	Warnings   int            `json:"warnings"`
	Ruleset    string         `json:"ruleset"`
	Findings   []checkFinding `json:"findings"`
	States     []ruleEntry    `json:"states"`
}

// stateCounts says how many rules there are of each state.
type stateCounts struct {
	Active   int `json:"active"`
	Unmapped int `json:"unmapped"`
	Rejected int `json:"rejected"`
	Inert    int `json:"inert"`
	Waiting  int `json:"waiting"`
}

// checkFinding is one finding. Line and Col are 0 when it is about the whole file.
type checkFinding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Col      int    `json:"col"` // in characters
	Code     string `json:"code"`
	Severity string `json:"severity"` // error or warning
	Rule     string `json:"rule,omitempty"`
	Message  string `json:"message"`
}

// The severities of findings.
const (
	severityError   = "error"
	severityWarning = "warning"
)

// ruleEntry is one rule and what becomes of it.
type ruleEntry struct {
	State     rules.State    `json:"state"`
	Reason    string         `json:"reason,omitempty"`
	Kind      rules.Kind     `json:"kind,omitempty"`
	ID        string         `json:"id,omitempty"`
	Title     string         `json:"title,omitempty"`
	File      string         `json:"file"`
	Line      int            `json:"line"`
	Status    string         `json:"status,omitempty"`
	Level     string         `json:"level,omitempty"`
	LogSource logSourceEntry `json:"logsource,omitzero"`
	Tags      []string       `json:"tags,omitempty"`
}

type logSourceEntry struct {
	Product  string `json:"product,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`
}

func (e logSourceEntry) text() string {
	return rules.LogSource{Product: e.Product, Category: e.Category, Service: e.Service}.String()
}

func newCheckReport(inv *inventory, flags *checkFlags) *checkReport {
	r := &checkReport{
		Schema: "check/1", Files: inv.set.Files, Rules: len(inv.rules), stateCounts: countStates(inv.rules),
		Filters: len(inv.set.Filters), Deselected: inv.set.Deselected, Ruleset: inv.set.Hash,
		Findings: []checkFinding{}, States: []ruleEntry{},
	}
	for _, f := range inv.findings {
		switch {
		case f.Refused():
			r.Errors++
		case !flags.noLint && !slices.Contains(flags.disable, f.Code):
			r.Warnings++
		default:
			continue
		}
		r.Findings = append(r.Findings, newCheckFinding(f))
	}
	for i := range inv.rules {
		r.States = append(r.States, newRuleEntry(&inv.rules[i]))
	}
	return r
}

func newCheckFinding(f *rules.Error) checkFinding {
	severity := severityWarning
	if f.Refused() {
		severity = severityError
	}
	return checkFinding{f.Pos.File, f.Pos.Line, f.Pos.Col, f.Code, severity, f.Rule, f.Err.Error()}
}

func newRuleEntry(r *listedRule) ruleEntry {
	return ruleEntry{
		State: r.State, Reason: r.Reason, Kind: r.Kind, ID: r.ID, Title: r.Title, File: r.Pos.File, Line: r.Pos.Line,
		Status: r.SigmaStatus, Level: r.Level, Tags: r.Tags,
		LogSource: logSourceEntry{r.LogSource.Product, r.LogSource.Category, r.LogSource.Service},
	}
}

func countStates(list []listedRule) (c stateCounts) {
	for i := range list {
		c.add(list[i].State)
	}
	return c
}

func (c *stateCounts) add(state rules.State) {
	switch state {
	case rules.StateActive:
		c.Active++
	case rules.StateUnmapped:
		c.Unmapped++
	case rules.StateRejected:
		c.Rejected++
	case rules.StateInert:
		c.Inert++
	case rules.StateWaiting:
		c.Waiting++
	}
}

// writeIndentedJSON prints v for people and programs alike.
func writeIndentedJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
