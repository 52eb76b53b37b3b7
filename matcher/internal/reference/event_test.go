package reference

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/picketsigma/picket/event"
	"github.com/picketsigma/picket/matcher/internal/generate"
)

// compared are the fields that package event and Normalize have to agree on.
var compared = event.NewSchema([]string{
	"A", "B", "C", "CommandLine", "Ip", "UtcTime", "Payload", "Port", "A.B", "A.B.C", "A.C", "DE", "Data", "Data.B", "Nowhere",
	"Hashes", "md5", "sha1", "sha256", "imphash", "EventID", "EventType", "Channel", "Computer", "Keywords", "Message", "Image", "TargetObject",
	"Provider_Name", "Provider_Guid", "Security_UserID", "Task", "EventRecordID", "Execution_ProcessID", "Correlation", "param1", "xml_name",
})

// compareDecoding reads a record with package event and by Normalize: the same events have to come out of
// both.
func compareDecoding(t *testing.T, d *event.Decoder, record string) {
	t.Helper()
	want, wantErr := Normalize([]byte(record))
	n, err := d.Decode([]byte(record), -1)
	if (err != nil) != (wantErr != nil) {
		t.Errorf("error %v, by the reference %v\n%s", err, wantErr, record)
	}
	if err != nil || wantErr != nil {
		return
	}
	e, err := d.Event(0)
	if err != nil || n != 1 {
		t.Fatalf("%d events, %v\n%s", n, err, record)
	}
	gotGate, wantGate := []any{e.Channel, e.EventID, e.EventType}, []any{want.Channel, want.EventID, want.EventType}
	if diff := cmp.Diff(wantGate, gotGate); diff != "" {
		t.Errorf("gate (-reference +event):\n%s\n%s", diff, record)
	}
	for f := range compared.Len() {
		name := compared.Name(event.Field(f))
		wantValues, present := lookup(want.Fields, name)
		v := e.Values[f]
		if present != (v.Kind != event.Missing) {
			t.Errorf("%s: kind %d, by the reference present: %v\n%s", name, v.Kind, present, record)
			continue
		}
		if !present {
			continue
		}
		if diff := cmp.Diff(flatten(wantValues, nil), flatten([]any{decodeValue(t, v)}, nil), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-reference +event):\n%s\n%s", name, diff, record)
		}
	}
	var gotLeaves []any
	for _, l := range e.AppendLeaves(nil) {
		gotLeaves = append(gotLeaves, decodeValue(t, l.Value))
	}
	if diff := cmp.Diff(texts(leaves(want.Fields, nil)), texts(gotLeaves)); diff != "" {
		t.Errorf("leaves (-reference +event):\n%s\n%s", diff, record)
	}
}

func decodeValue(t *testing.T, v event.Value) any {
	t.Helper()
	raw := string(v.Raw)
	if v.Kind == event.String {
		raw = `"` + raw + `"`
	}
	return decode(t, fmt.Sprintf(`{"v":%s}`, raw))["v"]
}

// texts gives different scalars with their types, sorted; null is none.
func texts(values []any) []string {
	var out []string
	for _, v := range values {
		if v != nil {
			out = append(out, fmt.Sprintf("%T %v", v, v))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestDecodingOfGeneratedRecords(t *testing.T) {
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, 0))
	d := event.NewDecoder(compared)
	n := 3000
	if underRace {
		n = 300
	}
	for range n {
		compareDecoding(t, d, generate.Record(rng))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestDecodingOfRealEvents(t *testing.T) {
	if underRace {
		t.Skip("a naive reading of 139 MB takes too long under the race detector")
	}
	d := event.NewDecoder(compared)
	records := 0
	for i, record := range lines(t, filepath.Join(corpus(t), "sysmon-nxlog.jsonl.gz")) {
		if i%20 == 0 && !t.Failed() {
			compareDecoding(t, d, record)
			records++
		}
	}
	files, err := filepath.Glob(filepath.Join(corpus(t), "regression", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, shape := range []string{"01_winlogbeat_raw", "03_winlogbeat6", "04_elastic_agent_raw", "05_nxlog_im_msvistalog", "15_evtx_dump", "16_evtx_dump_separate_attributes", "24_otrf_flat", "25_logstash_of_01"} {
		files = append(files, filepath.Join(corpus(t), "shapes", shape+".json"))
	}
	for _, file := range files {
		for _, raw := range values(t, file) {
			compareDecoding(t, d, string(raw))
			records++
		}
	}
	if records != 2687+140+8 {
		t.Errorf("compared %d records", records)
	}
}

// TestDecodingOfOddRecords: what no generator makes and no recording has.
func TestDecodingOfOddRecords(t *testing.T) {
	d := event.NewDecoder(compared)
	for _, record := range []string{
		`{"EventID":1}`, `{"Channel":"C"}`, `{"EventID":null,"Channel":"C"}`, `{"EventID":"4.00","Channel":"C"}`, `{"EventID":1,"Channel":null}`, `{}`,
		`{"EventID":1,"Channel":"C","A":{"B":{"C":1},"B.C":2},"A.B":{"C":3}}`, `{"EventID":1,"Channel":"C","A":[[{"B":[{"C":1},{"C":[]}]}],{"B":4}]}`,
		`{"EventID":1,"Channel":"C","A.B":null,"A":{"B":1}}`, `{"EventID":1,"Channel":"C","A":null}`,
		`{"EventID":1,"Channel":"C","Hashes":"md5=ab,MD5=cd,SHA1=,IMPHASH=x","sha256":null}`, `{"EventID":1,"Channel":"C","Hashes":"MD5=\u0061b"}`,
		`{"EventID":1,"Channel":"C","Hashes":["MD5=ab"]}`, `{"EventID":1,"Channel":"C","Keywords":-1,"EventType":"VERBOSE"}`,
		`{"EventID":1,"Channel":"C","Keywords":18446744073709551616,"EventType":"info"}`, `{"EventID":1,"Channel":"C","Keywords":1.0,"EventType":5}`,
		`{"EventID":1,"Channel":"C","param2":"b","param10":"j","param1":null}`, `{"EventID":1,"Channel":"C","param1":"a","Data":null}`,
		`{"winlog":{"event_id":"1","channel":"C","event_data":null}}`, `{"winlog":{"channel":"C"},"event":{"code":"3"}}`, `{"winlog":5,"EventID":1,"Channel":"C"}`,
		`{"winlog":{"event_id":1,"channel":"C","event_data":{"Channel":"D","A B":1},"user_data":{"A":2},"keywords":[],"user":{"identifier":null}},"message":null}`,
		`{"event_data":{"A":1},"event_id":1}`, `{"event_data":null,"event_id":1,"log_name":"C"}`, `{"event_data":[],"EventID":1,"Channel":"C"}`, `{"user_data":{"A":1},"event_id":"1","log_name":"C"}`,
		`{"Event":{"System":{"EventID":{"#text":"1","#attributes":{"Qualifiers":""}},"Channel":{"#text":"C"}},"EventData":{"Data":{"#text":null}}}}`,
		`{"Event":{"System":{"EventID":1,"Channel":"C"},"EventData":{"Data":["a",{"#text":"b","#attributes":{}}]}}}`, `{"Event":{"System":{"EventID":1,"Channel":"C"},"EventData":null,"UserData":{"X":{"A":{"B":1},"#attributes":{}}}}}`,
		`{"Event":{"System":{"EventID":1,"Channel":"C","Security":{"#attributes":{"UserID":"S"},"#text":"t"},"Security_attributes":{"UserID":"no"}},"EventData":{"Security_UserID":"data"}}}`,
		`{"Event":{"System":[]},"EventID":1,"Channel":"C"}`, `{"EventID":1,"Channel":"C"} x`, `[{"EventID":1,"Channel":"C"}]`, `"x"`, ` {"EventID" : 1 , "Channel" : "C" , "A" : [ 1 , { "B" : "\ud83d\ude00" } ] } `,
		`{"EventID":1,"Channel":"C","EventID":2,"A":1,"A":{"B":2}}`,
	} {
		compareDecoding(t, d, record)
	}
}
