package rules

import "slices"

// LoadOptions are the choices that decide what rules become. The zero value is what a user who chose
// nothing gets.
type LoadOptions struct {
	// Placeholders are the values of the modifier expand, by name. They are Sigma strings: wildcards
	// and escapes are active. A rule that names another placeholder is refused.
	Placeholders map[string][]string
	// Statuses are those whose rules load; empty means all but unsupported. A rule without a status, or
	// with one that Sigma does not know, loads whatever is chosen.
	Statuses []string
	// Sources are the choices about log sources that a Set carries to whoever compiles it.
	Sources SourceOptions
}

// leavesOut reports whether rules of a status were not chosen.
func (o LoadOptions) leavesOut(status string) bool {
	return len(o.Statuses) > 0 && !slices.Contains(o.Statuses, status) && slices.Contains(statuses, status)
}
