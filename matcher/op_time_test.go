package matcher

import (
	"testing"

	"github.com/picketsigma/picket/rules"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]moment{
		"2024-01-31T23:05:00Z":      {year: 2024, month: 1, day: 31, hour: 23, minute: 5},
		"2024-01-31 23:05:59.123":   {year: 2024, month: 1, day: 31, hour: 23, minute: 5},
		"2024-01-31T23:05+02:00":    {year: 2024, month: 1, day: 31, hour: 23, minute: 5},
		"2024-02-29T00:00:00-99:99": {year: 2024, month: 2, day: 29},
		"0000-01-01":                {month: 1, day: 1, dateOnly: true},
	} {
		if got, ok := parseTime([]byte(text)); !ok || got != want {
			t.Errorf("%s: got %+v %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "x", "2024", "2024-1-31", "2024-13-01", "2024-00-01", "2024-01-32", "2023-02-29", "2024-01-00", "2024-01-31T", "2024-01-31T24:00", "2024-01-31T23:60",
		"2024-01-31T23:05:60", "2024-01-31T23:05:00.", "2024-01-31T23:05:00Zx", "2024-01-31T23:05:00 ", "2024-01-31T23:05:00+0200", "2024-01-31T23", "2024-01-31t23:05",
		"2024-01-31T23:05:00.5.5", "٢٠٢٤-01-31", "2024/01/31", "2024-01-31T23:05:00+02", "1706742300",
	} {
		if got, ok := parseTime([]byte(text)); ok {
			t.Errorf("%q: read as %+v", text, got)
		}
	}
}

func TestTimeParts(t *testing.T) {
	test := func(part rules.TimePart, text, number string, want bool) {
		t.Helper()
		p, err := newPredicate(&rules.Operand{Kind: rules.OperandCompare, TimePart: part, Number: number})
		if err != nil {
			t.Fatal(err)
		}
		m, ok := parseTime([]byte(text))
		if !ok {
			t.Fatal(text)
		}
		if got := p.timeHolds(m); got != want {
			t.Errorf("part %d of %s = %s: got %v", part, text, number, got)
		}
	}
	const at = "2024-12-30T00:05:00Z"
	test(rules.TimeMinute, at, "5", true)
	test(rules.TimeHour, at, "0", true)
	test(rules.TimeHour, at, "0.5", false)
	test(rules.TimeDay, at, "30", true)
	test(rules.TimeWeek, at, "1", true) // of 2025
	test(rules.TimeMonth, at, "12", true)
	test(rules.TimeYear, at, "2024.0", true)
	test(rules.TimeHour, "2024-12-30", "0", false)
	test(rules.TimeMinute, "2024-12-30", "0", false)
	test(rules.TimeDay, "2024-12-30", "30", true)
}
