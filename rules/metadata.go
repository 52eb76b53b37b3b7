package rules

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// The words of sigma-specification 2.1.0 for status and level, in its order.
var (
	statuses = []string{"stable", "test", "experimental", "deprecated", "unsupported"}
	levels   = []string{"informational", "low", "medium", "high", "critical"}
	uuidText = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// Statuses are the words of Sigma for how ripe a rule is, ripest first. The slice is the caller's.
func Statuses() []string { return slices.Clone(statuses) }

// Levels are the words of Sigma for how much a match weighs, lightest first. The slice is the caller's.
func Levels() []string { return slices.Clone(levels) }

const maxTitle = 256 // characters, sigma-specification "Title"

// keys are those that a document can have at its top.
var keys = []string{
	"title", "id", "name", "related", "taxonomy", "status", "description", "license", "author", "references", "date", "modified",
	"logsource", "detection", "level", "fields", "falsepositives", "tags", "scope", "correlation", "filter", "generate", "action",
}

var (
	logSourceKeys = []string{"category", "product", "service", "definition"}
	relatedTypes  = []string{"derived", "obsolete", "obsoletes", "merged", "renamed", "similar", "correlation"}
)

// metadata reads everything but log source and detection. Only title and taxonomy can refuse a rule:
// the rest is informational.
func (d *document) metadata(m mapping) {
	r := &d.rule
	d.title(m)
	if p, ok := m.find("taxonomy"); ok && (p.value.Kind != yaml.ScalarNode || p.value.Value != "sigma") {
		d.report(d.pos(p.value), CodeTaxonomy, "taxonomy is not sigma, and no mapping to another is configured")
	}
	r.ID = d.text(m, "id")
	r.Name = d.text(m, "name")
	r.Description = d.text(m, "description")
	r.Author = d.text(m, "author")
	r.License = d.text(m, "license")
	r.Date = d.text(m, "date")
	r.Modified = d.text(m, "modified")
	r.Status = d.word(m, "status", CodeUnknownStatus, statuses)
	r.Level = d.word(m, "level", CodeUnknownLevel, levels)
	r.References = d.texts(m, "references")
	r.FalsePositives = d.texts(m, "falsepositives")
	r.Fields = d.texts(m, "fields")
	r.Tags = d.texts(m, "tags")
	d.texts(m, "scope")
	d.related(m)
	if r.ID != "" && !uuidText.MatchString(r.ID) {
		p, _ := m.find("id")
		d.report(d.pos(p.value), CodeIDNotUUID, "id %q is not a UUID", r.ID)
	}
	if r.Status == "unsupported" && !slices.Contains(d.opt.Statuses, r.Status) {
		p, _ := m.find("status")
		d.report(d.pos(p.value), CodeUnsupported, "status is unsupported: the rule is not loaded")
	}
	d.checkTags(m)
	d.checkDate(m, "date")
	d.checkDate(m, "modified")
	for _, p := range m.pairs {
		d.unknownKey(p.key, keys)
	}
}

// ranked warns when nothing says how much a rule's alerts weigh, or how ripe it is.
func (d *document) ranked() {
	switch r := d.rule; {
	case r.Level == "" && r.Status == "":
		d.report(r.Pos, CodeNoLevel, "level and status are missing")
	case r.Level == "":
		d.report(r.Pos, CodeNoLevel, "level is missing: alerts have none")
	case r.Status == "":
		d.report(r.Pos, CodeNoLevel, "status is missing")
	}
}

// checkDate warns about a date that is none, or not written as the specification has it.
func (d *document) checkDate(m mapping, key string) {
	text := m.scalarText(key)
	if text == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		p, _ := m.find(key)
		d.report(d.pos(p.value), CodeDate, "%s %q is not a date of the form YYYY-MM-DD", key, text)
	}
}

func (d *document) title(m mapping) {
	p, ok := m.find("title")
	switch {
	case !ok:
		d.report(d.rule.Pos, CodeMissingKey, "title is missing")
	case p.value.Kind != yaml.ScalarNode || scalarType(p.value) != typeText:
		d.report(d.pos(p.value), CodeWrongType, "title has to be text")
	default:
		d.rule.Title = p.value.Value
		if n := utf8.RuneCountInString(p.value.Value); n > maxTitle {
			d.report(d.pos(p.value), CodeLongTitle, "title has %d characters, more than %d", n, maxTitle)
		}
	}
}

// text reads an informational key: a number or a date is its text, anything that is no scalar warns.
func (d *document) text(m mapping, key string) string {
	p, ok := m.find(key)
	if !ok {
		return ""
	}
	if p.value.Kind != yaml.ScalarNode {
		d.report(d.pos(p.value), CodeInfoType, "%s has to be text", key)
		return ""
	}
	if scalarType(p.value) == typeNull {
		return ""
	}
	return p.value.Value
}

// word reads a key that takes one of a few words. An unknown one is kept as written and warned about.
func (d *document) word(m mapping, key, code string, words []string) string {
	v := d.text(m, key)
	if v != "" && !slices.Contains(words, v) {
		p, _ := m.find(key)
		d.report(d.pos(p.value), code, "unknown %s %q%s", key, v, didYouMean(v, words))
	}
	return v
}

// texts reads a list of strings; a single string is a list of one, as in old rules.
func (d *document) texts(m mapping, key string) []string {
	p, ok := m.find(key)
	if !ok || p.value.Kind == yaml.ScalarNode && scalarType(p.value) == typeNull {
		return nil
	}
	switch p.value.Kind {
	case yaml.ScalarNode:
		return []string{p.value.Value}
	case yaml.SequenceNode:
		out := make([]string, 0, len(p.value.Content))
		for _, v := range p.value.Content {
			if v.Kind != yaml.ScalarNode {
				d.report(d.pos(v), CodeInfoType, "%s has to be a list of texts", key)
				continue
			}
			out = append(out, v.Value)
		}
		return out
	}
	d.report(d.pos(p.value), CodeInfoType, "%s has to be a list of texts", key)
	return nil
}

func (d *document) related(m mapping) {
	p, ok := m.find("related")
	if !ok || p.value.Kind == yaml.ScalarNode && scalarType(p.value) == typeNull {
		return
	}
	if p.value.Kind != yaml.SequenceNode {
		d.report(d.pos(p.value), CodeInfoType, "related has to be a list of maps with id and type")
		return
	}
	for _, v := range p.value.Content {
		if v.Kind != yaml.MappingNode {
			d.report(d.pos(v), CodeInfoType, "related has to be a list of maps with id and type")
			continue
		}
		e := newMapping(v)
		r := Related{ID: e.scalarText("id"), Type: e.scalarText("type")}
		if r.ID == "" || !slices.Contains(relatedTypes, r.Type) {
			d.report(d.pos(v), CodeInfoType, "related needs an id, and a type of %s%s", strings.Join(relatedTypes, ", "), didYouMean(r.Type, relatedTypes))
		}
		d.rule.Related = append(d.rule.Related, r)
	}
}

// logSource reads the log source. Keys it does not know are custom and change nothing.
func (d *document) logSource(m mapping) {
	p, ok := m.find("logsource")
	if !ok {
		d.report(d.rule.Pos, CodeMissingKey, "logsource is missing")
		return
	}
	if p.value.Kind != yaml.MappingNode {
		d.report(d.pos(p.value), CodeWrongType, "logsource has to be a map")
		return
	}
	ls := LogSource{Pos: d.pos(p.key)}
	for _, e := range newMapping(p.value).pairs {
		var dst *string
		switch e.key.Value {
		case "category":
			dst = &ls.Category
		case "product":
			dst = &ls.Product
		case "service":
			dst = &ls.Service
		case "definition":
			if e.value.Kind == yaml.ScalarNode {
				ls.Definition = e.value.Value
			}
			continue
		default:
			d.unknownKey(e.key, logSourceKeys)
			continue
		}
		switch {
		case e.value.Kind != yaml.ScalarNode, scalarType(e.value) != typeText && scalarType(e.value) != typeNull:
			d.report(d.pos(e.value), CodeWrongType, "%s of the logsource has to be text", e.key.Value)
		default:
			*dst = strings.ToLower(e.value.Value)
			if scalarType(e.value) == typeNull {
				*dst = ""
			}
		}
	}
	if ls.Category == "" && ls.Product == "" && ls.Service == "" {
		d.report(d.pos(p.key), CodeEmptyLogSource, "logsource needs a category, a product or a service")
	}
	d.rule.LogSource = ls
}

// unknownKey warns about a key that is nearly a known one: as it stands, it is a custom key that changes
// nothing.
func (d *document) unknownKey(key *yaml.Node, known []string) {
	if slices.Contains(known, key.Value) {
		return
	}
	if near := nearest(key.Value, known, 1+len(key.Value)/9); near != "" {
		d.report(d.pos(key), CodeMisspelt, "key %q means nothing here; did you mean %q?", key.Value, near)
	}
}
