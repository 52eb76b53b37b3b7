package reference

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/picketsigma/picket/rules"
)

var timestamp = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?$`)

// timePart gives a part of `YYYY-MM-DD[(T| )hh:mm[:ss[.fff]][Z|±hh:mm]]` as it is written; ok is false
// for any other text, for a day or an hour that does not exist, and for the hour of a bare date.
func timePart(part rules.TimePart, s string) (n int, ok bool) {
	m := timestamp.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	field := func(i int) int {
		n, _ := strconv.Atoi(m[i]) // digits, or nothing
		return n
	}
	year, month, day, hour, minute, second := field(1), field(2), field(3), field(4), field(5), field(6)
	date := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if date.Month() != time.Month(month) || date.Day() != day || date.Hour() != hour || date.Minute() != minute || date.Second() != second {
		return 0, false // Date has carried over
	}
	switch part {
	case rules.TimeMinute:
		return minute, m[5] != ""
	case rules.TimeHour:
		return hour, m[4] != ""
	case rules.TimeDay:
		return day, true
	case rules.TimeWeek:
		_, week := date.ISOWeek()
		return week, true
	case rules.TimeMonth:
		return month, true
	case rules.TimeYear:
		return year, true
	}
	panic(fmt.Sprintf("BUG: time part %d", part))
}
