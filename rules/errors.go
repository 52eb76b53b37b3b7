package rules

import (
	"fmt"
	"strings"
)

// Error is one finding about a rule file. A Code that starts with E means that the rule (or, without
// a rule, the file) was refused; W is lint, the rule is loaded. Codes are stable and explained in
// docs/diagnostics.md. Fields are exported so that tools never have to parse the text.
type Error struct {
	Pos  Pos    // where; when in doubt the key, never a guess
	Rule string // the rule's id, or its title when it has no id, or empty when neither was readable
	Code string // "E014"
	Err  error  // what is wrong and, where one is near, what was probably meant
}

// Error prints `file:line:col: CODE: message`.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.Pos, e.Code, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refused reports whether the finding keeps its rule from being loaded.
func (e *Error) Refused() bool { return strings.HasPrefix(e.Code, "E") }

// Errors is all findings of a load, sorted by file, line and column.
type Errors []*Error

// Error prints one finding a line.
func (es Errors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap gives each finding to errors.Is and errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// String prints `file:line:col`, or the file alone when the line is unknown.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}
