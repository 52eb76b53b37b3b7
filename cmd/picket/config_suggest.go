package main

import (
	"slices"
	"strings"
)

// nearestKey finds the setting or section that an unknown path was probably meant to be: the same name
// in another spelling (Kafka's dots, dashes, capitals), the same name elsewhere, or a near miss.
func nearestKey(path string) string {
	var names []string
	for _, s := range settings {
		names = append(names, s.path)
	}
	for _, sec := range sections {
		if sec.path != "" {
			names = append(names, sec.path)
		}
	}
	plain := strings.NewReplacer(".", "", "-", "", "_", "")
	same := func(a, b string) bool { return strings.EqualFold(plain.Replace(a), plain.Replace(b)) }
	for _, n := range names {
		if same(n, path) {
			return n
		}
	}
	for _, n := range names {
		leaf := n[strings.LastIndexByte(n, '.')+1:]
		if same(leaf, path) || same(leaf, path[strings.LastIndexByte(path, '.')+1:]) {
			return n
		}
	}
	section := path[:strings.LastIndexByte(path, '.')+1]
	if !isSection(strings.TrimSuffix(section, ".")) {
		return nearest(path, names)
	}
	var siblings []string
	for _, n := range names {
		if leaf, ok := strings.CutPrefix(n, section); ok && !strings.Contains(leaf, ".") {
			siblings = append(siblings, leaf)
		}
	}
	if near := nearest(path[len(section):], siblings); near != "" {
		return section + near
	}
	return ""
}

// nearest gives the name with the fewest typing errors between it and the given one, else one of
// which either begins with the other, or nothing when none is near: more than a third of the letters
// would have to change.
func nearest(name string, names []string) string {
	best, bestDistance := "", len(name)/3+1
	if i := slices.IndexFunc(names, func(n string) bool {
		return min(len(n), len(name)) >= 3 && (strings.HasPrefix(n, name) || strings.HasPrefix(name, n))
	}); i >= 0 {
		best = names[i]
	}
	for _, n := range names {
		if d := editDistance(strings.ToLower(name), strings.ToLower(n)); d < bestDistance {
			best, bestDistance = n, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of neighbors (optimal string
// alignment) between a and b, byte by byte.
func editDistance(a, b string) int {
	prev2, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = slices.Min([]int{prev[j] + 1, cur[j-1] + 1, prev[j-1] + cost})
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, cur
	}
	return prev[len(b)]
}
