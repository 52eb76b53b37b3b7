package matcher

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/matcher/internal/reference"
	"github.com/picketsigma/picket/rules"
)

// TestFieldsUnderOtherNames: a binding can say that its events have a field under another name. The rule
// is then evaluated with that name there, its evidence keeps the rule's.
func TestFieldsUnderOtherNames(t *testing.T) {
	rule := parseRules(t, "title: t\nlogsource: {product: windows, category: process_creation}\n"+
		"detection: {s: {Image|endswith: cmd.exe, CommandLine|contains: whoami}, condition: s}").Rules
	record := func(channel, id, image string) []byte {
		return []byte(`{"winlog":{"channel":"` + channel + `","event_id":` + id + `,"event_data":{"` + image + `":"C:\\cmd.exe","CommandLine":"whoami"}}}`)
	}
	const sysmon, custom = "Microsoft-Windows-Sysmon/Operational", "Ours"
	sources := rules.SourceOptions{Security4688: true, Custom: []rules.CustomBinding{
		{Category: "process_creation", Product: "windows", Channels: []string{custom}},
		{Category: "process_creation", Product: "windows", Channels: []string{custom}, Aliases: []rules.FieldAlias{{Field: "Image", Event: "Exe"}}},
	}}
	for _, v := range variants {
		l := newLane(t, v.name, rules.Assemble([]rules.File{{Rules: rule}}, rules.LoadOptions{Sources: sources}), v.opts)
		test := func(channel, id, image string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, l.match(t, record(channel, id, image))); diff != "" {
				t.Errorf("%s: %s %s %s: %s", v.name, channel, id, image, diff)
			}
		}
		test(sysmon, "1", "Image", "t")
		test(sysmon, "1", "NewProcessName")
		test("Security", "4688", "NewProcessName", "t")
		test("Security", "4688", "Image")
		test("Security", "4689", "NewProcessName")
		test(custom, "7", "Exe", "t")
		test(custom, "7", "Image", "t")
		both := []byte(`{"winlog":{"channel":"ours","event_id":7,"event_data":{"Exe":"cmd.exe","Image":"cmd.exe","CommandLine":"whoami"}}}`)
		if got := l.match(t, both); len(got) != 1 {
			t.Errorf("%s: %d hits where both names are there", v.name, len(got))
		}
		if st := l.engine.Stats(); st.Active != 1 || st.Rules != 1 {
			t.Errorf("%s: %+v", v.name, st)
		}
		if _, err := l.decoder.Decode(record("Security", "4688", "NewProcessName"), 0); err != nil {
			t.Fatal(err)
		}
		ev, err := l.decoder.Event(0)
		if err != nil {
			t.Fatal(err)
		}
		got := l.session.Match(ev)[0].Matches[0]
		if want := (Evidence{"s", "Image", "endswith", "cmd.exe", `C:\cmd.exe`, "winlog.event_data.NewProcessName"}); got != want {
			t.Errorf("%s: got %+v", v.name, got)
		}
	}
}

// as4688 is a process creation of Sysmon as the Security log has it.
func as4688(t *testing.T, sysmon []byte) []byte {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(sysmon, &fields); err != nil {
		t.Fatal(err)
	}
	out := map[string]any{"EventID": 4688, "Channel": "Security", "Hostname": fields["Hostname"]}
	for sysmon, security := range map[string]string{
		"Image": "NewProcessName", "ParentImage": "ParentProcessName", "CommandLine": "CommandLine", "LogonId": "SubjectLogonId",
	} {
		if v, ok := fields[sysmon]; ok {
			out[security] = v
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestSecurity4688Corpus: SigmaHQ on recorded process creations as the Security log would have them, with the
// option and without. As Sysmon has them they give 213 hits: a 4688 has fewer fields.
func TestSecurity4688Corpus(t *testing.T) {
	without := sigmaHQ(t)
	with := rules.Assemble([]rules.File{{Rules: without.Rules}}, rules.LoadOptions{Sources: rules.SourceOptions{Security4688: true}})
	events := corpusLines(t, "sysmon-process-creation-nxlog.jsonl.gz")
	on, off := newLane(t, "on", with, Options{}), newLane(t, "off", without, Options{})
	compared := 40 // with the reference evaluator, which takes its time
	if raceDetector {
		compared = 5
	}
	for i, e := range events {
		record := as4688(t, e)
		got := on.match(t, record)
		off.match(t, record)
		if i >= compared {
			continue
		}
		normal, err := reference.Normalize(record)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(reference.MatchSet(with, normal), got); diff != "" {
			t.Errorf("event %d (-reference +engine):\n%s", i, diff)
		}
	}
	counts := [4]int{on.session.Stats().Candidates, on.session.Stats().Hits, off.session.Stats().Candidates, off.session.Stats().Hits}
	t.Logf("%d events, candidates and hits with the option and without: %v", len(events), counts)
	if len(events) != 623 || counts[0] < counts[1] || counts[1] != 166 || counts[2] != 0 || counts[3] != 0 {
		t.Errorf("%d events, candidates and hits with the option and without: %v; want 166 hits with and none without", len(events), counts)
	}
}
