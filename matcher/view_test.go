package matcher

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
