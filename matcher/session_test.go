package matcher

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/rules"
)

// hits runs one event through a new engine with everything on.
func hits(t *testing.T, record string, texts ...string) []Hit {
	t.Helper()
	l := newLane(t, "all on", parseRules(t, texts...), Options{})
	if _, err := l.decoder.Decode([]byte(record), 0); err != nil {
		t.Fatal(err)
	}
	ev, err := l.decoder.Event(0)
	if err != nil {
		t.Fatal(err)
	}
	return l.session.Match(ev)
}

const sysmonProcess = `{"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":"1","event_data":{"Image":"C:\\Windows\\cmd.exe","CommandLine":"cmd /c whoami /all","Port":["x",8080],"Started":"2026-03-02T23:14:07Z","User":"CORP\\ana","Ip":"10.1.2.3"}}}`

func TestEvidence(t *testing.T) {
	test := func(name, detection string, want ...Evidence) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got := hits(t, sysmonProcess, "title: t\nlogsource: {product: windows}\ndetection:\n"+detection)
			if len(got) != 1 {
				t.Fatalf("%d hits", len(got))
			}
			if diff := cmp.Diff(want, got[0].Matches); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	const data = "winlog.event_data."
	test("an item", "  sel: {Image|endswith: ['\\x.exe', '\\CMD.EXE', '.exe']}\n  condition: sel",
		Evidence{"sel", "Image", "endswith", `\CMD.EXE`, `C:\Windows\cmd.exe`, data + "Image"})
	test("under all each value", "  sel: {CommandLine|contains|all: [whoami, cmd]}\n  condition: sel",
		Evidence{"sel", "CommandLine", "contains", "whoami", "cmd /c whoami /all", data + "CommandLine"},
		Evidence{"sel", "CommandLine", "contains", "cmd", "cmd /c whoami /all", data + "CommandLine"})
	test("in the order of the rule", "  b: {User: '*ana'}\n  a: [{Image: x}, {Image|re: 'cmd', Port: 8080.0}]\n  condition: a and 1 of b*",
		Evidence{"b", "User", "wildcard", "*ana", `CORP\ana`, data + "User"},
		Evidence{"a", "Image", "re", "cmd", `C:\Windows\cmd.exe`, data + "Image"},
		Evidence{"a", "Port", "number", "8080.0", "8080", data + "Port"})
	test("not what is under a not", "  a: {Image|contains: cmd}\n  b: {User: x}\n  c: {Ip|cidr: 10.0.0.0/8}\n  condition: a and not (b or not c)",
		Evidence{"a", "Image", "contains", "cmd", `C:\Windows\cmd.exe`, data + "Image"})
	test("nor a branch that failed", "  a: {Image|contains: cmd}\n  b: {User: x}\n  c: {Started|hour|gte: 22}\n  condition: (a and b) or c",
		Evidence{"c", "Started", "hour gte", "22", "2026-03-02T23:14:07Z", data + "Started"})
	test("absence", "  a: {Nowhere: null}\n  condition: a", Evidence{"a", "Nowhere", "null", "null", "", ""})
	test("absence by a not", "  a: {Image: x}\n  condition: not a")
	test("neq", "  a: {Image|neq: x}\n  condition: a")
	test("presence", "  a: {Port|exists: true}\n  condition: a", Evidence{"a", "Port", "exists", "true", "", data + "Port"})
	test("a keyword", "  a: [mimikatz, '/ALL']\n  condition: a",
		Evidence{"a", "CommandLine", "contains", "/ALL", "cmd /c whoami /all", data + "CommandLine"})
	test("a search that is named twice", "  a: {Image|contains: cmd}\n  condition: a and 1 of them",
		Evidence{"a", "Image", "contains", "cmd", `C:\Windows\cmd.exe`, data + "Image"})
}

// TestHitsInOrder: hits come in the order of the set, each with its own evidence.
func TestHitsInOrder(t *testing.T) {
	rule := func(id, detection string) string {
		return "title: t\nid: " + id + "\nlogsource: {product: windows, category: process_creation}\ndetection: " + detection
	}
	got := hits(t, sysmonProcess,
		rule("c", "{s: {User: 'CORP\\ana'}, condition: s}"),
		rule("x", "{s: {User: other}, condition: s}"),
		rule("a", "{s: {Image|contains: Windows, User|contains: ANA}, condition: s}"),
		rule("b", "{s: {User: other}, condition: not s}"))
	var ids []string
	var values [][]string
	for _, h := range got {
		ids = append(ids, h.Rule.ID)
		var of []string
		for _, e := range h.Matches {
			of = append(of, e.Value)
		}
		values = append(values, of)
	}
	if diff := cmp.Diff([]string{"c", "a", "b"}, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{`CORP\ana`}, {`C:\Windows\cmd.exe`, `CORP\ana`}, nil}, values); diff != "" {
		t.Error(diff)
	}
}

// TestGate: a rule is never tried on an event of another source.
func TestGate(t *testing.T) {
	const sysmon, security = "Microsoft-Windows-Sysmon/Operational", "Security"
	record := func(channel, id, eventType string) string {
		return `{"winlog":{"channel":"` + channel + `","event_id":` + id + `,"event_data":{"EventType":"` + eventType + `"}}}`
	}
	test := func(logsource, record string, candidate bool) {
		t.Helper()
		set := parseRules(t, "title: t\nlogsource: "+logsource+"\ndetection: {s: {Nowhere: null}, condition: s}")
		l := newLane(t, "all on", set, Options{})
		got := len(l.match(t, []byte(record))) == 1
		if got != candidate || l.session.Stats().Candidates > 0 != candidate {
			t.Errorf("%s on %s: got %v", logsource, record, got)
		}
	}
	test("{product: windows}", record(sysmon, "1", ""), true)
	test("{product: windows}", record("Nobody knows", "4", ""), true)
	test("{category: process_creation}", record(sysmon, "1", ""), true)
	test("{category: process_creation}", record("MICROSOFT-windows-SYSMON/operational", "1", ""), true)
	test("{category: process_creation}", record(sysmon, "3", ""), false)
	test("{category: process_creation}", record(security, "1", ""), false)
	test("{product: windows, service: security}", record("security", "4625", ""), true)
	test("{product: windows, service: security}", record("Security2", "4625", ""), false)
	test("{product: windows, category: registry_delete}", record(sysmon, "12", "DeleteValue"), true)
	test("{product: windows, category: registry_delete}", record(sysmon, "12", "CREATEKEY"), false)
	test("{product: windows, category: registry_delete}", record(sysmon, "12", ""), true)
	test("{product: windows, category: registry_delete}", record(sysmon, "13", "DeleteKey"), false)
	test("{product: linux, category: process_creation}", record(sysmon, "1", ""), false)
}

// TestCompileRefuses: what the engine does not know is an error of that rule, never skipped.
func TestCompileRefuses(t *testing.T) {
	good := parseRules(t, "title: good\nlogsource: {product: windows}\ndetection: {s: {F: x}, condition: s}").Rules[0]
	broken := func(change func(r *rules.Rule)) *rules.Rule {
		r := *good
		r.Title = "broken"
		item := *good.Detection.Searches[0].Root.Children[0].Item
		value := item.Values[0]
		value.Alts = []rules.Operand{value.Alts[0]}
		item.Values = []rules.Value{value}
		r.Detection.Searches = []rules.Search{{Name: "s", Pos: r.Pos, Root: rules.Node{Kind: rules.NodeItem, Item: &item}}}
		r.Detection.Condition = rules.Cond{Kind: rules.CondSearch}
		change(&r)
		return &r
	}
	item := func(r *rules.Rule) *rules.Item { return r.Detection.Searches[0].Root.Item }
	for name, change := range map[string]func(r *rules.Rule){
		"operand":   func(r *rules.Rule) { item(r).Values[0].Alts[0].Kind = 99 },
		"part":      func(r *rules.Rule) { item(r).Values[0].Alts[0].Pattern = rules.Pattern{{Kind: 99}, {Kind: 98}} },
		"number":    func(r *rules.Rule) { item(r).Values[0].Alts[0] = rules.Operand{Kind: rules.OperandNumber, Number: "x"} },
		"anchor":    func(r *rules.Rule) { item(r).Values[0].Alts[0] = rules.Operand{Kind: rules.OperandFieldRef, Anchor: 9} },
		"keyword":   func(r *rules.Rule) { item(r).Field, item(r).Values[0].Alts[0].Kind = "", rules.OperandNull },
		"values":    func(r *rules.Rule) { item(r).Values = nil },
		"node":      func(r *rules.Rule) { r.Detection.Searches[0].Root = rules.Node{Kind: 9} },
		"condition": func(r *rules.Rule) { r.Detection.Condition.Kind = 9 },
		"search":    func(r *rules.Rule) { r.Detection.Condition.Search = 1 },
		"empty and": func(r *rules.Rule) { r.Detection.Condition.Kind = rules.CondAnd },
		"empty of":  func(r *rules.Rule) { r.Detection.Condition.Kind = rules.CondOf },
	} {
		e, refused := Compile(rules.NewSet([]*rules.Rule{broken(change), good}, nil), Options{})
		if len(refused) != 1 || refused[0].Rule != "broken" || refused[0].Pos.Line == 0 {
			t.Errorf("%s: refused %v", name, refused)
		}
		if st := e.Stats(); st.Active != 1 || st.Refused != 1 || st.Rules != 2 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

func TestStats(t *testing.T) {
	set := parseRules(t,
		"title: a\nlogsource: {product: windows, category: process_creation}\ndetection: {s: {F: x, G|contains: [a, b]}, condition: s}",
		"title: b\nlogsource: {product: windows, category: registry_event}\ndetection: {s: {F: X}, condition: s}",
		"title: c\nlogsource: {product: zeek}\ndetection: {s: {F: x}, condition: s}")
	e, _ := Compile(set, Options{})
	st := e.Stats()
	if len(st.Unmapped) != 1 || st.Unmapped[0].Title != "c" {
		t.Errorf("unmapped: %v", st.Unmapped)
	}
	st.Unmapped = nil
	// Sysmon 1, 12, 13 and 14, the rest of Sysmon, and of every channel; 12 to 14 have the same rules, as
	// have the rests: none. F: x is one predicate of two rules.
	if diff := cmp.Diff(Stats{Rules: 3, Active: 2, Fields: 2, Buckets: 6, Programs: 3, Predicates: 3}, st); diff != "" {
		t.Error(diff)
	}
	if _, ok := e.Schema().Field("G"); !ok || e.Set() != set {
		t.Error("schema or set is not the engine's")
	}
}

// TestNoAllocations: an event that no rule meets costs no memory, wherever its values are found.
func TestNoAllocations(t *testing.T) {
	set := parseRules(t,
		"title: a\nlogsource: {product: windows}\ndetection: {s: {CommandLine|contains: [nowhere, whoami], Image|re: 'wh.ami$', Port: [1, 2], Ip|cidr: 11.0.0.0/8}, condition: s}",
		"title: b\nlogsource: {product: windows}\ndetection: {s: {CommandLine|contains|cased: WHOAMI}, t: {User|fieldref: Image}, condition: s or t}",
		"title: c\nlogsource: {product: windows}\ndetection: {s: {Image|endswith: cmd.exe}, f: {User: 'corp*an?'}, condition: s and not f}")
	for _, v := range variants {
		l := newLane(t, v.name, set, v.opts)
		if _, err := l.decoder.Decode([]byte(sysmonProcess), 0); err != nil {
			t.Fatal(err)
		}
		ev, err := l.decoder.Event(0)
		if err != nil {
			t.Fatal(err)
		}
		match := func() {
			if len(l.session.Match(ev)) != 0 {
				t.Fatal("a hit")
			}
		}
		match()
		if n := testing.AllocsPerRun(100, match); n != 0 {
			t.Errorf("%s: %v allocations per event", v.name, n)
		}
	}
}

// TestHitsAllocateNothingEither once the session's buffers have grown. Only the paths in the evidence are made
// when they are asked for.
func TestHitsAllocateNothingEither(t *testing.T) {
	set := parseRules(t, "title: a\nlogsource: {product: windows}\ndetection: {s: {CommandLine|contains: whoami, Image|endswith: cmd.exe, Nowhere: null}, t: {A: null}, condition: not s or t}",
		"title: b\nlogsource: {product: windows}\ndetection: {s: {Image: x}, condition: not s}")
	l := newLane(t, "all on", set, Options{})
	if _, err := l.decoder.Decode([]byte(sysmonProcess), 0); err != nil {
		t.Fatal(err)
	}
	ev, err := l.decoder.Event(0)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	match := func() { got += len(l.session.Match(ev)) }
	match()
	if n := testing.AllocsPerRun(100, match); n != 0 || got != 204 {
		t.Errorf("%v allocations per event, %d hits", n, got)
	}
}

// TestHugeEvent: the buffers of an event that is far larger than others do not stay.
func TestHugeEvent(t *testing.T) {
	set := parseRules(t, "title: a\nlogsource: {product: windows}\ndetection: {s: {CommandLine|contains: whoami}, k: [nowhere], condition: s or k}")
	l := newLane(t, "all on", set, Options{})
	huge := []byte(`{"winlog":{"channel":"c","event_id":1,"event_data":{"CommandLine":["` + strings.Repeat(`WHOAMI\u0021`, 300_000) + `","x"]}}}`)
	for range 2 {
		if got := l.match(t, huge); len(got) != 1 {
			t.Fatalf("%d hits", len(got))
		}
		l.match(t, []byte(sysmonProcess))
		s := l.session
		if kept := cap(s.value.foldBuf) + cap(s.value.textBuf) + cap(s.texts) + 4*cap(s.finder.hits); kept > 1<<16 {
			t.Errorf("%d bytes are kept", kept)
		}
	}
}
