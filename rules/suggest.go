package rules

import (
	"fmt"
	"strings"
)

const maxSuggested = 64 // bytes of a word that is compared with others

// didYouMean gives `; did you mean "x"?` for the candidate nearest to word, or nothing when none is
// near enough to be what was meant.
func didYouMean(word string, candidates []string) string {
	best := nearest(word, candidates, min(1+len(word)/3, len(word)-1))
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// nearest gives the candidate that differs least from word, ignoring case, by at most limit; of equally
// near ones the first. It is empty when there is none.
func nearest(word string, candidates []string, limit int) string {
	if len(word) > maxSuggested {
		return ""
	}
	best, bestDist := "", limit+1
	for _, c := range candidates {
		if len(c) > maxSuggested || c == word || max(len(c)-len(word), len(word)-len(c)) > limit {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// distance is the number of inserted, dropped, changed or swapped neighboring bytes between a and b, both of
// at most maxSuggested bytes.
func distance(a, b string) int {
	var rows [3][maxSuggested + 1]int
	before, prev, cur := rows[0][:len(b)+1], rows[1][:len(b)+1], rows[2][:len(b)+1]
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
