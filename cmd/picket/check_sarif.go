package main

import (
	"net/url"
	"path/filepath"
)

// sarifLog is a log of one run in SARIF 2.1.0, as far as findings need it. The numbers in comments are sections
// of the OASIS standard.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct { // 3.14
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"` // 3.14.17: our columns count characters
	Results    []sarifResult `json:"results"`
}

type sarifTool struct { // 3.18
	Driver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	} `json:"driver"`
}

type sarifRule struct { // 3.49
	ID                   string    `json:"id"`
	ShortDescription     sarifText `json:"shortDescription"`
	Help                 sarifText `json:"help"`
	DefaultConfiguration struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct { // 3.27
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"` // into the driver's rules
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct { // 3.28
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"` // absent: the whole file
	} `json:"physicalLocation"`
}

type sarifRegion struct { // 3.30
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
}

// newSARIF writes a report as a log of SARIF: its rules are our codes.
func newSARIF(r *checkReport, version string) *sarifLog {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	d := &run.Tool.Driver
	d.Name, d.Version, d.InformationURI, d.Rules = "picket", version, "https://github.com/picketsigma/picket", []sarifRule{}
	index := map[string]int{}
	for _, f := range r.Findings {
		at, known := index[f.Code]
		if !known {
			at = len(d.Rules)
			index[f.Code] = at
			d.Rules = append(d.Rules, newSARIFRule(&f))
		}
		result := sarifResult{RuleID: f.Code, RuleIndex: at, Level: f.Severity, Message: sarifText{f.Message}, Locations: make([]sarifLocation, 1)}
		physical := &result.Locations[0].Physical
		physical.Artifact.URI = fileURI(f.File)
		if f.Line > 0 {
			physical.Region = &sarifRegion{f.Line, f.Col}
		}
		run.Results = append(run.Results, result)
	}
	return &sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

func newSARIFRule(f *checkFinding) sarifRule {
	rule := sarifRule{ID: f.Code}
	rule.DefaultConfiguration.Level = f.Severity
	if p := findPage(f.Code); p != nil {
		rule.ShortDescription.Text, rule.Help.Text = p.title, p.text
	}
	return rule
}

// fileURI is a relative reference for a relative path, which readers resolve against the repository.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
