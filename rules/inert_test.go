package rules

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInert: what can never fire, and above all what is not called so.
func TestInert(t *testing.T) {
	check := func(logsource, detection, want string) {
		t.Helper()
		f := ParseFile("r.yml", []byte("title: t\nlogsource: {"+logsource+"}\ndetection: "+detection+"\nlevel: low\nstatus: test\n"), LoadOptions{})
		if len(f.Rules) != 1 {
			t.Fatalf("%s: %v", detection, f.Findings)
		}
		report := Analyze(Assemble([]File{f}, LoadOptions{}))
		got := report.Rules[0].Reason
		if state := report.Rules[0].State; (state == StateActive) != (got == "") || len(report.Rules) != 1 {
			t.Errorf("%s: %s and %q", detection, state, got)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", detection, got, want)
		}
	}
	const (
		process  = "product: windows, category: process_creation"
		file     = "product: windows, category: file_event"
		registry = "product: windows, category: registry_event"
		security = "product: windows, service: security"
		sysmon   = "product: windows, service: sysmon"
		anything = "product: windows"
		event1   = " does not exist in event 1 of microsoft-windows-sysmon/operational"
		event11  = " does not exist in event 11 of microsoft-windows-sysmon/operational"
	)
	// fields
	check(process, "{s: {Image: x}, condition: s}", "")
	check(process, "{s: {Imag: x}, condition: s}", `required field "Imag"`+event1)
	check(process, "{s: {Image: x, Imag: y}, condition: s}", `required field "Imag"`+event1)
	check(process, "{s: [{Image: x}, {Imag: y}], condition: s}", "")
	check(process, "{s: {Image: x}, f: {Imag: y}, condition: s and not f}", "")
	check(process, "{s: {Image: x}, f: {Imag: null}, condition: s and not f}", `required field "Imag"`+event1)
	check(process, "{s: {Image: x, Imag: null}, condition: s}", "")
	check(process, "{s: {Imag: [x, null]}, condition: s}", "")
	check(process, "{s: {Imag|all: ['*x', null]}, condition: s}", `required field "Imag"`+event1)
	check(process, "{s: {Imag|neq: x}, condition: s}", "")
	check(process, "{s: {Imag|exists: false}, condition: s}", "")
	check(process, "{s: {Imag|exists: true}, condition: s}", `required field "Imag"`+event1)
	check(process, "{s: {Image|fieldref: Imag}, condition: s}", `required field "Imag"`+event1)
	check(process, "{s: {'winlog.event_data.Imag': x}, condition: s}", "")
	check(process, "{s: {Message|contains: x, Hostname: y, imphash: z}, condition: s}", "")
	check(process, "{s: [kw], condition: s}", "")
	check(process, "{s: {'|re': kw, Imag: x}, condition: s}", `required field "Imag"`+event1)
	check(file, "{s: {CommandLine: x}, condition: s}", `required field "CommandLine"`+event11)
	check(registry, "{s: {NewName: x}, condition: s}", "")
	check(registry, "{s: {NewName: x, Details: y}, condition: s}", `required field "Details" does not exist in event 12 of microsoft-windows-sysmon/operational`)
	check(anything, "{s: {Imag: x}, condition: s}", "")
	check("product: windows, service: system", "{s: {EventID: 1, Imag: x}, condition: s}", "")
	check("product: windows, category: ps_classic_start", "{s: {HostApplication: x}, condition: s}", "")
	// event ids
	check(process, "{s: {EventID: 1}, condition: s}", "")
	check(process, "{s: {EventID: ['5', '1']}, condition: s}", "")
	check(process, "{s: {EventID: '1*'}, condition: s}", "")
	check(process, "{s: {EventID|gt: 5}, condition: s}", "")
	check(process, "{s: {EventID: 4688}, condition: s}", "EventID is never so in event 1 of microsoft-windows-sysmon/operational")
	check(process, "{s: {EventID: null}, condition: s}", "EventID is never so in event 1 of microsoft-windows-sysmon/operational")
	check(security, "{s: {EventID: 4688, NewProcessName: x}, condition: s}", "")
	check(security, "{s: {EventID: 4688, Description: x}, condition: s}", `required field "Description" does not exist in event 4688 of security`)
	check(security, "{s: {EventID: 4688, Description: null}, condition: s}", "")
	check(security, "{s: {EventID: [4688, 4720], Description: x}, condition: s}", "")
	check(security, "{s: {EventID: 4688.0, Description: x}, condition: s}", `required field "Description" does not exist in event 4688 of security`)
	check(security, "{s: {EventID|startswith: '468', Description: x}, condition: s}", "")
	check(security, "{s: {Description: x}, condition: s}", "")
	check(security, "{s: {EventID: 4688, PubID: x}, condition: s}", "") // event 1108 carries another's id
	check(security, "{s: {Description: x}, f: {EventID: 4688}, condition: s and not f}", "")
	check(security, "{s: {EventID: 4688}, t: {EventID: 4689}, condition: s and t}", "EventID is never so in event 4688 of security")
	check(sysmon, "{s: {EventID: 11, CommandLine: x}, condition: s}", `required field "CommandLine"`+event11)
	check(sysmon, "{s: {CommandLine: x}, condition: s}", "")
	// conditions
	check(anything, "{a: {F: x}, condition: a and not a}", "`F: x` has to hold and not to hold")
	check(anything, "{a: {F: x, G: y}, condition: a and not a}", "`F: x` has to hold and not to hold")
	check(anything, "{a: {F: x}, b: {F: x, G: y}, condition: a and not b}", "")
	check(anything, "{a: {F: x}, b: {F: x, G: y}, condition: b and not a}", "`F: x` has to hold and not to hold")
	check(anything, "{a: [{F: x}, {G: y}], b: [{F: x}, {G: y}], condition: a and not b}", "`F: x` has to hold and not to hold")
	check(anything, "{a: {F: x}, b: {F|neq: x}, condition: a and b}", "`F: x` has to hold and not to hold")
	check(anything, "{a: {F: 5}, b: {F: '5'}, condition: a and not b}", "")
	check(anything, "{a: {F|contains: x}, b: {F|startswith: x}, condition: b and not a}", "") // contradictory, not seen
	check(anything, "{a: {F: 1}, b: {G: 1}, condition: 3 of them}", "3 of 2 searches are asked for")
	check(anything, "{a: {F: 1}, b: {G: 1}, condition: a or 3 of them}", "")
	check(anything, "{a: {F: 1}, b: {G: 1}, condition: not 3 of them}", "")
	check(anything, "{a: {F: 1}, b: {G: 1}, c: {H: 1}, condition: 2 of them and not a}", "")
	check(anything, "{a: {F: 1}, b: {G: 1}, condition: all of them and not 1 of them}", "`G: 1` has to hold and not to hold")
	check(anything, "{a: {F: 1}, b: {G: 1}, condition: 1 of them and not all of them}", "")
	// values: a field of an event whose manifest is known has one
	check(process, "{a: {Image: x}, b: {Image: y}, condition: a and b}", `field "Image" would need several values at once`)
	check(process, "{a: {Image: [x, y]}, b: {Image: [Y, z]}, condition: a and b}", "")
	check(process, "{a: {Image: [x, y]}, b: {Image: X}, condition: a and not b}", "")
	check(process, "{a: {Image: [x]}, b: {Image: [y, X]}, condition: a and not b}", `field "Image" would need several values at once`)
	check(process, "{a: {Image: x}, b: {Image|cased: X}, condition: a and not b}", "")
	check(process, "{a: {Image|all: [x, y]}, condition: a}", `field "Image" would need several values at once`)
	check(process, "{a: {Image|all: ['*x', 'y*']}, condition: a}", "")
	check(process, "{a: {Image: x}, b: {Image: null}, condition: a and b}", `field "Image" would need several values at once`)
	check(process, "{a: {Image|contains: x}, b: {Image: null}, condition: a and b}", `field "Image" would need several values at once`)
	check(process, "{a: {Image: ''}, b: {Image: null}, condition: a and b}", `field "Image" would need several values at once`)
	check(process, "{a: {ProcessId: 4}, b: {ProcessId: 5}, condition: a and b}", `field "ProcessId" would need several values at once`)
	check(process, "{a: {ProcessId: 4}, b: {ProcessId: '04'}, condition: a and b}", "")
	check(process, "{a: {Image: x}, b: {Image: '*'}, condition: a and b}", "")
	check(anything, "{a: {F: x}, b: {F: y}, condition: a and b}", "") // F may be a list
	// states
	check("product: linux, service: auditd", "{a: {F: x}, condition: a}", "no events are bound to the log source linux/auditd")
}

func TestAnalyze(t *testing.T) {
	set := assemble(twoRules, "title: bad\n", "a: [\n",
		"title: c\nid: 00000000-0000-4000-8000-00000000000C\ncorrelation: {type: event_count, rules: rule_a, timespan: 1m, condition: {gt: 1}}\n---\n"+
			"title: twin\nid: 00000000-0000-4000-8000-00000000000A\nlogsource: {product: windows}\ndetection: {s: {F: 1}, condition: s}\n---\n"+
			"title: lost\ncorrelation: {type: event_count, rules: rule_b, timespan: 1m, condition: {gt: 1}}\n")
	report := Analyze(set)
	var got []string
	for _, s := range report.Rules {
		got = append(got, s.Pos.String()+" "+string(s.State)+" "+s.Title+" "+s.Reason)
	}
	want := []string{
		`a.yml:1:1 inert A required field "F" does not exist in event 1 of microsoft-windows-sysmon/operational`,
		`a.yml:7:1 active B `,
		`b.yml:1:1 rejected bad E008: detection is missing`,
		`c.yml:1:1 rejected  E001: did not find expected node content`,
		`d.yml:1:1 waiting c correlations are not evaluated yet`,
		`d.yml:5:1 rejected twin E011: id 00000000-0000-4000-8000-00000000000A is taken by the rule at a.yml:1:1`,
		`d.yml:10:1 rejected lost E029: no rule has the id or name "rule_b"; did you mean "rule_a"?`,
	}
	if diff := strings.Join(got, "\n"); diff != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", diff, strings.Join(want, "\n"))
	}
	if report.Count[StateRejected] != 4 || report.Count[StateActive] != 1 || set.Files != 4 {
		t.Errorf("%v of %d files", report.Count, set.Files)
	}
}

// corpus gives the folder of recorded events.
func corpus(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PICKET_CORPUS")
	if dir == "" {
		dir = "../../shared/corpus"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no corpus: %v; PICKET_CORPUS says where it is", err)
		}
		t.Logf("SKIPPED: no corpus: %v; PICKET_CORPUS says where it is", err)
		t.Skip("no corpus")
	}
	return dir
}

// TestInertNeverFired: no rule that is known to have fired on a recorded event is called inert.
func TestInertNeverFired(t *testing.T) {
	fired := map[string]bool{}
	dir := corpus(t)
	lists, _ := filepath.Glob(filepath.Join(dir, "*.expected.tsv.gz"))
	for _, name := range lists {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(z); lines.Scan(); {
			_, id, _ := strings.Cut(lines.Text(), "\t")
			fired[id] = true
		}
		f.Close()
	}
	regressions, _ := filepath.Glob(filepath.Join(dir, "regression", "*.json"))
	for _, name := range regressions {
		fired[strings.TrimSuffix(filepath.Base(name), ".json")] = true
	}
	seen := 0
	for _, s := range Analyze(sigmaHQSet(t)).Rules {
		if !fired[s.ID] {
			continue
		}
		seen++
		if s.State != StateActive {
			t.Errorf("%s: %s has fired, and is %s: %s", s.Pos, s.ID, s.State, s.Reason)
		}
	}
	if len(lists) != 2 || len(regressions) < 100 || seen < 200 {
		t.Errorf("%d lists, %d regressions, %d rules that fired", len(lists), len(regressions), seen)
	}
}
