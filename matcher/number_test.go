package matcher

import (
	"math/big"
	"testing"
)

func numberKey(s string) string {
	key, ok := appendNumberKey(nil, []byte(s))
	if !ok {
		return "none"
	}
	return string(key)
}

func TestNumberKey(t *testing.T) {
	for _, same := range [][]string{
		{"5", "05", "+5", "5.0", "5e0", "5E0", "0.5e1", "50e-1", "500.00e-2"},
		{"0", "-0", "+0", "0.0", "000", "0e99999999999999999999"},
		{"-12.5", "-012.50", "-125e-1"},
		{"18446744073709551615", "18446744073709551615.0"},
		{"0.0001", "1e-4", "00.000100"},
		{"1000", "1e3", "1000.0"},
	} {
		for _, s := range same {
			if got, want := numberKey(s), numberKey(same[0]); got != want || got == "none" {
				t.Errorf("%s: key %s, but %s has %s", s, got, same[0], want)
			}
		}
	}
	seen := map[string]string{}
	for _, s := range []string{"5", "-5", "50", "0.5", "55", "0", "18446744073709551615", "18446744073709551616", "1e1000000", "1e-1000000", "0.1", "0.10000000000000001"} {
		if other, ok := seen[numberKey(s)]; ok {
			t.Errorf("%s and %s have one key", s, other)
		}
		seen[numberKey(s)] = s
	}
	for _, s := range []string{"", "+", "-", "0x5", " 5", "5 ", "five", ".5", "5.", "5e", "5e+", "1_000", "5.0.0", "--5", "٣", "Inf", "NaN", "5e0x"} {
		if got := numberKey(s); got != "none" {
			t.Errorf("%q: is no number, got %s", s, got)
		}
	}
}

// FuzzNumberKey holds the canonical form against exact rational arithmetic.
func FuzzNumberKey(f *testing.F) {
	f.Add("5", "05.0e0")
	f.Add("-0.00", "1e-3")
	f.Add("123.4500", "12345e-2")
	f.Fuzz(func(t *testing.T, a, b string) {
		ka, kb := numberKey(a), numberKey(b)
		if ka == "none" || kb == "none" || len(a)+len(b) > 30 {
			return
		}
		_, _, _, ea, _ := scanNumber([]byte(a))
		_, _, _, eb, _ := scanNumber([]byte(b))
		if max(ea, -ea, eb, -eb) > 1000 {
			return
		}
		ra, oka := new(big.Rat).SetString(a)
		rb, okb := new(big.Rat).SetString(b)
		if !oka || !okb {
			t.Fatalf("%q %q: math/big disagrees about what a number is", a, b)
		}
		if (ka == kb) != (ra.Cmp(rb) == 0) {
			t.Errorf("%q is %s, %q is %s", a, ka, b, kb)
		}
	})
}
