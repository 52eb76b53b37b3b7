// Package index finds which of many literals a value holds.
//
// New builds a Set from literals, each anchored at the value's start, its end, both or neither; AppendHits
// gives the numbers of those that hold for a value. The cost of a lookup grows with the value's length
// and with what is found in it, not with the number of literals.
//
// A Set compares bytes: whoever wants case folded folds literals and values alike before. It is immutable
// and safe for concurrent use; lookups allocate nothing beyond growing the caller's slice.
//
// The package knows neither rules nor events. Which literal is worth looking for is package matcher's
// decision.
package index
