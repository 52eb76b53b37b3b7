package event

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

var update = flag.Bool("update", false, "rewrite the table of docs/event-shapes.md")

// TestShapesGiveTheSameEvent reads one process creation as each shipper lays it out: the fields come out
// equal, and their paths lead to them.
func TestShapesGiveTheSameEvent(t *testing.T) {
	var names []string
	gjson.Parse(objectData).ForEach(func(key, _ gjson.Result) bool {
		names = append(names, key.String())
		return true
	})
	if len(names) != 9 || len(processes) != 7 {
		t.Fatalf("%d fields, %d shapes", len(names), len(processes))
	}
	own := append(slices.Clone(names), "Channel", "Provider_Name", "Computer", "EventID")
	s := NewSchema(own)
	for reading, opts := range readings {
		d := NewDecoderWith(s, opts)
		for shape, record := range processes {
			e := decodeOne(t, d, record, -1)
			if e.Shape != shape || e.EventID != 1 || e.Channel != "Microsoft-Windows-Sysmon/Operational" {
				t.Errorf("%s, %s: %s %d %q", shape, reading, e.Shape, e.EventID, e.Channel)
			}
			for _, name := range own {
				want := map[string]string{
					"Channel": e.Channel, "Provider_Name": "Microsoft-Windows-Sysmon", "Computer": "ws-17.lab.example", "EventID": "1",
				}[name]
				if want == "" {
					want = gjson.Get(objectData, name).String()
				}
				f, _ := s.Field(name)
				if got := gjson.Get(record, e.Path(f)).String(); got != want {
					t.Errorf("%s, %s: %s at %q is %q, want %q", shape, reading, name, e.Path(f), got, want)
				}
				if got := gjson.ParseBytes(appendJSON(nil, e.Values[f])).String(); got != want {
					t.Errorf("%s, %s: %s is %q, want %q", shape, reading, name, got, want)
				}
			}
		}
	}
}

func TestSystemValuesOfShapes(t *testing.T) {
	d := NewDecoder(NewSchema(nil))
	check := func(shape Shape, want string) {
		t.Helper()
		e := decodeOne(t, d, others[shape], -1)
		at, source := e.Time()
		id, _ := e.RecordID()
		got := fmt.Sprint(e.Channel, " ", e.EventID, " ", e.Provider(), " ", e.Computer(), " ", id, " ", e.User(), " ", at.Format("15:04:05"), " ", source)
		if got != want || e.Shape != shape {
			t.Errorf("%s: %s, want %s", e.Shape, got, want)
		}
	}
	check("vector", `System 104 Microsoft-Windows-Eventlog srv-2 9 LAB\mara 07:00:00 shipper`)
	check("otel", `System 7045 Service Control Manager srv-2 77  06:40:00 shipper`)
	check("openwec", `Security 4625 Microsoft-Windows-Security-Auditing dc-1 6  00:00:00 record`)
	check("fluentbit", `System 7045 Service Control Manager srv-2 77 NT AUTHORITY\SYSTEM 06:40:00 shipper`)
	check("azure_windowsevent", `Security 4625 Microsoft-Windows-Security-Auditing dc-1 0  06:40:00 shipper`)
	check("rsyslog", `Security 4625 Microsoft-Windows-Security-Auditing dc-1 0 LAB\own 06:40:00 shipper`)
	check("graylog", `System 7045 Service Control Manager srv-2 0 LAB\own 06:40:00 shipper`)
}

// TestDataWinsInEveryShape: a data field named like one of System's.
func TestDataWinsInEveryShape(t *testing.T) {
	s := NewSchema([]string{"Channel", "Version", "Keywords"})
	check := func(shape Shape, want ...string) {
		t.Helper()
		for reading, opts := range readings {
			got := values(s, decodeOne(t, NewDecoderWith(s, opts), others[shape], -1))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", shape, reading, diff)
			}
		}
	}
	check("vector", `Channel="Application"`)
	check("openwec", `Channel="Security"`, `Version="the data's"`)
	check("fluentbit", `Channel="the data's"`)
	check("graylog", `Channel="the data's"`)
	check("azure_windowsevent", `Channel="Security"`, `Keywords=null`)
}

// TestShapesPage: the table of docs/event-shapes.md is what the shapes say. -update writes it anew.
func TestShapesPage(t *testing.T) {
	const file, begin, end = "../docs/event-shapes.md", "<!-- table -->\n", "<!-- end of table -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no table", file)
	}
	want := shapesTable()
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table, want); diff != "" {
		t.Errorf("%s is out of date (-file +now); go test ./event -run TestShapesPage -update rewrites it:\n%s", file, diff)
	}
}

func shapesTable() string {
	var b strings.Builder
	b.WriteString("| `source.shape` | Who writes it | Recognized by | Fields | Event id | Channel | Record id | Time |\n|---|---|---|---|---|---|---|---|\n")
	code := func(paths []string, none string) string {
		if len(paths) == 0 {
			return none
		}
		return "`" + strings.Join(paths, "`, `") + "`"
	}
	for _, s := range shapes {
		var signs []string
		for _, alternative := range s.signs {
			var all []string
			for _, sg := range alternative {
				all = append(all, "`"+sg.path+"`"+map[Kind]string{Object: " object", String: " text"}[sg.kind])
			}
			signs = append(signs, strings.Join(all, " and "))
		}
		data := "every key"
		if s.data[0] != "" {
			data = code(s.data, "")
		} else if s.prefix != "" {
			data = "`" + s.prefix + "*`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", s.name, s.shippers, strings.Join(signs, "; or "), data,
			code(s.system[slotEventID], "–"), code(s.system[slotChannel], "–"), code(s.system[slotRecordID], "–"), code(s.system[slotTime], "–"))
	}
	return b.String()
}
