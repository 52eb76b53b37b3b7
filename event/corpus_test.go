package event

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

// corpusDir finds the recordings that are not part of the repository. Without them the test is skipped,
// loudly, except in CI, where it fails.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PICKET_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no corpus at PICKET_CORPUS: %v", err)
		}
		t.Logf("SKIPPED: no recorded events at %s; set PICKET_CORPUS", dir)
		t.SkipNow()
	}
	return dir
}

// corpusLines gives the records of a file of JSON lines.
func corpusLines(t testing.TB, path ...string) [][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join(append([]string{corpusDir(t)}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	var out [][]byte
	for lines.Scan() {
		out = append(out, bytes.Clone(lines.Bytes()))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCorpusRecordings reads every recorded event both ways, and some of them naively.
func TestCorpusRecordings(t *testing.T) {
	check := func(file string, total int, want map[string]int) {
		t.Helper()
		p := newPair(append(benchNames(), wantedNames...))
		records := corpusLines(t, file)
		got := map[string]int{}
		for i, record := range records {
			if i%corpusStep == 0 {
				if e := p.check(t, record, false); e != nil && i%(64*corpusStep) == 0 && isPlain(record) {
					checkNaive(t, p.schema, e)
				}
			}
			if _, err := p.fast.Decode(record, -1); err != nil {
				got[code(t, err)]++
			} else {
				got[string(p.fast.event.Shape)]++
			}
		}
		if diff := cmp.Diff(want, got); len(records) != total || diff != "" {
			t.Errorf("%s: %d records, want %d (-want +got):\n%s", file, len(records), total, diff)
		}
		if s := p.fast.Stats(); s.Fallback != 0 {
			t.Errorf("%s: %d records were left to gjson", file, s.Fallback)
		}
	}
	// 143 records are of Sysmon for Linux, as text in syslog: no shape of today.
	check("sysmon-nxlog.jsonl.gz", 53723, map[string]int{"nxlog": 51180, "winlogbeat6": 2400, CodeUnknownShape: 143})
	check("sysmon-process-creation-nxlog.jsonl.gz", 623, map[string]int{"nxlog": 623})
}

// TestCorpusRegression reads the events that SigmaHQ tests its rules with, evtx_dump's JSON one after
// another in a file.
func TestCorpusRegression(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpusDir(t), "regression", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	p, events := newPair(wantedNames), 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for dec := json.NewDecoder(f); dec.More(); {
			var record json.RawMessage
			if err := dec.Decode(&record); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			e := p.check(t, record, true)
			if e == nil || e.Shape != "evtx_dump" {
				t.Errorf("%s: no event of evtx_dump", file)
				continue
			}
			events++
			checkNaive(t, p.schema, e)
		}
		f.Close()
	}
	if len(files) != 115 || events != 140 {
		t.Errorf("%d events in %d files", events, len(files))
	}
}

// TestCorpusShapes reads one event as the shippers lay it out whose shapes there are.
func TestCorpusShapes(t *testing.T) {
	names := strings.Fields(`RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine
		CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage
		ParentCommandLine ParentUser`)
	if len(names) != 23 {
		t.Fatalf("%d fields of a process creation", len(names))
	}
	reference, err := os.ReadFile(filepath.Join(corpusDir(t), "shapes", "01_winlogbeat_raw.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := gjson.GetBytes(reference, "winlog.event_data")
	p := newPair(append(names, wantedNames...))
	check := func(file string, shape Shape, lost ...string) {
		t.Helper()
		record, err := os.ReadFile(filepath.Join(corpusDir(t), "shapes", file))
		if err != nil {
			t.Fatal(err)
		}
		e := p.check(t, record, true)
		if e == nil || e.Shape != shape || e.Channel != "Microsoft-Windows-Sysmon/Operational" || e.EventID != 1 {
			t.Errorf("%s: %+v", file, e)
			return
		}
		checkNaive(t, p.schema, e)
		for _, name := range names {
			f, _ := p.schema.Field(name)
			if slices.Contains(lost, name) {
				if e.Values[f].Kind != Missing {
					t.Errorf("%s: %s is not lost", file, name)
				}
				continue
			}
			if got, want := gjson.GetBytes(record, e.Path(f)).String(), want.Get(name).String(); got != want || want == "" {
				t.Errorf("%s: %s at %q is %q, want %q", file, name, e.Path(f), got, want)
			}
		}
		id, hasID := e.RecordID()
		if len(lost) == 0 && e.User() != `CORP\ana` || e.Computer() != "WS-0142.corp.example" || e.Provider() != "Microsoft-Windows-Sysmon" ||
			hasID && id != 884213 || hasID == (strings.Contains(file, "otrf") || strings.Contains(file, "rsyslog") || strings.Contains(file, "graylog")) { // which have none
			t.Errorf("%s: user %q, computer %q, provider %q, record %d", file, e.User(), e.Computer(), e.Provider(), id)
		}
	}
	check("01_winlogbeat_raw.json", "winlogbeat")
	// ECS moves the fields to names of its own: a shape to come.
	check("02_winlogbeat_ecs.json", "winlogbeat", "RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image",
		"OriginalFileName", "CommandLine", "CurrentDirectory", "User", "Hashes", "ParentProcessGuid", "ParentProcessId", "ParentImage",
		"ParentCommandLine", "ParentUser")
	check("03_winlogbeat6.json", "winlogbeat6")
	check("04_elastic_agent_raw.json", "winlogbeat")
	check("05_nxlog_im_msvistalog.json", "nxlog")
	check("07_fluentbit_event_data_as_map.json", "fluentbit")
	check("10_vector_windows_event_log.json", "vector")
	check("11_otel_body_map.json", "otel")
	check("15_evtx_dump.json", "evtx_dump")
	check("16_evtx_dump_separate_attributes.json", "evtx_dump")
	check("17_openwec_json.json", "openwec")
	check("21_azure_windowsevent_table.json", "azure_windowsevent")
	check("22_rsyslog_mmsnareparse.json", "rsyslog")
	check("23_graylog_winlogbeat.json", "graylog")
	check("24_otrf_flat.json", "nxlog")
	check("25_logstash_of_01.json", "winlogbeat")
}
