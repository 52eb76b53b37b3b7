package index

import (
	"bytes"
	"encoding/binary"
)

// Sieve tells at a glance that a JSON record holds none of some texts in any of its strings, whatever the case
// of their letters: of most records it does, for a fraction of what looking at every value costs.
//
// Law of prefilters: it may say that a text could be there although it is not, never the opposite. JSON can
// write a text in more than one way: texts with characters that have an escape of two characters are not
// taken, and records with a \u escape must not be asked about. A record with one of the two characters beyond
// ASCII whose lower case is a letter of ASCII (K for Kelvin, İ) is not vouched for.
//
// It is immutable and safe for concurrent use.
type Sieve struct {
	table
	bits   [256]uint64 // instead of the table's filter: its place needs no check, its shifts are constant
	stride int
	texts  []string // in small letters
}

// sieveStride is how many bytes the search advances at most. In a text of n bytes n-3 grams begin, and when
// the search looks at every stride-th gram of the record, it sees one of any stride consecutive ones.
const sieveStride = 8

// spaces sets the bit that tells capitals from small letters in four bytes at once. Other bytes collide by it,
// which only costs a look.
const spaces = 0x20202020

// NewSieve builds a Sieve. It reports false when there is no text, or one that it does not take: shorter than a
// gram, with capitals, or with a byte that is not printable ASCII or that JSON may escape.
func NewSieve(texts []string) (*Sieve, bool) {
	shortest := sieveStride + gramLen - 1
	for _, t := range texts {
		shortest = min(shortest, len(t))
		for i := range len(t) {
			if !PlainInJSON(t[i]) || 'A' <= t[i] && t[i] <= 'Z' {
				return nil, false
			}
		}
	}
	s := &Sieve{stride: shortest - gramLen + 1, texts: texts}
	if s.stride < 1 || len(texts) == 0 {
		return nil, false
	}
	var entries []entry
	for id, t := range texts {
		for off := range s.stride {
			e := newEntry(t, off, uint32(id))
			e.gram |= spaces
			entries = append(entries, e)
		}
	}
	s.table = newTable(entries)
	for _, e := range entries {
		h := hash(e.gram)
		s.bits[uint8(h>>24)] |= 1 << (h >> 18 & 63)
	}
	return s, true
}

// PlainInJSON reports whether JSON writes c in one way, apart from \u.
func PlainInJSON(c byte) bool { return ' ' <= c && c < 0x7f && c != '"' && c != '\\' && c != '/' }

// Absent reports that no string of the record, which has no \u escape, holds one of the texts.
func (s *Sieve) Absent(record []byte) bool {
	for i, stride := 0, s.stride; i+gramLen <= len(record); i += stride {
		gram := binary.LittleEndian.Uint32(record[i:]) | spaces
		h := hash(gram)
		if s.bits[uint8(h>>24)]>>(h>>18&63)&1 == 1 && s.verify(record, i, gram) {
			return false
		}
	}
	return !has(record, kelvin) && !has(record, dottedI)
}

// The characters beyond ASCII whose lower case is in ASCII.
const kelvin, dottedI = "\u212a", "\u0130"

// has reports whether record has the character c, beyond ASCII.
func has(record []byte, c string) bool {
	for {
		i := bytes.IndexByte(record, c[0])
		if i < 0 {
			return false
		}
		if record = record[i:]; len(record) >= len(c) && string(record[:len(c)]) == c {
			return true
		}
		record = record[1:]
	}
}

func (s *Sieve) verify(record []byte, at int, gram uint32) bool {
	for _, e := range s.withHash(gram) {
		if e.gram == gram && int(e.off) <= at && hasPrefixFold(record[at-int(e.off):], s.texts[e.id]) {
			return true
		}
	}
	return false
}

// hasPrefixFold compares with a text in small letters.
func hasPrefixFold(value []byte, text string) bool {
	if len(value) < len(text) {
		return false
	}
	for i, c := range value[:len(text)] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != text[i] {
			return false
		}
	}
	return true
}
