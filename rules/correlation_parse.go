package rules

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// correlationKind is what a type of correlation takes.
type correlationKind struct {
	fields     bool // a field is required
	tuple      bool // several fields
	percentile bool
	fraction   bool // thresholds may be fractions
	temporal   bool // the condition may be left out, or be a text
}

var correlationKinds = map[CorrelationType]correlationKind{
	EventCount:      {},
	ValueCount:      {fields: true, tuple: true},
	ValueSum:        {fields: true, fraction: true},
	ValueAvg:        {fields: true, fraction: true},
	ValueMedian:     {fields: true, fraction: true},
	ValuePercentile: {fields: true, fraction: true, percentile: true},
	Temporal:        {temporal: true},
	TemporalOrdered: {temporal: true},
}

var correlationTypes = []string{"event_count", "value_count", "value_sum", "value_avg", "value_median", "value_percentile", "temporal", "temporal_ordered"}

var correlationKeys = []string{"type", "rules", "group-by", "timespan", "timeframe", "condition", "aliases", "generate"}

// correlation reads a correlation rule; nil when it is refused.
func (d *document) correlation(m mapping, p pair) *Correlation {
	d.metadata(m)
	d.ranked()
	if p.value.Kind != yaml.MappingNode {
		d.report(d.pos(p.value), CodeWrongType, "correlation has to be a map")
		return nil
	}
	r := &d.rule
	c := &Correlation{
		Pos: r.Pos, ID: r.ID, Title: r.Title, Name: r.Name, Description: r.Description, Author: r.Author,
		Status: r.Status, Level: r.Level, Tags: r.Tags, References: r.References, FalsePositives: r.FalsePositives,
		Hash: hashText(d.chunk.text), Source: d.chunk.text,
	}
	body := newMapping(p.value)
	kind, ok := d.correlationType(c, p, body)
	if !ok {
		return nil
	}
	if e, ok := body.find("rules"); ok {
		for _, ref := range d.references(e.value, CodeCorrelation) {
			c.Rules = append(c.Rules, Referenced{Reference: ref})
		}
	}
	if e, ok := body.find("group-by"); ok {
		c.GroupBy = d.fieldNames(e)
	}
	d.timespan(c, p, body)
	d.correlationCondition(c, kind, p, body)
	if len(c.Rules) == 0 && !d.refused() {
		d.report(d.pos(p.key), CodeCorrelation, "the correlation does not say which rules it is about")
	}
	d.aliases(c, body)
	c.Generate = d.generate(m) || d.generate(body)
	for _, e := range body.pairs {
		d.unknownKey(e.key, correlationKeys)
	}
	if d.refused() {
		return nil
	}
	return c
}

func (d *document) correlationType(c *Correlation, p pair, body mapping) (correlationKind, bool) {
	e, ok := body.find("type")
	if !ok {
		d.report(d.pos(p.key), CodeCorrelation, "the correlation has no type")
		return correlationKind{}, false
	}
	c.Type = CorrelationType(e.value.Value)
	kind, ok := correlationKinds[c.Type]
	if !ok {
		d.report(d.pos(e.value), CodeCorrelation, "unknown type %q of correlation%s", e.value.Value, didYouMean(e.value.Value, correlationTypes))
	}
	return kind, ok
}

// fieldNames reads the name of a field, or a list of them.
func (d *document) fieldNames(e pair) []string {
	nodes := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		nodes = e.value.Content
	}
	var out []string
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode || scalarType(n) == typeNull || n.Value == "" {
			d.report(d.pos(n), CodeCorrelation, "%s takes the name of a field, or a list of them", e.key.Value)
			continue
		}
		out = append(out, n.Value)
	}
	return out
}

var timespanText = regexp.MustCompile(`^([0-9]+)([smhdwMy])$`)

// Months and years have the mean length that the Gregorian calendar gives them, as in pySigma.
var timespanUnits = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	"M": 2_629_746 * time.Second, "y": 31_556_952 * time.Second,
}

func (d *document) timespan(c *Correlation, p pair, body mapping) {
	e, ok := body.find("timespan")
	old, alias := body.find("timeframe")
	switch {
	case ok && alias:
		d.report(d.pos(old.key), CodeCorrelation, "timeframe is another name for timespan: only one of them can be there")
		return
	case alias:
		e = old
	case !ok:
		d.report(d.pos(p.key), CodeCorrelation, "the correlation has no timespan")
		return
	}
	parts := timespanText.FindStringSubmatch(e.value.Value)
	if e.value.Kind != yaml.ScalarNode || parts == nil {
		d.report(d.pos(e.value), CodeCorrelation, "timespan has to be a number and one of s, m, h, d, w, M, y")
		return
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	unit := timespanUnits[parts[2]]
	switch {
	case err != nil || n > math.MaxInt64/int64(unit):
		d.report(d.pos(e.value), CodeCorrelation, "timespan %s is too long", e.value.Value)
	case n == 0:
		d.report(d.pos(e.value), CodeCorrelation, "timespan has to be longer than nothing")
	default:
		c.Timespan = time.Duration(n) * unit
	}
}

// correlationCondition reads the condition: a map of thresholds, or a text over the rules.
func (d *document) correlationCondition(c *Correlation, kind correlationKind, p pair, body mapping) {
	e, ok := body.find("condition")
	switch {
	case !ok && kind.temporal:
		c.Thresholds = []Threshold{{Compare: CompareGte, Number: strconv.Itoa(len(c.Rules))}}
	case !ok:
		d.report(d.pos(p.key), CodeCorrelation, "the correlation has no condition")
	case e.value.Kind == yaml.MappingNode:
		d.thresholds(c, kind, e)
	case e.value.Kind == yaml.ScalarNode && scalarType(e.value) == typeText && kind.temporal:
		d.ruleCondition(c, e.value)
	case kind.temporal:
		d.report(d.pos(e.value), CodeCorrelation, "condition has to be a map of comparisons, or a text over the rules")
	default:
		d.report(d.pos(e.value), CodeCorrelation, "condition has to be a map of comparisons")
	}
}

var thresholdNames = map[string]Compare{"gt": CompareGt, "gte": CompareGte, "lt": CompareLt, "lte": CompareLte, "eq": CompareEq, "neq": CompareNeq}

var thresholdKeys = []string{"gt", "gte", "lt", "lte", "eq", "neq", "field", "percentile"}

func (d *document) thresholds(c *Correlation, kind correlationKind, condition pair) {
	refuse := func(n *yaml.Node, format string, args ...any) {
		d.report(d.pos(n), CodeCorrelation, format, args...)
	}
	for _, e := range newMapping(condition.value).pairs {
		compare, isThreshold := thresholdNames[e.key.Value]
		number := e.value.Kind == yaml.ScalarNode && scalarType(e.value) == typeNumber
		switch {
		case isThreshold && !number:
			refuse(e.value, "%s takes a number", e.key.Value)
		case isThreshold && !kind.fraction && isFraction(e.value.Value):
			refuse(e.value, "%s counts: a fraction is never reached", c.Type)
		case isThreshold:
			c.Thresholds = append(c.Thresholds, Threshold{compare, e.value.Value})
		case e.key.Value == "field" && !kind.fields:
			refuse(e.key, "%s takes no field", c.Type)
		case e.key.Value == "field":
			if c.Fields = d.fieldNames(e); len(c.Fields) > 1 && !kind.tuple {
				refuse(e.value, "%s takes one field", c.Type)
			}
		case e.key.Value == "percentile" && !kind.percentile:
			refuse(e.key, "%s takes no percentile", c.Type)
		case e.key.Value == "percentile":
			if f, err := strconv.ParseFloat(e.value.Value, 64); !number || err != nil || f < 0 || f > 100 {
				refuse(e.value, "percentile takes a number from 0 to 100")
			}
			c.Percentile = e.value.Value
		default:
			refuse(e.key, "unknown key %q of a condition%s", e.key.Value, didYouMean(e.key.Value, thresholdKeys))
		}
	}
	switch {
	case d.refused():
	case len(c.Thresholds) == 0:
		refuse(condition.value, "condition compares with nothing: one of gt, gte, lt, lte, eq, neq is missing")
	case len(c.Thresholds) > 2:
		refuse(condition.value, "condition has more than the two comparisons of a range")
	case kind.fields && len(c.Fields) == 0:
		refuse(condition.value, "%s needs a field", c.Type)
	case kind.percentile && c.Percentile == "":
		refuse(condition.value, "%s needs a percentile", c.Type)
	}
}

func isFraction(number string) bool {
	_, digits, _ := strings.Cut(number, ".")
	return strings.Trim(digits, "0") != ""
}

// ruleCondition reads a condition over the rules. Without the key rules, it says which they are.
func (d *document) ruleCondition(c *Correlation, n *yaml.Node) {
	if len(c.Rules) == 0 {
		c.Rules = d.rulesOfCondition(n)
	}
	names := make([]Search, len(c.Rules))
	for i, r := range c.Rules {
		names[i].Name = r.Text
	}
	p := conditionParser{searches: names, used: make([]bool, len(names))}
	cond, err := p.parse(n.Value)
	if err != nil {
		d.report(d.within(n, err.off), err.code, "%w", err.err)
		return
	}
	for _, w := range p.warnings {
		d.report(d.pos(n), w.code, "%w", w.err)
	}
	c.Condition = &cond
}

// rulesOfCondition gives every name in a condition that is not a word of the language.
func (d *document) rulesOfCondition(n *yaml.Node) []Referenced {
	words, _ := tokenize(n.Value) // what is wrong with the text is reported by the parser
	var out []Referenced
	for _, w := range words {
		if slices.ContainsFunc([]string{"(", ")", "and", "or", "not", "of", "them", "all", "any"}, w.is) ||
			strings.Contains(w.text, "*") || intText.MatchString(w.text) ||
			slices.ContainsFunc(out, func(r Referenced) bool { return r.Text == w.text }) {
			continue
		}
		out = append(out, Referenced{Reference: Reference{Pos: d.within(n, w.off), Text: w.text}})
	}
	return out
}

// aliases reads alias → {rule: field}.
func (d *document) aliases(c *Correlation, body mapping) {
	e, ok := body.find("aliases")
	if !ok {
		return
	}
	if e.value.Kind != yaml.MappingNode {
		d.report(d.pos(e.value), CodeCorrelation, "aliases has to be a map from aliases to maps from rules to fields")
		return
	}
	for _, a := range newMapping(e.value).pairs {
		alias := Alias{Name: a.key.Value}
		if a.value.Kind != yaml.MappingNode {
			d.report(d.pos(a.value), CodeCorrelation, "alias %q has to be a map from rules to fields", alias.Name)
			continue
		}
		for _, f := range newMapping(a.value).pairs {
			if f.value.Kind != yaml.ScalarNode || scalarType(f.value) == typeNull || f.value.Value == "" {
				d.report(d.pos(f.value), CodeCorrelation, "an alias stands for the name of a field")
				continue
			}
			alias.Fields = append(alias.Fields, AliasField{ref: Reference{d.pos(f.key), f.key.Value}, Field: f.value.Value})
		}
		c.Aliases = append(c.Aliases, alias)
	}
}

// generate reads the key generate, which the specification has beside correlation and pySigma in it.
func (d *document) generate(m mapping) bool {
	e, ok := m.find("generate")
	if !ok {
		return false
	}
	if e.value.Kind != yaml.ScalarNode || scalarType(e.value) != typeBool {
		d.report(d.pos(e.value), CodeCorrelation, "generate is true or false")
		return false
	}
	return strings.EqualFold(e.value.Value, "true")
}
