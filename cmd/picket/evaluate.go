package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher"
)

// evaluator takes records through decoder and session. It belongs to one goroutine.
type evaluator struct {
	rules   *ruleset
	decoder *event.Decoder
	session *matcher.Session
}

// use makes the evaluator evaluate rules, anew after something broke.
func (e *evaluator) use(r *ruleset) {
	*e = evaluator{rules: r, decoder: event.NewDecoder(r.engine.Schema()), session: r.engine.NewSession()}
}

// whyUndecodable gives stage and code of an error of the decoder.
func whyUndecodable(err error) *event.Error {
	var e *event.Error
	if errors.As(err, &e) {
		return e
	}
	return &event.Error{Stage: event.StageDecode, Code: "other", Err: err}
}

// codePanic is the code of a record on which evaluating broke.
const codePanic = "panic"

// bug is a panic that was caught. It is always a bug of picket: input bytes must not cause one.
type bug struct {
	value any
	stack []byte
}

func (b *bug) Error() string { return fmt.Sprintf("BUG: %v", b.value) }

// guarded calls do for 0 to n-1. When it panics, broken is told, and the rest goes on. Nothing is paid for
// it but one deferred call for the whole of n.
func guarded(n int, do func(i int), broken func(i int, b *bug)) {
	for i := 0; i < n; i++ {
		i = guardedFrom(i, n, do, broken)
	}
}

// guardedFrom stops at the first panic and returns where that was, or n.
func guardedFrom(from, n int, do func(i int), broken func(i int, b *bug)) (i int) {
	defer func() {
		if v := recover(); v != nil {
			broken(i, &bug{value: v, stack: debug.Stack()})
		}
	}()
	for i = from; i < n; i++ {
		do(i)
	}
	return i
}
