package rules

// Set is one immutable rule set: what is parsed, hashed, compiled and swapped as a whole.
type Set struct {
	Rules    []*Rule // accepted rules, ordered by file and position
	Findings Errors  // everything that was refused or looks wrong, sorted; refused rules are not in Rules
	// Hash identifies the set: "sha256:" and the hex digest over the sorted hashes of its rules. Two
	// members of a group with the same hash evaluate the same rules.
	Hash string
}
