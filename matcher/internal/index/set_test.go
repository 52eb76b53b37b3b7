package index

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// naive is what the documentation of AppendHits says, literally.
func naive(literals []Literal, value string) []uint32 {
	var out []uint32
	for i, l := range literals {
		var ok bool
		switch l.Anchor {
		case Anywhere:
			ok = strings.Contains(value, l.Text)
		case Start:
			ok = strings.HasPrefix(value, l.Text)
		case End:
			ok = strings.HasSuffix(value, l.Text)
		case Whole:
			ok = value == l.Text
		}
		if ok {
			out = append(out, uint32(i))
		}
	}
	return out
}

func hits(s *Set, value string) []uint32 {
	got := s.AppendHits(nil, []byte(value))
	slices.Sort(got)
	return slices.Compact(got)
}

func TestAppendHits(t *testing.T) {
	literals := []Literal{
		0: {`\cmd.exe`, End}, 1: {`cmd`, Anywhere}, 2: {`powershell`, Anywhere}, 3: {`c:\windows\`, Start}, 4: {`®`, Anywhere},
		5: {``, Anywhere}, 6: {``, Whole}, 7: {`x`, Whole}, 8: {`x`, End}, 9: {`x`, Start}, 10: {`c:\windows\system32\cmd.exe`, Whole},
		11: {`powershell`, Anywhere}, 12: {``, Start}, 13: {`system32\cmd.exe`, End}, 14: {`ershell.exe -e`, Anywhere},
	}
	s := New(literals)
	for value, want := range map[string][]uint32{
		``:                                 {5, 6, 12},
		`x`:                                {5, 7, 8, 9, 12},
		`xx`:                               {5, 8, 9, 12},
		`c:\windows\system32\cmd.exe`:      {0, 1, 3, 5, 10, 12, 13},
		`cmd.exe`:                          {1, 5, 12},
		`a powershell powershell.exe -e`:   {2, 5, 11, 12, 14},
		`powershel`:                        {5, 12},
		`net®support`:                      {4, 5, 12},
		"net\xc2support":                   {5, 12},
		`\\srv\c:\windows\cmd.exe.bak x y`: {1, 5, 12},
	} {
		if got := hits(s, value); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

// TestAppendHitsIsExact compares with the naive search over sets dense enough that literals overlap,
// share grams and nest.
func TestAppendHitsIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		b := make([]byte, rng.IntN(n))
		for i := range b {
			b[i] = "ab\\.\xc3"[rng.IntN(5)]
		}
		return string(b)
	}
	found := 0
	for round := range 200 {
		// Few and many literals, short and long ones: each is found by another table.
		literals, longest := make([]Literal, rng.IntN(60)), 9+round%3*7
		if round%2 == 0 {
			literals = make([]Literal, 300+rng.IntN(300))
		}
		for i := range literals {
			literals[i] = Literal{text(longest), Anchor(rng.IntN(4))}
		}
		s := New(literals)
		for range 30 {
			v := text(40)
			if len(literals) > 0 && rng.IntN(2) == 0 {
				v = text(20) + literals[rng.IntN(len(literals))].Text + text(20)
			}
			got, want := hits(s, v), naive(literals, v)
			if !slices.Equal(got, want) {
				t.Fatalf("literals %q, value %q: got %v, want %v", literals, v, got, want)
			}
			found += len(want)
		}
	}
	if found < 10_000 {
		t.Errorf("only %d literals held: the test has lost its data", found)
	}
}

func FuzzAppendHits(f *testing.F) {
	f.Add("cmd\n\\cmd.exe\n", "c:\\cmd.exe", uint8(1))
	f.Add("abcd\nbcde\nabcdefgh\na\n\n", "xabcdefghx", uint8(7))
	f.Fuzz(func(t *testing.T, lines, value string, anchors uint8) {
		var literals []Literal
		if anchors&1 == 1 { // so many that they are looked for by grams
			for i := range fewLiterals + 1 {
				literals = append(literals, Literal{strings.Repeat(string(rune('a'+i%20)), 4+i%3), Anywhere})
			}
		}
		for i, l := range strings.Split(lines, "\n") {
			literals = append(literals, Literal{l, Anchor(anchors >> (i % 4 * 2) & 3)})
		}
		if got, want := hits(New(literals), value), naive(literals, value); !slices.Equal(got, want) {
			t.Errorf("literals %q, value %q: got %v, want %v", literals, value, got, want)
		}
	})
}

func TestAppendHitsAllocatesNothing(t *testing.T) {
	s := New([]Literal{{`\cmd.exe`, End}, {`powershell`, Anywhere}, {`c:\windows\`, Start}, {`calc`, Whole}, {`-e`, Anywhere}})
	value := []byte(`c:\windows\system32\cmd.exe /c powershell -enc AAAA`)
	dst := make([]uint32, 0, 8)
	if n := testing.AllocsPerRun(100, func() { dst = s.AppendHits(dst[:0], value) }); n != 0 {
		t.Errorf("%v allocations per lookup", n)
	}
}

func BenchmarkAppendHits(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	literals := make([]Literal, 1400)
	for i := range literals {
		text := make([]byte, 6+rng.IntN(14))
		for k := range text {
			text[k] = common[rng.IntN(len(common))]
		}
		literals[i] = Literal{string(text), Anywhere}
	}
	s := New(literals)
	value := []byte(`"c:\windows\system32\windowspowershell\v1.0\powershell.exe" -noprofile -executionpolicy bypass -file "c:\programdata\agent\inventory.ps1" -site hq -verbose`)
	dst := make([]uint32, 0, 8)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		dst = s.AppendHits(dst[:0], value)
	}
}
