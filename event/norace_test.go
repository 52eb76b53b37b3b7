//go:build !race

package event

// corpusStep says of how many recorded events one is read in every way there is; the others only count.
const corpusStep = 1
