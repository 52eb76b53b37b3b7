package matcher

import (
	"github.com/picketsigma/picket/event"
)

// program is the rules of one bucket of the gate, compiled together: they share predicates, and one
// pass over an event's fields serves them all. Immutable.
type program struct {
	rules []programRule // in the order of the set
	slots []slot
	code  []instr
	masks []wordMask
	words int // predicate bits of all slots, in words
	lates int // late predicates of all slots

	// base is where the clause bits of the rules begin: for each of a rule's clauses a bit, in as many
	// stretches as there are clauses; set where the rule has no such clause. A rule is a candidate when
	// all of its bits are set.
	base  []uint64
	eager []uint16 // slots with a predicate in a clause: looked at for every event
}

// predRef is where a program has a predicate.
type predRef struct {
	slot uint16
	id   uint32
}

// programRule is a rule within a program.
type programRule struct {
	n     int       // index into Engine.rules
	start int32     // of its condition in program.code
	refs  []predRef // where its predicates are, in its order
	types []string  // values of EventType that the rule is bound to here; empty: any
}

// builder makes a program.
type builder struct {
	*program
	refs     map[*predicate]predRef
	opts     Options
	slotOf   map[slotKey]int
	postings [][][]posting // by slot, by predicate
}

type slotKey struct {
	field   event.Field
	keyword bool
}

// member is a rule that belongs into a bucket.
type member struct {
	n     int
	rule  *compiledRule
	types []string
}

// newProgram compiles the rules of a bucket. firstSlot numbers its slots within the engine.
func newProgram(members []member, firstSlot int, opts Options) *program {
	b := &builder{program: &program{}, refs: map[*predicate]predRef{}, opts: opts, slotOf: map[slotKey]int{}}
	for _, m := range members {
		c := coder{p: b, rule: m.rule}
		r := programRule{n: m.n, start: c.compile(), types: m.types}
		for _, p := range m.rule.preds {
			r.refs = append(r.refs, b.ref(p))
		}
		b.rules = append(b.rules, r)
	}
	b.addClauses(members)
	for i := range b.slots {
		s := &b.slots[i]
		s.number, s.at, s.lateAt = uint32(firstSlot+i), b.words, b.lates
		b.words += s.words()
		b.lates += len(s.late)
		s.build()
		if s.setPostings(b.postings[i]) {
			b.eager = append(b.eager, uint16(i))
		}
	}
	return b.program
}

// addClauses notes which predicates give which rule its clauses.
func (b *builder) addClauses(members []member) {
	words := (len(members) + 63) / 64
	b.base = make([]uint64, clausesPerRule*words)
	finder := newClauseFinder(members)
	for i, m := range members {
		bit := posting{at: uint32(i / 64), mask: 1 << (i % 64)}
		clauses := finder.rule(m.rule)
		for k := range clausesPerRule {
			if k < len(clauses) {
				for _, p := range clauses[k].preds {
					b.post(p, bit)
				}
			} else {
				b.base[bit.at] |= bit.mask
			}
			bit.at += uint32(words)
		}
	}
}

func (b *builder) post(p *predicate, bit posting) {
	ref := b.ref(p)
	ps := &b.postings[ref.slot]
	for len(*ps) <= int(ref.id) {
		*ps = append(*ps, nil)
	}
	list := (*ps)[ref.id]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].at == bit.at {
			list[i].mask |= bit.mask
			return
		}
	}
	(*ps)[ref.id] = append(list, bit)
}

// slot finds the slot that p belongs to, or adds it.
func (b *builder) slot(p *predicate) (*slot, uint16) {
	key := slotKey{field: p.field, keyword: p.keyword}
	i, ok := b.slotOf[key]
	if !ok {
		i = len(b.slots)
		b.slotOf[key] = i
		b.slots = append(b.slots, slot{field: p.field, keyword: p.keyword})
		b.postings = append(b.postings, nil)
	}
	return &b.slots[i], uint16(i)
}

// ref gives where a predicate is, and adds it where it is not yet. Late ones are numbered apart.
func (b *builder) ref(p *predicate) predRef {
	if ref, ok := b.refs[p]; ok {
		return ref
	}
	s, i := b.slot(p)
	list := &s.preds
	if p.op.late() {
		list = &s.late
	}
	ref := predRef{slot: i, id: uint32(len(*list))}
	*list = append(*list, p)
	b.refs[p] = ref
	if p.trigger != nil {
		b.ref(p.trigger)
	}
	return ref
}
