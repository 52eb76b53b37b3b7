// Package rules reads Sigma rules: YAML to a typed, validated tree that can be compiled.
//
// Parse takes the text of one file, Load takes files and folders, Default gives the rule set that
// ships inside the binary. All three return every rule that is sound together with every finding
// about those that are not: one bad rule never hides another. A finding is an *Error with its
// place (file:line:col), the rule it is about and a stable code.
//
// A Rule and everything below it is immutable once returned, safe for concurrent use, and holds
// no reference to the text it was parsed from. Modifiers are applied here: the tree that comes out
// carries operands (patterns, numbers, networks …), never modifier names that somebody downstream
// would have to interpret again.
//
// The package does not evaluate anything, knows no event shape and does no logging. Evaluation is
// package matcher, the shape of events is package event. Which channels and event ids a log source
// stands for is data of the Sigma taxonomy and therefore lives here (logsource.go).
package rules
