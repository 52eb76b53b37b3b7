// Package conformance reads the conformance suite, matcher/testdata/conformance.txt: patterns with the
// events they match and do not match. The tests of the engine and of the reference evaluator run it.
//
// Load gives all cases. The package evaluates nothing and is used by tests only.
package conformance
