package reference

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/rules"
)

// TestMatchSet: the gate, and what a rule reads behind it.
func TestMatchSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yml")
	src := ""
	for _, r := range [][3]string{ // title, log source, search
		{"process", "{product: windows, category: process_creation}", "Image: 'X'"},
		{"anyProcess", "{category: process_creation}", "Image|endswith: 'x'"},
		{"sysmon", "{product: windows, service: sysmon}", "EventID: 1"},
		{"windows", "{product: windows}", "Channel: '*'"},
		{"add", "{product: windows, category: registry_add}", "TargetObject: k"},
		{"delete", "{product: windows, category: registry_delete}", "TargetObject: k"},
		{"unmapped", "{product: macos}", "Image|exists: false"},
		{"cleared", "{product: windows, service: system}", "Channel: Security"},
		{"virus", "{category: antivirus}", "Signature|contains: eicar"},
	} {
		src += "---\ntitle: " + r[0] + "\nlogsource: " + r[1] + "\ndetection:\n  sel:\n    " + r[2] + "\n  condition: sel\n"
	}
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(o rules.SourceOptions) *rules.Set {
		t.Helper()
		set, err := rules.LoadOptions{Sources: o}.Load(path)
		if err != nil || len(set.Rules) != 9 {
			t.Fatal(err, set)
		}
		return set
	}
	plain, wide := load(rules.SourceOptions{}), load(rules.SourceOptions{Security4688: true, DefenderAntivirus: true})
	test := func(set *rules.Set, event string, want ...string) {
		t.Helper()
		e, err := Normalize([]byte(event))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, MatchSet(set, e)); diff != "" {
			t.Errorf("%s\n%s", event, diff)
		}
	}
	const sysmon = `"Channel":"Microsoft-Windows-Sysmon/Operational"`
	test(plain, `{"EventID":1,`+sysmon+`,"Image":"x"}`, "anyProcess", "process", "sysmon", "windows")
	test(plain, `{"EventID":1,"Channel":"microsoft-windows-SYSMON/operational","Image":"y"}`, "sysmon", "windows")
	test(plain, `{"EventID":3,`+sysmon+`,"Image":"x"}`, "windows")
	test(plain, `{"EventID":12,`+sysmon+`,"TargetObject":"k","EventType":"CREATEKEY"}`, "add", "windows")
	test(plain, `{"EventID":12,`+sysmon+`,"TargetObject":"k","EventType":"DeleteValue"}`, "delete", "windows")
	test(plain, `{"EventID":12,`+sysmon+`,"TargetObject":"k","EventType":"INFO"}`, "add", "delete", "windows")
	test(plain, `{"EventID":12,`+sysmon+`,"TargetObject":"k"}`, "add", "delete", "windows")
	test(plain, `{"Event":{"System":{"EventID":104,"Channel":"System"},"UserData":{"X":{"Channel":"Security"}}}}`, "cleared", "windows")
	test(plain, `{"EventID":1}`)

	process := `{"EventID":4688,"Channel":"Security","NewProcessName":"x"}`
	test(plain, process, "windows")
	test(wide, process, "anyProcess", "process", "windows")
	test(wide, `{"EventID":4688,"Channel":"Security","Image":"x"}`, "windows") // not the field that rules mean
	test(wide, `{"EventID":1,`+sysmon+`,"NewProcessName":"x"}`, "sysmon", "windows")
	virus := `{"EventID":1116,"Channel":"Microsoft-Windows-Windows Defender/Operational","Threat Name":"Virus:EICAR"}`
	test(plain, virus, "windows")
	test(wide, virus, "virus", "windows")
}
