package index

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

func TestSieveRefuses(t *testing.T) {
	for _, texts := range [][]string{nil, {"abc"}, {"mimikatz", ""}, {"mimikätz"}, {"Mimikatz"}, {`a\bcd`}, {"a/bcd"}, {"a\tbcd"}, {`ab"cd`}, {"ab\x7fcd"}} {
		if _, ok := NewSieve(texts); ok {
			t.Errorf("%q: was taken", texts)
		}
	}
}

// TestSieve puts each text at each place of records of every length, in mixed case.
func TestSieve(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, texts := range [][]string{{"abcd"}, {"mimikatz", "lsadump::"}, {"abcde", "a much longer text than that", "fgh@[`{x"}, {"srv$c$x", "privilege::debug"}} {
		s, ok := NewSieve(texts)
		if !ok {
			t.Fatalf("%q: was refused", texts)
		}
		for _, text := range texts {
			for n := range 40 {
				filler := strings.Repeat("#", n)
				for at := range n + 1 {
					mixed := []byte(filler[:at] + text + filler[at:])
					for i, c := range mixed {
						if 'a' <= c && c <= 'z' && rng.IntN(2) == 0 {
							mixed[i] = c - 'a' + 'A'
						}
					}
					if s.Absent(mixed) {
						t.Fatalf("%q: not found in %q", texts, mixed)
					}
					if mixed[at+2] ^= 1; !s.Absent(mixed) {
						t.Fatalf("%q: found in %q", texts, mixed)
					}
				}
			}
		}
	}
}

// TestSieveOtherSpellings: what could hide a text is seen wherever it stands.
func TestSieveOtherSpellings(t *testing.T) {
	s, ok := NewSieve([]string{"mimikatz"})
	if !ok {
		t.Fatal("refused")
	}
	for spelling, absent := range map[string]bool{
		"\u212a": false, "\u0130": false, "\u212b\u212a": false, "\xe2\u212a": false, "\xc4\xc4\xb0": false,
		`\n`: true, "®": true, "\u2013": true, "\u0131": true, "\u212b": true, "\xe2\x84": true, "\xc4": true,
	} {
		for n := range 30 {
			filler := strings.Repeat("#", n)
			for at := range n + 1 {
				if record := filler[:at] + spelling + filler[at:]; s.Absent([]byte(record)) != absent {
					t.Errorf("%q: absent is %v", record, !absent)
				}
			}
		}
	}
}

// FuzzSieve: a record that is vouched for holds the texts in no string, however it is written.
func FuzzSieve(f *testing.F) {
	f.Add("abcd\nefghijkl", `"xxABCDxx"`)
	f.Add("@bcd", `["`+"`bcd@BCD"+`"]`)
	f.Add("kiwi", "\"\u212a\u0130wi\"")
	f.Fuzz(func(t *testing.T, lines, record string) {
		texts := strings.Split(lines, "\n")
		s, ok := NewSieve(texts)
		if !ok {
			return
		}
		absent := s.Absent([]byte(record))
		var value any
		if !absent || strings.Contains(record, `\u`) || json.Unmarshal([]byte(record), &value) != nil {
			return
		}
		for _, text := range texts {
			if holds(value, text) {
				t.Errorf("%q is in %s", text, record)
			}
		}
	})
}

func holds(value any, text string) bool {
	switch x := value.(type) {
	case string:
		return strings.Contains(strings.Map(unicode.ToLower, x), text)
	case []any:
		for _, y := range x {
			if holds(y, text) {
				return true
			}
		}
	case map[string]any:
		for _, y := range x {
			if holds(y, text) {
				return true
			}
		}
	}
	return false
}

func BenchmarkSieve(b *testing.B) {
	s, _ := NewSieve([]string{"mimikatz", "lsadump::", "privilege::debug", "kerberos::golden", "sekurlsa", "eo.oe.kiwi", "<3 eo.oe"})
	record := []byte(strings.Repeat(`"Image":"C:\\Windows\\System32\\svchost.exe","User":"NT AUTHORITY\\SYSTEM",`, 28))
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if !s.Absent(record) {
			b.Fatal("not absent")
		}
	}
}
