package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Set is one immutable rule set: what is parsed, hashed, compiled and swapped as a whole.
type Set struct {
	Rules    []*Rule // accepted rules, ordered by file and position
	Findings Errors  // everything that was refused or looks wrong, sorted; refused rules are not in Rules
	// Hash identifies the set: "sha256:" and the hex digest over the sorted hashes of its rules. Two
	// members of a group with the same hash evaluate the same rules.
	Hash string
}

// NewSet makes a set of parsed rules and their findings. Of rules with the same id, ignoring case,
// the first by file and position is kept and every other refused. The arguments are not changed.
func NewSet(rules []*Rule, findings Errors) *Set {
	ordered := slices.Clone(rules)
	slices.SortStableFunc(ordered, func(a, b *Rule) int { return comparePos(a.Pos, b.Pos) })
	s := &Set{Findings: slices.Clone(findings)}
	byID := make(map[string]*Rule, len(ordered))
	hashes := make([]string, 0, len(ordered))
	for _, r := range ordered {
		if r.ID != "" {
			id := strings.ToLower(r.ID)
			if first := byID[id]; first != nil {
				s.Findings = append(s.Findings, &Error{Pos: r.Pos, Rule: r.ID, Code: CodeDuplicateID,
					Err: fmt.Errorf("id %s is taken by the rule at %s", r.ID, first.Pos)})
				continue
			}
			byID[id] = r
		}
		s.Rules = append(s.Rules, r)
		hashes = append(hashes, r.Hash)
	}
	s.Findings.sort()
	slices.Sort(hashes)
	h := sha256.New()
	for _, x := range hashes {
		h.Write([]byte(x + "\n")) // a hash never fails to write
	}
	s.Hash = "sha256:" + hex.EncodeToString(h.Sum(nil))
	return s
}
