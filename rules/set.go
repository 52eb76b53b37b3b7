package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Set is one immutable rule set: what is parsed, hashed, compiled and swapped as a whole.
type Set struct {
	Rules []*Rule // accepted rules with their filters, ordered by file and position
	// Correlations are sound, with their references resolved, but nothing evaluates them yet: the rules
	// they refer to give alerts of their own.
	Correlations []*Correlation
	Filters      []*Filter // in the order they are applied: by file and position
	// Rejected are the documents that were refused, by file and position. With Rules, Correlations, Filters
	// and Deselected they are all that the files hold, but for the templates of the legacy key action.
	Rejected   []Rejected
	Findings   Errors // everything that was refused or looks wrong, sorted; refused rules are not in Rules
	Files      int    // files read
	Deselected int    // rules that LoadOptions.Statuses left out
	// Hash identifies the set: "sha256:" and the hex digest over the sorted hashes of its rules and the
	// choices about log sources. Two members of a group with the same hash evaluate the same rules.
	Hash    string
	sources *sources // nil: no options
}

// NewSet makes a set of parsed rules and their findings. See Assemble.
func NewSet(rules []*Rule, findings Errors) *Set {
	return Assemble([]File{{Rules: rules, Findings: findings}}, LoadOptions{})
}

// Assemble makes a set of files. Of two with the same id, ignoring case, the second is refused: rules come
// before correlations and these before filters, each by file and position. Filters become part of the
// rules they name; the references of correlations are resolved. The order of files does not matter, and
// what they hold is not changed.
func Assemble(files []File, opt LoadOptions) *Set {
	s := &Set{Files: len(files)}
	for _, f := range files {
		s.Rules = append(s.Rules, f.Rules...)
		for _, x := range f.Correlations {
			s.Correlations = append(s.Correlations, x.clone())
		}
		s.Filters = append(s.Filters, f.Filters...)
		s.Rejected = append(s.Rejected, f.Rejected...)
		s.Findings = append(s.Findings, f.Findings...)
		s.Deselected += f.Deselected
	}
	slices.SortStableFunc(s.Rules, func(a, b *Rule) int { return comparePos(a.Pos, b.Pos) })
	slices.SortStableFunc(s.Correlations, func(a, b *Correlation) int { return comparePos(a.Pos, b.Pos) })
	slices.SortStableFunc(s.Filters, func(a, b *Filter) int { return comparePos(a.Pos, b.Pos) })
	c := s.dropDuplicates()
	s.applyFilters(c)
	var unresolved []Rejected
	s.Correlations, unresolved = c.resolve(s.Correlations, &s.Findings)
	s.Rejected = append(s.Rejected, unresolved...)
	slices.SortStableFunc(s.Rejected, func(a, b Rejected) int { return comparePos(a.Pos, b.Pos) })
	s.Findings.sort()
	s.sources = opt.Sources.table()
	s.Hash = s.digest(opt.Sources)
	return s
}

// dropDuplicates keeps the first document with each id, and gives the catalog of them.
func (s *Set) dropDuplicates() *catalog {
	c := newCatalog(len(s.Rules))
	reject := func(doc interface{ rejected(Errors) Rejected }, duplicate *Error) bool {
		if duplicate == nil {
			return false
		}
		s.Findings = append(s.Findings, duplicate)
		s.Rejected = append(s.Rejected, doc.rejected(Errors{duplicate}))
		return true
	}
	s.Rules = slices.DeleteFunc(s.Rules, func(r *Rule) bool {
		return reject(r, c.add(entry{pos: r.Pos, rule: r}, r.ID, r.Name, r.Title, &s.Findings))
	})
	s.Correlations = slices.DeleteFunc(s.Correlations, func(r *Correlation) bool {
		return reject(r, c.add(entry{pos: r.Pos, correlation: r}, r.ID, r.Name, r.Title, &s.Findings))
	})
	s.Filters = slices.DeleteFunc(s.Filters, func(f *Filter) bool {
		return reject(f, c.add(entry{pos: f.Pos}, f.ID, "", f.Title, &s.Findings))
	})
	return c
}

// applyFilters replaces rules by what filters make of them.
func (s *Set) applyFilters(c *catalog) {
	if len(s.Filters) == 0 {
		return
	}
	at := make(map[*Rule]int, len(s.Rules))
	for i, r := range s.Rules {
		at[r] = i
	}
	for _, f := range s.Filters {
		for _, r := range f.targets(s.Rules, c, &s.Findings) {
			i := at[r]
			filtered := f.apply(r)
			s.Rules[i], at[filtered] = filtered, i
			c.replace(r, filtered)
		}
	}
}

func (s *Set) digest(opt SourceOptions) string {
	hashes := make([]string, 0, len(s.Rules))
	for _, r := range s.Rules {
		hashes = append(hashes, r.Hash)
	}
	slices.Sort(hashes)
	h := sha256.New()
	for _, x := range hashes {
		h.Write([]byte(x + "\n")) // a hash never fails to write
	}
	if !opt.isZero() {
		h.Write(fmt.Appendf(nil, "sources %+v\n", opt))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
