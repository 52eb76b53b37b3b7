package matcher

import (
	"net/netip"
	"strings"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher/internal/index"
	"github.com/picketsigma/picket/rules"
)

// holds compares one String, Number or Bool, by itself and without any index. opNull, opExists,
// opMissing and opFieldRef are about more than one scalar and never hold here.
func (p *predicate) holds(s *scalar) bool {
	switch p.op {
	case opText:
		return textHolds(p.form(s), p.anchor, p.lit)
	case opDash:
		for _, lit := range p.lits {
			if textHolds(p.form(s), p.anchor, lit) {
				return true
			}
		}
		return false
	case opGlob:
		return p.glob.match(p.form(s))
	case opNumber:
		var buf [64]byte
		key, ok := numberKeyOf(buf[:0], s)
		return ok && string(key) == p.lit
	case opCIDR:
		addr, ok := parseAddr(s.textForm())
		return ok && inNetwork(addr, p.operand.CIDR)
	case opCompare:
		if p.time != rules.TimeNone {
			t, ok := parseTime(s.textForm())
			return ok && p.timeHolds(t)
		}
		if s.value.Kind == event.Bool {
			return false
		}
		d, ok := newDecimal(s.textForm())
		return ok && compareHolds(p.operand.Compare, d.compare(p.number))
	case opRegex:
		return p.regexHolds(s)
	}
	return false
}

// form gives the text form the predicate compares with.
func (p *predicate) form(s *scalar) []byte {
	if p.cased {
		return s.textForm()
	}
	return s.folded()
}

func textHolds(text []byte, anchor index.Anchor, lit string) bool {
	n := len(text) - len(lit)
	switch {
	case n < 0:
		return false
	case anchor == index.Whole:
		return string(text) == lit
	case anchor == index.Start:
		return string(text[:len(lit)]) == lit
	case anchor == index.End:
		return string(text[n:]) == lit
	}
	return strings.Contains(alias(text), lit)
}

// numberKeyOf appends the key of a number, or of a string that is entirely one.
func numberKeyOf(dst []byte, s *scalar) ([]byte, bool) {
	if s.value.Kind == event.Bool {
		return dst, false
	}
	return appendNumberKey(dst, s.textForm())
}

func compareHolds(c rules.Compare, order int) bool {
	switch c {
	case rules.CompareEq:
		return order == 0
	case rules.CompareLt:
		return order < 0
	case rules.CompareLte:
		return order <= 0
	case rules.CompareGt:
		return order > 0
	case rules.CompareGte:
		return order >= 0
	}
	return false
}

// longestAddr is more than the longest address with a zone that anything writes; an event's text of a
// megabyte is not copied to be refused.
const longestAddr = 128

// parseAddr reads an address: its zone does not count, a port or a host name makes it none
// (sigma-specification, "cidr").
func parseAddr(text []byte) (netip.Addr, bool) {
	if len(text) == 0 || len(text) > longestAddr || !addrByte(text[0]) {
		return netip.Addr{}, false
	}
	address, zone, zoned := strings.Cut(alias(text), "%")
	addr, err := netip.ParseAddr(address)
	return addr, err == nil && (!zoned || zone != "" && addr.Is6())
}

// addrByte reports whether an address can begin with c: most texts that are none are told by it.
func addrByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == ':'
}

// inNetwork compares in the same family; ::ffff:10.1.2.3 is in the IPv4 networks of 10.1.2.3 too, as
// Windows logs clients in that form.
func inNetwork(addr netip.Addr, network netip.Prefix) bool {
	return network.Contains(addr) || addr.Is4In6() && network.Contains(addr.Unmap())
}
