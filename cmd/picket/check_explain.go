package main

import (
	"fmt"
	"strings"

	"github.com/picketsigma/picket/docs"
)

// diagnosticPage is what docs/diagnostics.md says of one code.
type diagnosticPage struct{ code, title, text string }

// diagnosticPages gives the sections of docs/diagnostics.md, each of which is under a heading `## CODE: title`.
func diagnosticPages() []diagnosticPage {
	var out []diagnosticPage
	_, rest, _ := strings.Cut(docs.Diagnostics, "\n## ")
	for section := range strings.SplitSeq(rest, "\n## ") {
		heading, text, _ := strings.Cut(section, "\n")
		code, title, _ := strings.Cut(heading, ": ")
		out = append(out, diagnosticPage{code, title, strings.TrimSpace(text)})
	}
	return out
}

// findPage gives the page of a code, or nil.
func findPage(code string) *diagnosticPage {
	pages := diagnosticPages()
	for i := range pages {
		if pages[i].code == code {
			return &pages[i]
		}
	}
	return nil
}

// explainCode prints the page of a code, or the list of them.
func (a *app) explainCode(code string) error {
	s := a.style(a.stdoutTTY)
	if code == "all" {
		for _, p := range diagnosticPages() {
			if _, err := fmt.Fprintf(a.stdout, "%s  %s\n", s.diagnostic(p.code), p.title); err != nil {
				return err
			}
		}
		return nil
	}
	p := findPage(strings.ToUpper(code))
	if p == nil {
		return usagef("there is no code %q: 'picket check --explain all' lists them", code)
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %s\n\n%s\n", s.diagnostic(p.code), s.bold(p.title), p.text)
	return err
}
