package rules

import (
	"fmt"
	"strings"
	"testing"
)

func TestAttackOf(t *testing.T) {
	check := func(tags, want string) {
		t.Helper()
		if got := fmt.Sprintf("%v", AttackOf(strings.Fields(tags))); got != want {
			t.Errorf("%s: got %s, want %s", tags, got, want)
		}
	}
	check("", "{[] []}")
	check("attack.execution attack.t1059.001 attack.t1059", "{[{execution TA0002}] [T1059.001 T1059]}")
	check("attack.defense_evasion attack.defense-evasion", "{[{defense-evasion TA0005}] []}")
	check("ATTACK.Command_And_Control attack.T1105", "{[{command-and-control TA0011}] [T1105]}")
	check("attack.stealth attack.defense-impairment attack.my_own", "{[{stealth } {defense-impairment } {my_own }] []}")
	check("attack.g0001 attack.s0002 attack.ds0003 attack.m1004 attack.a0005 cve.2021-44228 attack. x", "{[] []}")
	check("attack.t105 attack.t1059.01", "{[{t105 } {t1059.01 }] []}")
	if len(tacticIDs) != 14 {
		t.Errorf("%d tactics, ATT&CK for Enterprise has 14", len(tacticIDs))
	}
}
