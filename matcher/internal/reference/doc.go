// Package reference is a naive Sigma evaluator, written from the specification and nothing else.
//
// It decodes the whole event, walks the rule's tree and compares as the specification words it. It
// shares no code with the engine that it checks, has no index, no cache and no fast path, and is used
// only by tests. When the two differ, the specification decides which one is wrong.
package reference
