//go:build race

package reference

// underRace: the race detector makes a naive evaluation ten times slower, and it has no races to find.
const underRace = true
