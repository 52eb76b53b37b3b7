package matcher

import (
	"testing"

	"github.com/picketsigma/picket/matcher/internal/reference"
)

// TestKeywordSpellings: a keyword is found however the record writes it, although the record is only glanced at.
func TestKeywordSpellings(t *testing.T) {
	set := parseRules(t,
		"title: a\nlogsource: {product: windows}\ndetection: {k: [mimikatz, 'x*kiwi'], condition: k}",
		"title: b\nlogsource: {product: windows}\ndetection: {k: [1000, '0x801'], condition: k}",
		"title: c\nlogsource: {product: windows}\ndetection: {k: ['C:\\Windows', 'say \"hello world\"'], condition: k}",
		"title: d\nlogsource: {product: windows, service: security}\ndetection: {k: ['privilege::debug'], condition: not k}")
	lanes := newLanes(t, set)
	hits := map[string]int{}
	for _, fields := range []string{
		`"F":"MimiKatz"`, `"F":"mimi\u006Batz"`, "\"F\":\"mimi\u212aatz\"", "\"F\":\"m\u0130mikatz\"", `"F":["x",{"y":"mimikatz"}]`, `"mimikatz":"x"`,
		`"F":"xyz KIWI"`, `"F":"kiwi"`, `"F":1e3`, `"F":1000.0`, `"F":"1e3"`, `"Keywords":-9218868437227405312`, `"Keywords":"0x8010"`,
		`"F":"C:\\Windows"`, `"F":"C:\\\\Windows"`, `"F":"C:\u005cWindows"`, `"F":"say \"hello world\""`, `"F":"say \u0022hello world\u0022"`,
		`"F":"privilege::debug"`, `"F":"\u0070rivilege::debug"`, `"F":"x"`, `"F":null`,
	} {
		record := []byte(`{"EventID":1,"Channel":"Security",` + fields + `}`)
		normal, err := reference.Normalize(record)
		if err != nil {
			t.Fatal(err)
		}
		want := reference.MatchSet(set, normal)
		for _, title := range want {
			hits[title]++
		}
		compare(t, lanes, record, want)
	}
	if hits["a"] != 6 || hits["b"] != 4 || hits["c"] != 4 || hits["d"] != 20 {
		t.Errorf("hits: %v", hits)
	}
}
