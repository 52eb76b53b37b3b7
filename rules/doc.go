// Package rules reads Sigma rules: YAML to a typed, validated tree that can be compiled.
//
// ParseFile takes the text of one file and Assemble makes a Set of files; Load does both for files and
// folders, and Default gives the rule set that ships inside the binary. LoadOptions are the choices:
// values of placeholders, statuses, log sources. All of them return every rule that is sound together
// with every finding about those that are not: one bad rule never hides another. A finding is an *Error
// with its place (file:line:col), the rule it is about and a stable code. Analyze says of each rule of a
// Set whether any event could meet it.
//
// Filters are part of the rules that they name when a Set comes out. Correlations are read and checked,
// and nothing evaluates them yet.
//
// A Rule and everything below it is immutable once returned, safe for concurrent use, and holds
// no reference to the text it was parsed from. Modifiers are applied here: the tree that comes out
// carries operands (patterns, numbers, networks …), never modifier names that somebody downstream
// would have to interpret again.
//
// The package does not evaluate anything, knows no event shape and does no logging. Evaluation is
// package matcher, the shape of events is package event. Which channels and event ids a log source
// stands for, and which fields these events have, is data of the Sigma taxonomy and lives here
// (logsource_table.go, fields_table.go).
package rules
