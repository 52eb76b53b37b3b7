package matcher

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/picketsigma/picket/event"
)

// SessionStats counts what a Session has done.
type SessionStats struct {
	Events     int // given to Match
	Candidates int // rules whose condition was evaluated
	Hits       int
	RegexRuns  int // values that a regular expression was tried on
	MemoHits   int // values whose predicates were remembered
	MemoMisses int // values that were looked up in vain
	Scanned    int // values whose predicates were found by looking at them
}

// Session matches events against an Engine. It belongs to one goroutine; making one is cheap, and it
// keeps its buffers from event to event: with what it remembers of values some 10 MiB at most, once it has
// seen many.
type Session struct {
	engine *Engine
	stats  SessionStats

	ev    *event.Event // the current event
	p     *program     // its program
	epoch uint64       // its number
	slots []slotState  // by slot of the program
	bits  []uint64     // of the program's predicates
	lates []uint64     // by late predicate of the program: epoch<<1 | verdict
	acc   []uint64     // clause bits of the program's rules

	memo  memo
	usage []usage // by slot of the engine

	channel []byte // the channel of the last event, and its gate
	gate    *channelGate
	fold    []byte

	huge             bool // the last event was: its buffers are not kept
	value, other     scalar
	elements, others []event.Value
	leaves           []event.Leaf
	leavesAt         uint64 // the event they are of
	found            []uint32
	finder           finder

	hits     []Hit
	evidence []Evidence
	counts   []int // of evidence, by hit
	because  []int // searches that made a condition true
	refs     []predRef
	texts    []byte // of evidence that is not in the event as it stands
}

// slotState is what is known about a slot for the event of its epoch.
type slotState struct {
	epoch  uint64
	filled bool     // bits are set; otherwise rec has the predicates
	rec    memoized // what is remembered of the value, if anything
}

// NewSession makes a Session.
func (e *Engine) NewSession() *Session {
	return &Session{
		engine: e,
		slots:  make([]slotState, e.size.slots),
		bits:   make([]uint64, e.size.words),
		lates:  make([]uint64, e.size.lates),
		acc:    make([]uint64, e.size.clauseWords),
		usage:  make([]usage, e.size.allSlots),
		memo:   memo{seed: maphash.MakeSeed()},
		finder: finder{tried: make([]uint64, e.size.globs)},
	}
}

// Stats gives the counts so far.
func (s *Session) Stats() SessionStats { return s.stats }

// Match gives the rules that ev meets, in the order of the set, with their evidence. The slice and
// everything in it but the rules are valid until the next Match, and as long as ev is: its strings may
// alias the event. ev must come from a Decoder with the engine's Schema.
func (s *Session) Match(ev *event.Event) []Hit {
	s.stats.Events++
	s.hits, s.evidence, s.texts = s.hits[:0], s.evidence[:0], s.texts[:0]
	if s.huge {
		s.release()
	}
	s.huge = len(ev.Raw) > hugeEvent
	p := s.program(ev)
	if len(p.rules) == 0 {
		return nil
	}
	s.ev, s.p = ev, p
	s.epoch++
	s.memo.turn()
	if s.engine.opts.NoClauses {
		for i := range p.rules {
			s.try(&p.rules[i])
		}
		return s.finish()
	}
	acc := s.acc[:len(p.base)]
	copy(acc, p.base)
	for _, n := range p.eager {
		s.load(n)
	}
	first, second := acc[:len(acc)/2], acc[len(acc)/2:]
	for w := range first {
		for b := first[w] & second[w]; b != 0; b &= b - 1 {
			s.try(&p.rules[w*64+bits.TrailingZeros64(b)])
		}
	}
	return s.finish()
}

// hugeEvent is more bytes than events have but for an attacker's or a mistake. What such a one needs is given back,
// so that a session's memory does not depend on the largest event it has ever seen.
const hugeEvent = 1 << 20

func (s *Session) release() {
	s.value, s.other = scalar{}, scalar{}
	s.elements, s.others, s.leaves, s.found, s.finder.hits = nil, nil, nil, nil, nil
	s.hits, s.evidence, s.texts, s.counts = nil, nil, nil, nil
}

// try evaluates the condition of a candidate.
func (s *Session) try(r *programRule) {
	if len(r.types) > 0 && !s.hasType(r.types) {
		return
	}
	c := s.engine.rules[r.n]
	if n := len(s.hits); n > 0 && s.hits[n-1].Rule == c.rule {
		return // it held by the names of another binding already
	}
	s.stats.Candidates++
	if s.run(r.start) {
		s.hit(c, r.refs)
	}
}

// program is the gate. Channels compare code point by code point in lower case.
func (s *Session) program(ev *event.Event) *program {
	if s.gate == nil || ev.Channel != string(s.channel) {
		s.fold = appendFolded(s.fold[:0], []byte(ev.Channel))
		s.gate = s.engine.gate.channels[string(s.fold)]
		if s.gate == nil {
			s.gate = &s.engine.gate.other
		}
		s.channel = append(s.channel[:0], ev.Channel...)
	}
	return s.gate.program(ev.EventID)
}

// hasType reports whether the event's EventType is one of types. An event without a usable one belongs
// to the log source by its id alone.
func (s *Session) hasType(types []string) bool {
	if s.ev.EventType == "" {
		return true
	}
	s.fold = appendFolded(s.fold[:0], []byte(s.ev.EventType))
	return slices.Contains(types, string(s.fold))
}

// slotBits gives the bits of the predicates of a slot for the current event.
func (s *Session) slotBits(n uint16) []uint64 {
	sl, st := &s.p.slots[n], &s.slots[n]
	if st.epoch != s.epoch {
		s.load(n)
	}
	bits := s.bits[sl.at : sl.at+sl.words()]
	if !st.filled {
		st.filled = true
		clear(bits)
		for ids := st.rec.ids; len(ids) > 0; ids = ids[4:] {
			id := binary.LittleEndian.Uint32(ids)
			bits[id/64] |= 1 << (id % 64)
		}
	}
	return bits
}

// load finds the predicates of a slot that are true for the current event, and gives the rules their
// clauses.
func (s *Session) load(n uint16) {
	sl, st := &s.p.slots[n], &s.slots[n]
	st.epoch, st.filled, st.rec = s.epoch, false, memoized{}
	if sl.keyword {
		if !s.keywordsAbsent(sl) {
			s.loadLeaves(sl, st)
		}
		return
	}
	v := s.ev.Values[sl.field]
	switch v.Kind {
	case event.Missing:
		if sl.null != noPred || sl.missing != noPred {
			f := s.begin(sl, st)
			f.add(sl.null)
			f.add(sl.missing)
			s.end(sl, &f)
		}
	case event.Null, event.Object:
		if sl.null != noPred || sl.exists != noPred {
			f := s.begin(sl, st)
			f.add(sl.exists)
			if v.Kind == event.Null {
				f.add(sl.null)
			}
			s.end(sl, &f)
		}
	default:
		s.loadValue(sl, st, v)
	}
}

// begin lets the predicates of a slot be found one by one.
func (s *Session) begin(sl *slot, st *slotState) found {
	st.filled = true
	bits := s.bits[sl.at : sl.at+sl.words()]
	clear(bits)
	return found{bits: bits, ids: s.found[:0]}
}

// end gives the rules the clauses of the predicates that were found.
func (s *Session) end(sl *slot, f *found) {
	s.found = f.ids
	for _, id := range f.ids {
		s.post(sl, id)
	}
}

func (s *Session) post(sl *slot, id uint32) {
	if sl.hasPosting[id/64]>>(id%64)&1 == 0 {
		return
	}
	for _, x := range sl.postings[sl.postingsAt[id]:sl.postingsAt[id+1]] {
		s.acc[x.at] |= x.mask
	}
}

// loadValue is load for a present value: by the memo when it pays.
func (s *Session) loadValue(sl *slot, st *slotState, v event.Value) {
	use := &s.usage[sl.number]
	if len(v.Raw) > maxKey || s.engine.opts.NoMemo || !use.ask() {
		f := s.begin(sl, st)
		s.scan(sl, v, &f)
		s.end(sl, &f)
		return
	}
	key := memoKey(sl.number, v)
	hash := s.memo.hash(key, v.Raw)
	rec, ok := s.memo.get(hash, key, v.Raw, len(sl.late))
	if ok {
		use.hits++
		s.stats.MemoHits++
		st.rec = rec
		for ids := rec.ids; len(ids) > 0; ids = ids[4:] {
			s.post(sl, binary.LittleEndian.Uint32(ids))
		}
		return
	}
	s.stats.MemoMisses++
	f := s.begin(sl, st)
	s.scan(sl, v, &f)
	s.end(sl, &f)
	st.rec, _ = s.memo.put(hash, key, v.Raw, f.ids, len(sl.late))
}

// scan finds the predicates that are true for a value by looking at it.
func (s *Session) scan(sl *slot, v event.Value, f *found) {
	s.stats.Scanned++
	f.add(sl.exists)
	if v.Kind != event.Array {
		s.scanScalar(sl, v, f)
		return
	}
	s.elements = appendElements(s.elements[:0], v.Raw)
	if len(s.elements) == 0 {
		f.add(sl.null)
	}
	for _, el := range s.elements {
		switch {
		case isScalar(el.Kind):
			s.scanScalar(sl, el, f)
		case el.Kind == event.Null:
			f.add(sl.null)
		}
	}
}

func (s *Session) scanScalar(sl *slot, v event.Value, f *found) {
	s.value.set(v)
	if !s.engine.opts.NoIndex {
		sl.find(&s.value, f, &s.finder)
		return
	}
	for id, p := range sl.preds {
		if p.holds(&s.value) {
			f.add(uint32(id))
		}
	}
}

// loadLeaves is load for keywords: a predicate is true when it is for one of the event's scalars.
func (s *Session) loadLeaves(sl *slot, st *slotState) {
	f := s.begin(sl, st)
	for _, l := range s.leavesNow() {
		s.scanScalar(sl, l.Value, &f)
	}
	s.end(sl, &f)
}

func isScalar(k event.Kind) bool { return k == event.String || k == event.Number || k == event.Bool }

// leavesNow gives the scalars of the event, collected once.
func (s *Session) leavesNow() []event.Leaf {
	if s.leavesAt != s.epoch {
		s.leavesAt = s.epoch
		s.leaves = s.ev.AppendLeaves(s.leaves[:0])
	}
	return s.leaves
}
