package rules

import (
	"slices"
	"time"
)

// Correlation is a rule over the events that other rules have matched (sigma-specification 2.1.0,
// "Correlation rules"). It is read and checked completely; nothing evaluates it yet.
type Correlation struct {
	Pos            Pos
	ID             string
	Title          string
	Name           string
	Description    string
	Author         string
	Status         string
	Level          string
	Tags           []string
	References     []string
	FalsePositives []string

	Type     CorrelationType
	Rules    []Referenced // in the order written; of a condition without rules, in that of the condition
	GroupBy  []string     // fields or aliases; empty: one group of everything
	Timespan time.Duration
	Aliases  []Alias
	// Generate lets the referenced rules give alerts of their own beside the correlation's.
	Generate bool

	// What is counted is compared with each of Thresholds; all must hold. They are empty only when
	// Condition is set: temporal types without a condition ask for every rule.
	Thresholds []Threshold
	Fields     []string // value types: what is counted or computed; several are a tuple
	Percentile string   // value_percentile: a number from 0 to 100, as written
	// Condition, of temporal types only, is a boolean expression over Rules by index.
	Condition *Cond

	Hash   string // as Rule.Hash
	Source string
}

// CorrelationType says what a correlation computes over the window.
type CorrelationType string

// The types of Sigma; value_median is an extension that pySigma and RSigma share.
const (
	EventCount      CorrelationType = "event_count"      // matches of the rules
	ValueCount      CorrelationType = "value_count"      // distinct values of Fields
	ValueSum        CorrelationType = "value_sum"        // of the numbers in Fields
	ValueAvg        CorrelationType = "value_avg"        // of the numbers in Fields
	ValueMedian     CorrelationType = "value_median"     // of the numbers in Fields
	ValuePercentile CorrelationType = "value_percentile" // of the numbers in Fields, at Percentile
	Temporal        CorrelationType = "temporal"         // different rules, in any order
	TemporalOrdered CorrelationType = "temporal_ordered" // the rules in their order
)

// Threshold is one comparison of what a correlation computes.
type Threshold struct {
	Compare Compare
	Number  string // decimal text as written
}

// Referenced is a rule that a correlation is about: one of Rule and Correlation is set once the set is
// assembled.
type Referenced struct {
	Reference
	Rule        *Rule
	Correlation *Correlation
}

// Alias gives a field that is named differently in different rules one name for GroupBy.
type Alias struct {
	Name   string
	Fields []AliasField // a rule without an entry has the field under the alias's own name
}

// AliasField is the field of one rule.
type AliasField struct {
	Rule  int // index into Correlation.Rules
	Field string
	ref   Reference // as written: the id or the name, whatever Rules has
}

// clone copies what the assembly of a set writes to.
func (c *Correlation) clone() *Correlation {
	out := *c
	out.Rules = slices.Clone(c.Rules)
	out.Aliases = slices.Clone(c.Aliases)
	for i := range out.Aliases {
		out.Aliases[i].Fields = slices.Clone(out.Aliases[i].Fields)
	}
	return &out
}
