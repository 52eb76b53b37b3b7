package index

import "encoding/binary"

// Sieve tells at a glance that a JSON record holds none of some texts in any of its strings, whatever the case
// of their letters: of most records it does, for a fraction of what looking at every value costs.
//
// Law of prefilters: it may say that a text could be there although it is not, never the opposite. JSON can
// write a text in more than one way. Texts with characters that have an escape of two characters are not
// taken; a record with a \u escape, or with one of the two characters beyond ASCII whose lower case is a
// letter of ASCII (K for Kelvin, İ), is not vouched for.
//
// It is immutable and safe for concurrent use.
type Sieve struct {
	table
	stride int
	texts  []string // in small letters
}

// sieveStride is how many bytes the search advances at most. In a text of n bytes n-3 grams begin, and when
// the search looks at every stride-th gram of the record, it sees one of any stride consecutive ones. One
// less than a word, so that each pair of neighbours lies within one.
const sieveStride = 7

// spaces sets the bit that tells capitals from small letters in four bytes at once. Other bytes collide by it,
// which only costs a look.
const spaces = 0x20202020

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

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
			entries = append(entries, entry{gram: binary.LittleEndian.Uint32([]byte(t[off:])) | spaces, off: uint32(off), id: uint32(id)})
		}
	}
	s.table = newTable(entries)
	return s, true
}

// PlainInJSON reports whether JSON writes c in one way, apart from \u.
func PlainInJSON(c byte) bool { return ' ' <= c && c < 0x7f && c != '"' && c != '\\' && c != '/' }

// Absent reports that no string of the record holds one of the texts.
func (s *Sieve) Absent(record []byte) bool {
	filter, shift, i := s.filter, s.shift, 0
	for ; i+8 <= len(record); i += s.stride {
		w := binary.LittleEndian.Uint64(record[i:])
		// Zero where a byte is a backslash, and where the next one is a u. A borrow can make another
		// byte seem to be one: that costs a look.
		slash, u := w^lows*'\\', w>>8^lows*'u'
		escape := (slash - lows) &^ slash & ((u - lows) &^ u)
		if (escape|w)&highs != 0 && otherSpelling(record, i, i+8) {
			return false
		}
		gram := uint32(w) | spaces
		h := hash(gram) >> shift
		if filter[h>>6]>>(h&63)&1 == 1 && s.verify(record, i, gram) {
			return false
		}
	}
	if otherSpelling(record, i, len(record)) {
		return false
	}
	for ; i+gramLen <= len(record); i += s.stride {
		gram := binary.LittleEndian.Uint32(record[i:]) | spaces
		if s.verify(record, i, gram) {
			return false
		}
	}
	return true
}

// otherSpelling reports whether a \u escape begins in record[from:to], or a character that folds to ASCII.
func otherSpelling(record []byte, from, to int) bool {
	for i := from; i < to; i++ {
		rest := record[i:]
		switch {
		case rest[0] == '\\' && len(rest) > 1 && rest[1] == 'u' && isEscape(record, i):
			return true
		case rest[0] == 0xe2 && len(rest) > 2 && rest[1] == 0x84 && rest[2] == 0xaa, // Kelvin
			rest[0] == 0xc4 && len(rest) > 1 && rest[1] == 0xb0: // İ
			return true
		}
	}
	return false
}

// isEscape reports whether the backslash at i begins an escape, and is not the second half of one.
func isEscape(record []byte, i int) bool {
	n := 1
	for i-n >= 0 && record[i-n] == '\\' {
		n++
	}
	return n%2 == 1
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
