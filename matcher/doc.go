// Package matcher evaluates compiled Sigma rules against events.
//
// Compile turns a rules.Set into an immutable Engine that any number of goroutines may share;
// each goroutine takes its own Session. Engine.Schema names the fields an event.Decoder has to take
// out of the records. Hits returned by Session.Match, and everything they point to except the Rule,
// are valid until the next Match on that Session: clone what you keep.
//
// The gate comes first: a rule is tried only on events of its log source. A rule whose log source
// has no binding is unmapped: Compile keeps it in Stats, and it is never tried.
//
// What the gate leads to is a program: all rules of one (channel, event id), compiled together. For each
// field that they read, the predicates that are true for the event's value are found at once, or
// remembered from an earlier event (slot.go, memo.go). Of each rule one or two necessary clauses are
// looked up by them (clauses.go); the rules whose clauses hold are candidates, and only their conditions
// are evaluated (condition.go), regular expressions last (required.go, late.go). DESIGN.md, "From bytes to
// hits", has the picture.
//
// The package does no I/O, starts no goroutine, reads no clock and does not log. YAML is package
// rules, decoding is package event, windows over time will be matcher/correlation. A naive evaluator
// written from the specification, sharing no code with this engine, stands beside it in
// internal/reference: every test of this package runs both, and they must agree.
package matcher
