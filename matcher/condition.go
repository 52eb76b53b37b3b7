package matcher

import (
	"slices"

	"github.com/picketsigma/picket/rules"
)

// A condition is a flat program over predicate bits: each instruction makes one test and jumps to one of
// two places. `and`, `or` and `not` are only jumps.

type opcode uint8

const (
	testAny  opcode = iota // a predicate of masks[from:to] is true for the slot
	testAll                // every predicate of masks[from:to] is true for the slot
	testLate               // late predicate number from of the slot is true
	setZero                // counter = 0, then yes
	addOne                 // counter++, then yes
	testMost               // counter >= from
)

// Jump targets that end the program.
const (
	accept = -1
	reject = -2
)

type instr struct {
	op       opcode
	slot     uint16
	from, to uint32
	yes, no  int32 // index of the next instruction, or accept or reject
}

// wordMask is bits of one word of a slot's predicate bits.
type wordMask struct {
	word uint32
	mask uint64
}

// coder writes the condition of one rule into a program.
type coder struct {
	p      *builder
	rule   *compiledRule
	start  int
	labels []int32 // by label: where it is
}

// label numbers a place that is not known yet. Instructions hold labels until finish.
func (c *coder) label() int32 {
	c.labels = append(c.labels, 0)
	return int32(len(c.labels) - 1)
}

func (c *coder) bind(label int32) { c.labels[label] = int32(len(c.p.code)) }

// compile appends the rule's condition and gives where it begins.
func (c *coder) compile() int32 {
	c.start = len(c.p.code)
	c.cond(c.rule.rule.Detection.Condition, accept, reject)
	for i := range c.p.code[c.start:] {
		in := &c.p.code[c.start+i]
		in.yes, in.no = c.resolve(in.yes), c.resolve(in.no)
	}
	return int32(c.start)
}

func (c *coder) resolve(label int32) int32 {
	if label < 0 {
		return label
	}
	return c.labels[label]
}

func (c *coder) emit(in instr) { c.p.code = append(c.p.code, in) }

func (c *coder) cond(x rules.Cond, yes, no int32) {
	switch x.Kind {
	case rules.CondSearch:
		c.node(&c.rule.searches[x.Search], yes, no)
	case rules.CondNot:
		c.cond(x.Args[0], no, yes)
	case rules.CondAnd:
		c.all(len(x.Args), yes, no, func(i int, yes, no int32) { c.cond(x.Args[i], yes, no) })
	case rules.CondOr:
		c.any(len(x.Args), yes, no, func(i int, yes, no int32) { c.cond(x.Args[i], yes, no) })
	case rules.CondOf:
		c.of(x, yes, no)
	}
}

// all writes n parts of which each has to hold.
func (c *coder) all(n int, yes, no int32, part func(i int, yes, no int32)) {
	for i := range n {
		if i == n-1 {
			part(i, yes, no)
			return
		}
		next := c.label()
		part(i, next, no)
		c.bind(next)
	}
}

// any writes n parts of which one has to hold.
func (c *coder) any(n int, yes, no int32, part func(i int, yes, no int32)) {
	for i := range n {
		if i == n-1 {
			part(i, yes, no)
			return
		}
		next := c.label()
		part(i, yes, next)
		c.bind(next)
	}
}

// of writes `N of`. One counter is enough: searches hold no conditions.
func (c *coder) of(x rules.Cond, yes, no int32) {
	part := func(i int, yes, no int32) { c.node(&c.rule.searches[x.Of[i]], yes, no) }
	switch {
	case x.Count == 1:
		c.any(len(x.Of), yes, no, part)
		return
	case x.Count == len(x.Of):
		c.all(len(x.Of), yes, no, part)
		return
	}
	next := c.label()
	c.emit(instr{op: setZero, yes: next})
	c.bind(next)
	for i := range x.Of {
		held, next := c.label(), c.label()
		part(i, held, next)
		c.bind(held)
		c.emit(instr{op: addOne, yes: next})
		c.bind(next)
	}
	c.emit(instr{op: testMost, from: uint32(max(x.Count, 0)), yes: yes, no: no})
}

func (c *coder) node(n *node, yes, no int32) {
	if n.kind == rules.NodeItem {
		c.item(n, yes, no)
		return
	}
	order := lateLast(n.children)
	part := func(i int, yes, no int32) { c.node(&n.children[order[i]], yes, no) }
	if n.kind == rules.NodeAll {
		c.all(len(order), yes, no, part)
	} else {
		c.any(len(order), yes, no, part)
	}
}

// lateLast orders nodes so that those which ask for late predicates come last. The result of `and` and
// `or` does not depend on the order.
func lateLast(nodes []node) []int {
	order := make([]int, len(nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return nodes[a].lateness() - nodes[b].lateness() })
	return order
}

func (n *node) lateness() int {
	late := 0
	for _, alts := range n.values {
		for _, p := range alts {
			if p.op.late() {
				late = 1
			}
		}
	}
	for i := range n.children {
		late = max(late, n.children[i].lateness())
	}
	return late
}

// item writes one item: its values ORed, or ANDed under all, each value the OR of its alternatives.
func (c *coder) item(n *node, yes, no int32) {
	if n.item.Neq {
		yes, no = no, yes
	}
	if !n.item.All {
		c.anyOf(slices.Concat(n.values...), yes, no)
		return
	}
	var single []*predicate // values with one alternative that is not late: one instruction
	var rest [][]*predicate
	for _, alts := range n.values {
		if len(alts) == 1 && !alts[0].op.late() {
			single = append(single, alts[0])
		} else {
			rest = append(rest, alts)
		}
	}
	if len(rest) == 0 {
		c.masks(testAll, single, yes, no)
		return
	}
	if len(single) > 0 {
		next := c.label()
		c.masks(testAll, single, next, no)
		c.bind(next)
	}
	c.all(len(rest), yes, no, func(i int, yes, no int32) { c.anyOf(rest[i], yes, no) })
}

// anyOf writes predicates of one field of which one has to hold.
func (c *coder) anyOf(ps []*predicate, yes, no int32) {
	var eager, late []*predicate
	for _, p := range ps {
		if p.op.late() {
			late = append(late, p)
		} else {
			eager = append(eager, p)
		}
	}
	if len(late) == 0 {
		c.masks(testAny, eager, yes, no)
		return
	}
	if len(eager) > 0 {
		next := c.label()
		c.masks(testAny, eager, yes, next)
		c.bind(next)
	}
	c.any(len(late), yes, no, func(i int, yes, no int32) { c.late(late[i], yes, no) })
}

// late writes a late predicate, behind the texts that the value has to hold.
func (c *coder) late(p *predicate, yes, no int32) {
	if !c.p.opts.NoRequired {
		for _, any := range p.needs {
			next := c.label()
			c.masks(testAny, any, next, no)
			c.bind(next)
		}
	}
	ref := c.p.ref(p)
	c.emit(instr{op: testLate, slot: ref.slot, from: ref.id, yes: yes, no: no})
}

// masks writes one test of predicates of one field.
func (c *coder) masks(op opcode, ps []*predicate, yes, no int32) {
	from := len(c.p.masks)
	var slot uint16
	for _, p := range ps {
		ref := c.p.ref(p)
		slot = ref.slot
		word, bit := ref.id/64, uint64(1)<<(ref.id%64)
		at := slices.IndexFunc(c.p.masks[from:], func(m wordMask) bool { return m.word == word })
		if at < 0 {
			c.p.masks = append(c.p.masks, wordMask{word: word, mask: bit})
		} else {
			c.p.masks[from+at].mask |= bit
		}
	}
	c.emit(instr{op: op, slot: slot, from: uint32(from), to: uint32(len(c.p.masks)), yes: yes, no: no})
}

// run evaluates the condition that begins at pc.
func (s *Session) run(pc int32) bool {
	p := s.p
	count := uint32(0)
	for pc >= 0 {
		in := &p.code[pc]
		held := true
		switch in.op {
		case testAny:
			held = anyBit(s.slotBits(in.slot), p.masks[in.from:in.to])
		case testAll:
			held = allBits(s.slotBits(in.slot), p.masks[in.from:in.to])
		case testLate:
			held = s.late(in.slot, in.from)
		case setZero:
			count = 0
		case addOne:
			count++
		case testMost:
			held = count >= in.from
		}
		if pc = in.no; held {
			pc = in.yes
		}
	}
	return pc == accept
}

func anyBit(bits []uint64, masks []wordMask) bool {
	for _, m := range masks {
		if bits[m.word]&m.mask != 0 {
			return true
		}
	}
	return false
}

func allBits(bits []uint64, masks []wordMask) bool {
	for _, m := range masks {
		if bits[m.word]&m.mask != m.mask {
			return false
		}
	}
	return true
}
