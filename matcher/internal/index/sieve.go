package index

import "encoding/binary"

// Sieve tells at a glance that none of some texts is in a large value, whatever the case of its ASCII letters.
// Law of prefilters: where its user cannot rule out that a text is there in another spelling (escaped, or
// with letters that fold to ASCII ones), he must not ask. It is immutable and safe for concurrent use.
type Sieve struct {
	table
	stride int
	texts  []string // in small letters
}

// sieveStride is how many bytes the search advances at most. In a text of n bytes n-3 grams begin, and when
// the search looks at every stride-th gram of the value, it sees one of any stride consecutive ones.
const sieveStride = 8

// spaces sets the bit that tells capitals from small letters in four bytes at once. Other bytes collide by it,
// which only costs a look.
const spaces = 0x20202020

// NewSieve builds a Sieve for ASCII texts without capitals. It reports false when one of them is shorter than
// a gram or is not such a text.
func NewSieve(texts []string) (*Sieve, bool) {
	shortest := sieveStride + gramLen - 1
	for _, t := range texts {
		shortest = min(shortest, len(t))
		for i := range len(t) {
			if t[i] >= 0x80 || 'A' <= t[i] && t[i] <= 'Z' {
				return nil, false
			}
		}
	}
	s := &Sieve{stride: shortest - gramLen + 1, texts: texts}
	if s.stride < 1 {
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

// Holds reports whether value holds one of the texts, in any case of their letters.
func (s *Sieve) Holds(value []byte) bool {
	filter, shift := s.filter, s.shift
	if len(filter) == 0 {
		return false
	}
	for i := 0; i+gramLen <= len(value); i += s.stride {
		gram := binary.LittleEndian.Uint32(value[i:]) | spaces
		h := hash(gram) >> shift
		if filter[h>>6]>>(h&63)&1 == 1 && s.verify(value, i, gram) {
			return true
		}
	}
	return false
}

func (s *Sieve) verify(value []byte, at int, gram uint32) bool {
	for _, e := range s.withHash(gram) {
		if e.gram == gram && int(e.off) <= at && hasPrefixFold(value[at-int(e.off):], s.texts[e.id]) {
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
