//go:build !race

package matcher

// raceDetector is set when the tests run ten times slower: those over recorded events then take samples.
const raceDetector = false
