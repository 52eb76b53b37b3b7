// Package reference is a naive Sigma evaluator, written from the specification and nothing else.
//
// Normalize decodes a whole record into an Event, MatchSet gates it and gives the rules it meets, Match
// evaluates one rule on fields: by walking the rule's tree and comparing as the specification words it.
// The package shares no code with package event or the engine, has no index, no cache and no fast path,
// and is used only by tests. When it differs from them, the specification decides which one is wrong.
package reference
