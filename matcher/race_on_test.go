//go:build race

package matcher

const raceDetector = true
