//go:build race

package event

// The race detector makes reading some thirty times slower, and there is no concurrency in it to find.
const corpusStep = 10
