package matcher

import (
	"math/big"
	"testing"
)

func TestDecimalOrder(t *testing.T) {
	ascending := []string{
		"-1e400", "-18446744073709551616", "-100", "-11", "-10", "-9.99", "-1", "-1e-400", "0", "1e-400", "0.1", "0.10000000000000000001",
		"0.9", "1", "1.5", "9", "10", "10.01", "99", "100", "18446744073709551615", "18446744073709551616", "1e400",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			x, ok1 := newDecimal([]byte(a))
			y, ok2 := newDecimal([]byte(b))
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := x.compare(y); !ok1 || !ok2 || got != want {
				t.Errorf("%s against %s: got %d, want %d", a, b, got, want)
			}
		}
	}
	for _, zero := range []string{"0", "-0", "0.000", "0e9", "00.0e-5"} {
		if d, ok := newDecimal([]byte(zero)); !ok || d.sign() != 0 {
			t.Errorf("%s is not zero", zero)
		}
	}
	if _, ok := newDecimal([]byte("0x5")); ok {
		t.Error("0x5 is no number")
	}
}

// FuzzDecimalOrder holds the order against exact rational arithmetic.
func FuzzDecimalOrder(f *testing.F) {
	f.Add("5", "05.0e0")
	f.Add("-0.00", "1e-3")
	f.Add("123.4500", "-12345e-2")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, ok1 := newDecimal([]byte(a))
		y, ok2 := newDecimal([]byte(b))
		if !ok1 || !ok2 || len(a)+len(b) > 30 || max(x.exp, -x.exp, y.exp, -y.exp) > 1000 {
			return
		}
		ra, _ := new(big.Rat).SetString(a)
		rb, _ := new(big.Rat).SetString(b)
		if got, want := x.compare(y), ra.Cmp(rb); got != want {
			t.Errorf("%s against %s: got %d, want %d", a, b, got, want)
		}
	})
}
