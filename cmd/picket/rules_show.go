package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/picketsigma/picket/rules"
)

// shownRule is what show prints of a rule: docs/checking-rules.md. Of a rejected one less is known.
type shownRule struct {
	ruleEntry
	Name        string         `json:"name,omitempty"`
	Author      string         `json:"author,omitempty"`
	License     string         `json:"license,omitempty"`
	Date        string         `json:"date,omitempty"`
	Modified    string         `json:"modified,omitempty"`
	Description string         `json:"description,omitempty"`
	References  []string       `json:"references,omitempty"`
	Events      []shownEvents  `json:"events,omitempty"`
	Fields      []string       `json:"fields,omitempty"` // that the condition reads
	Keywords    bool           `json:"keywords,omitempty"`
	Filters     []string       `json:"filters,omitempty"`
	Hash        string         `json:"hash,omitempty"`
	Findings    []checkFinding `json:"findings,omitempty"`
	Source      string         `json:"source,omitempty"`
}

// shownEvents is one kind of event that a log source stands for. An empty list restricts nothing.
type shownEvents struct {
	Channels   []string          `json:"channels,omitempty"`
	EventIDs   []uint32          `json:"event_ids,omitempty"`
	EventTypes []string          `json:"event_types,omitempty"`
	Aliases    map[string]string `json:"aliases,omitempty"` // from the rule's name of a field to the event's
}

// showRule prints the rules that are called name.
func (a *app) showRule(inv *inventory, name, format string) error {
	found := findRules(inv.rules, name)
	if len(found) == 0 {
		var names []string
		for i := range inv.rules {
			names = append(names, inv.rules[i].ID, inv.rules[i].Name, inv.rules[i].Title)
		}
		return fmt.Errorf("no rule has the id, name or title %q%s", name, didYouMean(nearest(name, names)))
	}
	shown := make([]shownRule, len(found))
	for i, r := range found {
		shown[i] = newShownRule(inv, r)
	}
	if format == "json" {
		return writeIndentedJSON(a.stdout, shown)
	}
	b := bufio.NewWriter(a.stdout)
	for i := range shown {
		if i > 0 {
			_, _ = b.WriteString("\n") // Flush says what failed
		}
		shown[i].write(b, a.style(a.stdoutTTY))
	}
	return b.Flush()
}

// minIDPrefix is how much of an id is taken for it: less is a word.
const minIDPrefix = 4

// findRules gives the rules whose id, name or title it is, else those whose id begins with it.
func findRules(list []listedRule, name string) []*listedRule {
	var whole, begun []*listedRule
	for i := range list {
		r := &list[i]
		switch {
		case strings.EqualFold(r.ID, name), r.Name == name, strings.EqualFold(r.Title, name):
			whole = append(whole, r)
		case len(name) >= minIDPrefix && len(r.ID) > len(name) && strings.EqualFold(r.ID[:len(name)], name):
			begun = append(begun, r)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return begun
}

func newShownRule(inv *inventory, r *listedRule) shownRule {
	s := shownRule{ruleEntry: newRuleEntry(r), Name: r.Name}
	var findings rules.Errors
	switch {
	case r.rule != nil:
		x := r.rule
		s.Author, s.License, s.Date, s.Modified, s.Description = x.Author, x.License, x.Date, x.Modified, x.Description
		s.References, s.Hash, s.Source = x.References, x.Hash, x.Source
		s.Fields, s.Keywords = fieldsRead(&x.Detection)
		for _, f := range x.Filters {
			s.Filters = append(s.Filters, cmp.Or(f.ID, f.Title))
		}
		bindings, _ := inv.set.Bind(x.LogSource)
		for _, b := range bindings {
			s.Events = append(s.Events, newShownEvents(b))
		}
		findings = findingsOf(inv.findings, r.Pos.File, x.ID, x.Title)
	case r.correlation != nil:
		x := r.correlation
		s.Author, s.Description, s.References, s.Hash, s.Source = x.Author, x.Description, x.References, x.Hash, x.Source
		findings = findingsOf(inv.findings, r.Pos.File, x.ID, x.Title)
	default:
		findings = r.findings
	}
	for _, f := range findings {
		s.Findings = append(s.Findings, newCheckFinding(f))
	}
	return s
}

func newShownEvents(b rules.Binding) shownEvents {
	e := shownEvents{Channels: b.Channels, EventIDs: b.EventIDs, EventTypes: b.EventTypes}
	for _, a := range b.Aliases {
		if e.Aliases == nil {
			e.Aliases = map[string]string{}
		}
		e.Aliases[a.Field] = a.Event
	}
	return e
}

// fieldsRead gives the fields that a detection reads, sorted, and whether it looks into all of them.
func fieldsRead(d *rules.Detection) (fields []string, keywords bool) {
	var walk func(n *rules.Node)
	walk = func(n *rules.Node) {
		for i := range n.Children {
			walk(&n.Children[i])
		}
		if n.Kind != rules.NodeItem {
			return
		}
		if n.Item.Field == "" {
			keywords = true
		} else {
			fields = append(fields, n.Item.Field)
		}
		for _, v := range n.Item.Values {
			for _, o := range v.Alts {
				if o.Kind == rules.OperandFieldRef {
					fields = append(fields, o.FieldRef)
				}
			}
		}
	}
	for i := range d.Searches {
		walk(&d.Searches[i].Root)
	}
	slices.Sort(fields)
	return slices.Compact(fields), keywords
}

// write prints the rule for people. The writer keeps an error for its end.
func (s *shownRule) write(w io.Writer, paint style) {
	row := func(name, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(w, "%s%s\n", paint.faint(fit(name, 13)), text)
		}
	}
	list := func(name string, items []string) { row(name, visible(strings.Join(items, ", "))) }
	_, _ = fmt.Fprintf(w, "%s\n", paint.bold(visible(cmp.Or(s.Title, "(without a title)"))))
	row("id", visible(s.ID))
	row("name", visible(s.Name))
	state := paint.state(s.State, string(s.State))
	if s.Reason != "" {
		state += ": " + visible(s.Reason)
	}
	row("state", state)
	row("level", paint.level(s.Level, visible(s.Level)))
	row("status", visible(s.Status))
	row("author", visible(cmp.Or(s.Author, "not given")))
	row("license", visible(cmp.Or(s.License, "not given")))
	row("date", visible(s.Date))
	row("modified", visible(s.Modified))
	list("tags", s.Tags)
	row("log source", visible(s.LogSource.text()))
	for i := range s.Events {
		row("events", visible(s.Events[i].text()))
	}
	fields := s.Fields
	if s.Keywords {
		fields = append(slices.Clone(fields), "every value (keywords)")
	}
	list("fields", fields)
	list("filters", s.Filters)
	list("references", s.References)
	row("file", visible(fmt.Sprintf("%s:%d", s.File, s.Line)))
	row("hash", s.Hash)
	for i := range s.Findings {
		f := &s.Findings[i]
		row("finding", fmt.Sprintf("%d:%d: %s: %s", f.Line, f.Col, paint.diagnostic(f.Code), visible(f.Message)))
	}
	if s.Source != "" {
		_, _ = fmt.Fprintln(w)
		for line := range strings.Lines(s.Source) {
			_, _ = fmt.Fprintln(w, visibleLine(strings.TrimSuffix(line, "\n")))
		}
	}
}

// text says which events these are.
func (e *shownEvents) text() string {
	text := "every Windows event"
	if len(e.Channels) > 0 {
		text = "every event of " + strings.Join(e.Channels, ", ")
	}
	if len(e.EventIDs) > 0 {
		ids := strings.Trim(fmt.Sprint(e.EventIDs), "[]")
		text = strings.Replace(text, "every event", "event "+strings.ReplaceAll(ids, " ", ", "), 1)
	}
	if len(e.EventTypes) > 0 {
		text += " with EventType " + strings.Join(e.EventTypes, " or ")
	}
	var names []string
	for field, event := range e.Aliases {
		names = append(names, event+" as "+field)
	}
	if slices.Sort(names); len(names) > 0 {
		text += ", with " + strings.Join(names, ", ")
	}
	return text
}
