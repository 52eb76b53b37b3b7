package rules

// Kind says what a document is.
type Kind string

// The kinds of Sigma documents.
const (
	KindRule        Kind = "rule" // a detection rule
	KindCorrelation Kind = "correlation"
	KindFilter      Kind = "filter"
)

// Rejected is a document that was refused, as far as it could be read.
type Rejected struct {
	Kind      Kind // empty when the document cannot be read at all
	Pos       Pos  // its first key, or that of the finding when it cannot be read
	ID        string
	Title     string
	Status    string
	Level     string
	Tags      []string
	LogSource LogSource
	Findings  Errors // at least one of them refuses; Set.Findings has them too
}

// rejected is a document with what was found in it.
func (d *document) rejected() Rejected {
	r := d.rule.rejected(d.findings)
	r.Kind = d.kind
	return r
}

func (r *Rule) rejected(why Errors) Rejected {
	return Rejected{KindRule, r.Pos, r.ID, r.Title, r.Status, r.Level, r.Tags, r.LogSource, why}
}

func (c *Correlation) rejected(why Errors) Rejected {
	return Rejected{KindCorrelation, c.Pos, c.ID, c.Title, c.Status, c.Level, c.Tags, LogSource{}, why}
}

func (f *Filter) rejected(why Errors) Rejected {
	return Rejected{Kind: KindFilter, Pos: f.Pos, ID: f.ID, Title: f.Title, LogSource: f.LogSource, Findings: why}
}
