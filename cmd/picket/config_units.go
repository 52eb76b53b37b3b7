package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written with a unit: 64MiB, 1MB, 500kB, 12B.
type Size int64

// sizeUnits is ordered by size. The short forms K, M and G are refused: half of the world reads them
// as powers of ten and the other half as powers of two.
var sizeUnits = []struct {
	name string
	n    Size
}{
	{"B", 1}, {"kB", 1e3}, {"KiB", 1 << 10}, {"MB", 1e6}, {"MiB", 1 << 20}, {"GB", 1e9}, {"GiB", 1 << 30},
}

// parseSize reads a size with its unit; the unit's case does not matter.
func parseSize(text string) (Size, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit := strings.TrimSpace(text[len(digits):])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a size; write one as 512B, 64KiB or 1MB", text)
	}
	if unit == "" {
		return 0, fmt.Errorf("size %q has no unit; did you mean %sB?", text, digits)
	}
	for _, u := range sizeUnits {
		if strings.EqualFold(u.name, unit) {
			if n > int64(1<<62/u.n) {
				return 0, fmt.Errorf("size %q is too large", text)
			}
			return Size(n) * u.n, nil
		}
	}
	return 0, fmt.Errorf("size %q has the unknown unit %q; use B, kB, KiB, MB, MiB, GB or GiB", text, unit)
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for i := len(sizeUnits) - 1; i > 0; i-- {
		if u := sizeUnits[i]; s >= u.n && s%u.n == 0 {
			return strconv.FormatInt(int64(s/u.n), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// parseDuration reads a duration with its unit. A bare number is refused: seconds and milliseconds
// are both common in Kafka settings.
func parseDuration(text string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return 0, fmt.Errorf("duration %q has no unit; did you mean %sms or %ss?", text, text, text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write one as 500ms, 30s or 5m", text)
	}
	if d < 0 {
		return 0, fmt.Errorf("duration %q is negative", text)
	}
	return d, nil
}
