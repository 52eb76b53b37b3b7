// Package docs carries the pages that the binary itself can print. The pages are written for people; nothing
// else in here is code.
package docs

import _ "embed"

// Diagnostics is diagnostics.md: what each code of a finding means and what to do about it.
//
//go:embed diagnostics.md
var Diagnostics string
