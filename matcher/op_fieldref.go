package matcher

import "github.com/picketsigma/picket/event"

// refHolds compares the text of v with that of another field: any pair of their elements. A side that is
// missing, null or an object has no text and matches nothing.
func (s *Session) refHolds(v event.Value, p *predicate) bool {
	s.others = appendFlat(s.others[:0], s.ev.Values[p.other])
	if v.Kind != event.Array {
		return s.anyPair(v, p)
	}
	s.elements = appendElements(s.elements[:0], v.Raw)
	for _, el := range s.elements {
		if s.anyPair(el, p) {
			return true
		}
	}
	return false
}

// anyPair compares v with each of s.others.
func (s *Session) anyPair(v event.Value, p *predicate) bool {
	if !isScalar(v.Kind) {
		return false
	}
	s.value.set(v)
	for _, w := range s.others {
		if !isScalar(w.Kind) {
			continue
		}
		s.other.set(w)
		if textHolds(p.form(&s.value), p.anchor, alias(p.form(&s.other))) {
			return true
		}
	}
	return false
}

// appendFlat appends the elements of an array, or the value itself.
func appendFlat(dst []event.Value, v event.Value) []event.Value {
	if v.Kind == event.Array {
		return appendElements(dst, v.Raw)
	}
	return append(dst, v)
}
