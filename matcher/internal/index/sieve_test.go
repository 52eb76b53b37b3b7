package index

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSieveRefuses(t *testing.T) {
	for _, texts := range [][]string{{"abc"}, {"mimikatz", ""}, {"mimikätz"}, {"Mimikatz"}} {
		if _, ok := NewSieve(texts); ok {
			t.Errorf("%q: was taken", texts)
		}
	}
}

// TestSieve puts each text at each place of values of every length, in mixed case.
func TestSieve(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, texts := range [][]string{{"abcd"}, {"mimikatz", "lsadump::"}, {"abcde", "a much longer text than that", "fgh@[`{x"}, {`\\srv\c$`, "privilege::debug"}} {
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
					if !s.Holds(mixed) {
						t.Fatalf("%q: not found in %q", texts, mixed)
					}
					if mixed[at+2] ^= 1; s.Holds(mixed) {
						t.Fatalf("%q: found in %q", texts, mixed)
					}
				}
			}
		}
	}
}

func FuzzSieve(f *testing.F) {
	f.Add("abcd\nefghijkl", "xxABCDxx")
	f.Add("@bcd", "`bcd@BCD")
	f.Fuzz(func(t *testing.T, lines, value string) {
		texts := strings.Split(lines, "\n")
		s, ok := NewSieve(texts)
		if !ok {
			return
		}
		want := false
		for _, text := range texts {
			want = want || strings.Contains(asciiLower(value), text)
		}
		if got := s.Holds([]byte(value)); got != want {
			t.Errorf("%q in %q: got %v, want %v", texts, value, got, want)
		}
	})
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return string(b)
}

func BenchmarkSieve(b *testing.B) {
	s, _ := NewSieve([]string{"mimikatz", "lsadump::", "privilege::debug", "kerberos::golden", "sekurlsa", "eo.oe.kiwi", "<3 eo.oe"})
	value := []byte(strings.Repeat(`"Image":"C:\\Windows\\System32\\svchost.exe","User":"NT AUTHORITY\\SYSTEM",`, 28))
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if s.Holds(value) {
			b.Fatal("yes")
		}
	}
}
