// Package brokertest runs the in-process broker in a child process, for benchmarks that measure what a
// client costs: in one process the broker's share could not be told from the client's.
//
// The child is the test binary itself. A test package that wants one has a TestMain that calls Main; Start
// then starts a child, which ends with the test that started it, with the test binary, or after an hour.
// Only tests import this package.
package brokertest
