package matcher

import "github.com/picketsigma/picket/event"

// refHolds compares the text of a field with that of another: any pair of their elements. A side that
// is missing, null or an object has no text and matches nothing.
func (s *Session) refHolds(ev *event.Event, p *predicate) bool {
	s.elements = appendFlat(s.elements[:0], ev.Values[p.field])
	s.others = appendFlat(s.others[:0], ev.Values[p.other])
	for _, v := range s.elements {
		for _, w := range s.others {
			if s.pairHolds(v, w, p) {
				return true
			}
		}
	}
	return false
}

func (s *Session) pairHolds(v, other event.Value, p *predicate) bool {
	if !isScalar(v.Kind) || !isScalar(other.Kind) {
		return false
	}
	s.value.set(v)
	s.other.set(other)
	return textHolds(p.form(&s.value), p.anchor, alias(p.form(&s.other)))
}

// appendFlat appends the elements of an array, or the value itself.
func appendFlat(dst []event.Value, v event.Value) []event.Value {
	if v.Kind == event.Array {
		return appendElements(dst, v.Raw)
	}
	return append(dst, v)
}
