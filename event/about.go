package event

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"
)

// What alerts say about an event is read when asked for. The strings are valid as long as the event is.

// Provider names the event's provider; empty when the event does not say.
func (e *Event) Provider() string { return e.decoder.textOf(e.decoder.first(slotProvider)) }

// Computer names the computer that logged the event; empty when the event does not say.
func (e *Event) Computer() string { return e.decoder.textOf(e.decoder.first(slotComputer)) }

// User names the user that the event is about, DOMAIN\name where the domain is known: the event's User or
// its Subject, else the account that it was logged under. Empty when the event does not say.
func (e *Event) User() string {
	d := e.decoder
	if user := d.first(slotUser); isName(user) {
		return d.textOf(user)
	}
	if subject := d.first(slotSubject); isName(subject) {
		return d.account(d.first(slotSubjectDomain), subject)
	}
	if account := d.first(slotAccount); isName(account) {
		return d.account(d.first(slotAccountDomain), account)
	}
	return ""
}

// isName reports whether v is a name: Windows writes - for one that is not there.
func isName(v Value) bool {
	return v.Kind == String && len(v.Raw) > 0 && !bytes.Equal(v.Raw, []byte{'-'})
}

func (d *Decoder) account(domain, name Value) string {
	if !isName(domain) {
		return d.textOf(name)
	}
	start := len(d.scratch)
	d.scratch = append(appendUnescaped(d.scratch, domain.Raw), '\\')
	d.scratch = appendUnescaped(d.scratch, name.Raw)
	return alias(d.scratch[start:])
}

// RecordID gives the event's number in its channel; false when the event does not say.
func (e *Event) RecordID() (uint64, bool) {
	id, err := strconv.ParseUint(e.decoder.textOf(e.decoder.first(slotRecordID)), 10, 64)
	return id, err == nil
}

// timeLayouts are how shippers write a time with its zone.
var timeLayouts = [...]string{time.RFC3339, "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700"}

// Time gives the event's time and the clock it was read from: Sysmon's UtcTime, else the shipper's time,
// else the Kafka record's timestamp. A local time without its zone is none. When there is nothing, the
// time is zero.
func (e *Event) Time() (time.Time, TimeSource) {
	d := e.decoder
	if t, err := time.Parse(time.DateTime, d.textOf(d.first(slotUtcTime))); err == nil {
		return t, TimeUTC
	}
	for _, c := range d.p.slots[slotTime] {
		text := d.textOf(d.text(d.cells[c]))
		for _, layout := range timeLayouts {
			if t, err := time.Parse(layout, text); err == nil {
				return t.UTC(), TimeShipper
			}
		}
	}
	if e.timestamp < 0 {
		return time.Time{}, TimeRecord
	}
	return time.UnixMilli(e.timestamp).UTC(), TimeRecord
}

// InvalidUTF8 reports whether the event holds bytes that are not UTF-8. It is evaluated all the same: an
// alert, which has to be valid JSON, replaces them.
func (e *Event) InvalidUTF8() bool { return !utf8.Valid(e.Raw) }
