package matcher

import "github.com/picketsigma/picket/event"

// late evaluates a late predicate of a slot, at most once per event, and once per value where values are
// remembered.
func (s *Session) late(n uint16, id uint32) bool {
	sl := &s.p.slots[n]
	verdict := &s.lates[sl.lateAt+int(id)]
	if *verdict>>1 == s.epoch {
		return *verdict&1 == 1
	}
	held := s.lateHolds(n, id)
	*verdict = s.epoch << 1
	if held {
		*verdict |= 1
	}
	return held
}

func (s *Session) lateHolds(n uint16, id uint32) bool {
	p := s.p.slots[n].late[id]
	if p.op == opFieldRef { // not a property of one value
		return s.refHolds(s.ev.Values[p.field], p)
	}
	if s.slots[n].epoch != s.epoch {
		s.load(n)
	}
	known := s.slots[n].rec.late
	if known == nil {
		return s.regexHolds(p)
	}
	at, shift := id/4, id%4*2
	if known[at]>>shift&1 == 0 {
		known[at] |= 1 << shift
		if s.regexHolds(p) {
			known[at] |= 2 << shift
		}
	}
	return known[at]>>shift&2 != 0
}

// regexHolds runs a regular expression on a field, or for a keyword on every leaf.
func (s *Session) regexHolds(p *predicate) bool {
	if p.keyword {
		for _, l := range s.leavesNow() {
			if s.regexFound(l.Value, p) {
				return true
			}
		}
		return false
	}
	v := s.ev.Values[p.field]
	if v.Kind != event.Array {
		return s.regexFound(v, p)
	}
	s.elements = appendElements(s.elements[:0], v.Raw)
	for _, el := range s.elements {
		if s.regexFound(el, p) {
			return true
		}
	}
	return false
}

func (s *Session) regexFound(v event.Value, p *predicate) bool {
	if !isScalar(v.Kind) {
		return false
	}
	s.stats.RegexRuns++
	s.value.set(v)
	if s.engine.opts.NoRequired {
		return p.operand.Regex.Match(s.value.textForm())
	}
	return p.regexHolds(&s.value)
}
