package reference

import (
	"net/netip"
	"regexp"
	"testing"

	"github.com/picketsigma/picket/rules"
)

// TestOperands tries what each kind of operand does, without the parser; conformance.txt tries both.
func TestOperands(t *testing.T) {
	kinds := map[rules.OperandKind]bool{}
	test := func(o rules.Operand, event string, want bool) {
		t.Helper()
		kinds[o.Kind] = true
		if got := operand("F", o, view{fields: decode(t, event)}); got != want {
			t.Errorf("got %v for %+v on %s", got, o, event)
		}
	}
	text := func(s string) rules.Pattern { return rules.Pattern{{Kind: rules.PartLiteral, Text: s}} }
	test(rules.Operand{Pattern: text("x")}, `{"F":["y","X"]}`, true)
	test(rules.Operand{Pattern: text("x"), Cased: true}, `{"F":["y","X"]}`, false)
	dash := rules.Pattern{{Kind: rules.PartDash}, {Kind: rules.PartLiteral, Text: "a"}}
	test(rules.Operand{Pattern: dash}, `{"F":"\u2015A"}`, true)
	test(rules.Operand{Pattern: dash}, `{"F":"+a"}`, false)
	test(rules.Operand{Kind: rules.OperandNumber, Number: "5"}, `{"F":"50e-1"}`, true)
	test(rules.Operand{Kind: rules.OperandBool}, `{"F":"FALSE"}`, true)
	test(rules.Operand{Kind: rules.OperandNull}, `{"F":[[],[]]}`, true)
	test(rules.Operand{Kind: rules.OperandExists, Bool: true}, `{"F":null}`, true)

	test(rules.Operand{Kind: rules.OperandRegex, Regex: regexp.MustCompile(`^5$`)}, `{"F":5.0}`, true)
	test(rules.Operand{Kind: rules.OperandRegex, Regex: regexp.MustCompile(``)}, `{"F":[null,{}]}`, false)

	v4, v6 := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::ffff:0:0/96")
	test(rules.Operand{Kind: rules.OperandCIDR, CIDR: v4}, `{"F":"::FFFF:10.1.2.3"}`, true)
	test(rules.Operand{Kind: rules.OperandCIDR, CIDR: v4}, `{"F":"::ffff:a01:203%eth0"}`, true)
	test(rules.Operand{Kind: rules.OperandCIDR, CIDR: v4}, `{"F":"10.1.2.3%eth0"}`, false)
	test(rules.Operand{Kind: rules.OperandCIDR, CIDR: v6}, `{"F":"::ffff:10.1.2.3"}`, true)
	test(rules.Operand{Kind: rules.OperandCIDR, CIDR: v6}, `{"F":"10.1.2.3"}`, false)

	for c, want := range []string{"010", "100", "110", "001", "011"} { // on less, equal, more
		o := rules.Operand{Kind: rules.OperandCompare, Compare: rules.Compare(c), Number: "18446744073709551616"}
		for i, v := range []string{"18446744073709551615", "1844674407370955161.60e1", "18446744073709551616.5"} {
			test(o, `{"F":`+v+`}`, want[i] == '1')
		}
		test(o, `{"F":[true,null,"","0x5"]}`, false)
	}
	less := rules.Operand{Kind: rules.OperandCompare, Compare: rules.CompareLt, Number: "0.1"}
	for v, want := range map[string]bool{"0": true, "-0.0": true, "-1e400": true, "1e-400": true, "0.1": false, "0.10000000000000000001": false, "1e400": false} {
		test(less, `{"F":`+v+`}`, want)
	}
	greater := rules.Operand{Kind: rules.OperandCompare, Compare: rules.CompareGt, Number: "-10"}
	for v, want := range map[string]bool{"-9.99": true, "-10": false, "-11": false, "-100": false, "0": true} {
		test(greater, `{"F":`+v+`}`, want)
	}

	for part, want := range map[rules.TimePart]string{
		rules.TimeMinute: "5", rules.TimeHour: "23", rules.TimeDay: "31", rules.TimeWeek: "5", rules.TimeMonth: "1", rules.TimeYear: "2024",
	} {
		test(rules.Operand{Kind: rules.OperandCompare, TimePart: part, Number: want}, `{"F":"2024-01-31T23:05:00+02:00"}`, true)
		test(rules.Operand{Kind: rules.OperandCompare, TimePart: part, Number: "77"}, `{"F":"2024-01-31T23:05:00+02:00"}`, false)
		for _, no := range []string{`""`, `"2024-02-30T01:01"`, `"2024-01-31T24:00"`, `"2024-01-31T23:05:00 "`, `2024`, `"2024-1-31T23:05"`, `"2024-01-31T23:05:00+0200"`} {
			test(rules.Operand{Kind: rules.OperandCompare, TimePart: part, Compare: rules.CompareGte, Number: "0"}, `{"F":`+no+`}`, false)
		}
	}

	for anchor, want := range []string{"1000", "1100", "1010", "1111"} { // whole, prefix, suffix, middle
		o := rules.Operand{Kind: rules.OperandFieldRef, FieldRef: "G", Anchor: rules.Anchor(anchor)}
		for i, other := range []string{"AXB", "a", "b", "x"} {
			test(o, `{"F":"axb","G":"`+other+`"}`, want[i] == '1')
			o.Cased = true
			test(o, `{"F":"axb","G":"`+other+`"}`, want[i] == '1' && i > 0)
			o.Cased = false
		}
		test(o, `{"F":null,"G":null}`, false)
		test(o, `{"F":[{}, []],"G":[{}, "a"]}`, false)
	}
	test(rules.Operand{Kind: rules.OperandFieldRef, FieldRef: "G"}, `{"F":[1,"z"],"G":[["q"],1.0]}`, true)

	if len(kinds) != int(rules.OperandFieldRef)+1 {
		t.Errorf("tried %d kinds of operands, there are %d", len(kinds), rules.OperandFieldRef+1)
	}
}

func TestUnknownOperandPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an unknown kind was skipped")
		}
	}()
	operand("F", rules.Operand{Kind: 250}, view{fields: map[string]any{"F": "x"}})
}
