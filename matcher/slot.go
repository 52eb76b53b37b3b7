package matcher

import (
	"slices"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// slot is one field that a program's rules read, with the predicates on it. Immutable.
type slot struct {
	number  uint32 // within the engine
	field   event.Field
	keyword bool         // all leaves of the event instead
	preds   []*predicate // by number
	late    []*predicate // by number, apart
	at      int          // where the bits of preds begin, in words of the program's
	lateAt  int          // where the late begin among the program's

	null, exists, missing uint32 // the predicates on absence and presence, or noPred
	folded, cased         textIndex
	numbers               map[string]uint32   // by their key
	networks, times       []uint32            // compared one by one, once the value is parsed
	compares, loose       []uint32            // compared one by one: numbers, and globs without a literal
	globs                 []uint32            // that wait for a trigger
	triggered             map[uint32][]uint32 // indexes into globs, by the predicate that triggers them
	sieve                 *index.Sieve        // of a keyword slot, or nil
	hasPosting            []uint64            // bits of predicates in a clause of a rule
	isTrigger             []uint64            // bits of predicates that trigger globs

	// postings of predicate p are postings[postingsAt[p]:postingsAt[p+1]].
	postings   []posting
	postingsAt []uint32
}

const noPred = ^uint32(0)

// posting says that a predicate which is true gives some rules one of their clauses: their bits in a word
// of the session's clause bits.
type posting struct {
	at   uint32
	mask uint64
}

// textIndex finds the text predicates that hold for a text.
type textIndex struct {
	set  *index.Set
	pred []uint32 // by literal: the predicate's number
}

func (s *slot) words() int { return (len(s.preds) + 63) / 64 }

// build sorts the predicates by how they are found.
func (s *slot) build() {
	s.null, s.exists, s.missing = noPred, noPred, noPred
	s.isTrigger = make([]uint64, s.words())
	var folded, cased []index.Literal
	for i, p := range s.preds {
		id := uint32(i)
		switch p.op {
		case opText, opDash:
			for _, text := range p.texts() {
				lit := index.Literal{Text: text, Anchor: p.anchor}
				if p.cased {
					cased, s.cased.pred = append(cased, lit), append(s.cased.pred, id)
				} else {
					folded, s.folded.pred = append(folded, lit), append(s.folded.pred, id)
				}
			}
		case opGlob:
			s.addGlob(id, p)
		case opNumber:
			if s.numbers == nil {
				s.numbers = map[string]uint32{}
			}
			s.numbers[p.lit] = id
		case opNull:
			s.null = id
		case opExists:
			s.exists = id
		case opMissing:
			s.missing = id
		case opCIDR:
			s.networks = append(s.networks, id)
		case opCompare:
			if p.time == rules.TimeNone {
				s.compares = append(s.compares, id)
			} else {
				s.times = append(s.times, id)
			}
		}
	}
	if len(folded) > 0 {
		s.folded.set = index.New(folded)
	}
	if len(cased) > 0 {
		s.cased.set = index.New(cased)
	}
	if s.keyword {
		s.sieve = keywordSieve(s)
	}
}

// addGlob lets a glob be tried only on values that hold its longest literal.
func (s *slot) addGlob(id uint32, p *predicate) {
	if p.trigger == nil {
		s.loose = append(s.loose, id)
		return
	}
	if s.triggered == nil {
		s.triggered = map[uint32][]uint32{}
	}
	trigger := uint32(slices.Index(s.preds, p.trigger))
	s.triggered[trigger] = append(s.triggered[trigger], uint32(len(s.globs)))
	s.globs = append(s.globs, id)
	s.isTrigger[trigger/64] |= 1 << (trigger % 64)
}

// setPostings takes the postings of the predicates, by number, and reports whether there are any.
func (s *slot) setPostings(byPred [][]posting) bool {
	s.hasPosting = make([]uint64, s.words())
	s.postingsAt = make([]uint32, len(s.preds)+1)
	for id := range s.preds {
		if id < len(byPred) && len(byPred[id]) > 0 {
			s.hasPosting[id/64] |= 1 << (id % 64)
			s.postings = append(s.postings, byPred[id]...)
		}
		s.postingsAt[id+1] = uint32(len(s.postings))
	}
	return len(s.postings) > 0
}

// found collects the predicates that are true for a value: in bits, and each once in ids.
type found struct {
	bits []uint64
	ids  []uint32
}

func (f *found) add(id uint32) {
	if id == noPred || f.bits[id/64]>>(id%64)&1 == 1 {
		return
	}
	f.bits[id/64] |= 1 << (id % 64)
	f.ids = append(f.ids, id)
}

// finder is what a search needs in memory.
type finder struct {
	hits  []uint32
	round uint64
	tried []uint64 // by glob of the slot: the round it was tried in
}

// find adds the predicates that hold for a String, Number or Bool.
func (s *slot) find(v *scalar, f *found, by *finder) {
	by.round++
	if s.folded.set != nil {
		s.folded.find(s, v.folded(), f, by)
	}
	if s.cased.set != nil {
		s.cased.find(s, v.textForm(), f, by)
	}
	for _, id := range s.loose {
		if s.preds[id].holds(v) {
			f.add(id)
		}
	}
	if len(s.numbers) > 0 {
		var buf [64]byte
		if key, ok := numberKeyOf(buf[:0], v); ok {
			if id, ok := s.numbers[string(key)]; ok {
				f.add(id)
			}
		}
	}
	if len(s.networks)+len(s.times)+len(s.compares) > 0 {
		s.findParsed(v, f)
	}
}

// find adds the text predicates that hold for text. A literal can be there many times: the globs behind it
// are tried once.
func (t *textIndex) find(s *slot, text []byte, f *found, by *finder) {
	by.hits = t.set.AppendHits(by.hits[:0], text)
	for _, h := range by.hits {
		id := t.pred[h]
		f.add(id)
		if s.isTrigger[id/64]>>(id%64)&1 == 0 {
			continue
		}
		for _, g := range s.triggered[id] {
			if by.tried[g] == by.round {
				continue
			}
			by.tried[g] = by.round
			if id := s.globs[g]; s.preds[id].glob.match(text) {
				f.add(id)
			}
		}
	}
}

// findParsed adds what is compared with the value as an address, a timestamp or a number.
func (s *slot) findParsed(v *scalar, f *found) {
	if len(s.networks) > 0 {
		if addr, ok := parseAddr(v.textForm()); ok {
			for _, id := range s.networks {
				if inNetwork(addr, s.preds[id].operand.CIDR) {
					f.add(id)
				}
			}
		}
	}
	if len(s.times) > 0 {
		if m, ok := parseTime(v.textForm()); ok {
			for _, id := range s.times {
				if s.preds[id].timeHolds(m) {
					f.add(id)
				}
			}
		}
	}
	if len(s.compares) > 0 && v.value.Kind != event.Bool {
		if d, ok := newDecimal(v.textForm()); ok {
			for _, id := range s.compares {
				if p := s.preds[id]; compareHolds(p.operand.Compare, d.compare(p.number)) {
					f.add(id)
				}
			}
		}
	}
}
