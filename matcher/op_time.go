package matcher

import (
	"cmp"
	"time"

	"github.com/picketsigma/picket/rules"
)

// moment is a timestamp as it is written: no conversion between zones.
type moment struct {
	year, month, day, hour, minute int
	dateOnly                       bool
}

// parseTime reads `YYYY-MM-DD[(T| )hh:mm[:ss[.fff]][Z|±hh:mm]]`, all of text (sigma-specification,
// modifiers minute to year). Dates that no calendar has are none.
func parseTime(text []byte) (moment, bool) {
	r := reader{text: text, ok: true}
	m := moment{year: r.number(4), dateOnly: true}
	r.expect('-')
	m.month = r.number(2)
	r.expect('-')
	m.day = r.number(2)
	if r.ok && len(r.text) > 0 {
		m.dateOnly = false
		if !r.take('T') {
			r.expect(' ')
		}
		r.clock(&m)
	}
	if !r.ok || len(r.text) > 0 || m.month < 1 || m.month > 12 || m.day < 1 || m.hour > 23 || m.minute > 59 {
		return moment{}, false
	}
	// Day 0 of the next month is the last of this one.
	last := time.Date(m.year, time.Month(m.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return m, m.day <= last
}

// reader takes fixed forms off the start of a text.
type reader struct {
	text []byte
	ok   bool
}

func (r *reader) clock(m *moment) {
	m.hour = r.number(2)
	r.expect(':')
	m.minute = r.number(2)
	if r.take(':') {
		r.ok = r.number(2) <= 59 && r.ok
		if r.take('.') {
			run, rest := digits(r.text)
			r.text = rest
			r.ok = r.ok && len(run) > 0
		}
	}
	if r.take('Z') || len(r.text) == 0 {
		return
	}
	if !r.take('+') {
		r.expect('-')
	}
	r.number(2)
	r.expect(':')
	r.number(2)
}

func (r *reader) number(n int) int {
	if len(r.text) < n {
		r.ok = false
		return 0
	}
	out := 0
	for _, c := range r.text[:n] {
		if c < '0' || c > '9' {
			r.ok = false
			return 0
		}
		out = out*10 + int(c-'0')
	}
	r.text = r.text[n:]
	return out
}

func (r *reader) take(c byte) bool {
	if len(r.text) == 0 || r.text[0] != c {
		return false
	}
	r.text = r.text[1:]
	return true
}

func (r *reader) expect(c byte) { r.ok = r.take(c) && r.ok }

// timeHolds compares the predicate's part of a timestamp.
func (p *predicate) timeHolds(m moment) bool {
	var part int
	switch p.time {
	case rules.TimeMinute:
		part = m.minute
	case rules.TimeHour:
		part = m.hour
	case rules.TimeDay:
		part = m.day
	case rules.TimeWeek:
		_, part = time.Date(m.year, time.Month(m.month), m.day, 0, 0, 0, 0, time.UTC).ISOWeek()
	case rules.TimeMonth:
		part = m.month
	case rules.TimeYear:
		part = m.year
	}
	if m.dateOnly && (p.time == rules.TimeMinute || p.time == rules.TimeHour) {
		return false
	}
	return compareHolds(p.operand.Compare, p.number.compareInt(part))
}

// compareInt orders n, which is not negative, against d: the sign is that of n - d.
func (d decimal) compareInt(n int) int {
	var buf [20]byte
	i := len(buf)
	for m := n; m > 0; m /= 10 {
		i--
		buf[i] = byte('0' + m%10)
	}
	return cmp.Compare(0, d.compare(decimal{whole: buf[i:], exp: int64(len(buf) - i)}))
}
