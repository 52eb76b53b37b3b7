// Package generate makes Sigma rules and events at random, for comparing the engine with the reference
// evaluator.
//
// Rule gives the YAML of a rule, Event an event as NXLog sends it, Record the same in a shape of any
// shipper. Both draw from the same few fields and values, so that rules often match, and prefer what
// is hard: folding, wildcards, numbers as text, lists, objects, missing fields. What they make depends
// on the random source alone: a seed tells a case. Every rule is one that has to load.
//
// The package knows neither rules nor events as types and is used by tests only.
package generate
