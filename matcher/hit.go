package matcher

import "github.com/picketsigma/picket/rules"

// Hit is one rule that one event met.
type Hit struct {
	Rule *rules.Rule
	// Matches is the evidence: the items of the rule that held and made the condition true, in the
	// order of the rule. Items under a `not` that held by being false have no evidence. It is never
	// empty for a rule that can fire on presence; a rule that fires only on absence has none.
	Matches []Evidence
}

// Evidence is one item of a rule that held.
type Evidence struct {
	Selection string // the search's name
	Field     string // the rule's field name; for a keyword the name of the field it was found in
	Op        string // eq, contains, startswith, endswith, … : the operator the rule's author chose
	Pattern   string // the value as written in the rule
	Value     string // the event's value in text form
	Path      string // where it lies in the record, in gjson syntax: winlog.event_data.Company
}
