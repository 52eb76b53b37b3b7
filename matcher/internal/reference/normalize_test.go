package reference

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// number shortens the tables.
type number = json.Number

func TestNormalize(t *testing.T) {
	test := func(name, record string, want Event) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			got, err := Normalize([]byte(record))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	test("flat", `{"EventID":1,"Channel":"C","SourceName":"S","Hostname":"h","Keywords":-9218868437227405312,"EventType":"INFO","Threat Name":"x","N":null,"L":[1,{"a":true}]}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{
			"EventID": number("1"), "Channel": "C", "SourceName": "S", "Provider_Name": "S", "Hostname": "h", "Computer": "h",
			"Keywords": "0x8010000000000000", "ThreatName": "x", "N": nil, "L": []any{number("1"), map[string]any{"a": true}},
		}})
	test("flat: what is there stays", `{"EventID":"4625","Channel":"C","SourceName":"S","Provider_Name":"P","Hostname":"h","Computer":null,"Keywords":"0x80","EventType":"SetValue","param1":"a","Data":"d"}`,
		Event{Channel: "C", EventID: 4625, EventType: "SetValue", Fields: map[string]any{
			"EventID": number("4625"), "Channel": "C", "SourceName": "S", "Provider_Name": "P", "Hostname": "h", "Computer": nil,
			"Keywords": "0x80", "EventType": "SetValue", "param1": "a", "Data": "d",
		}})
	test("flat: numbered data in the order of their numbers, and unsigned keywords", `{"EventID":1,"Channel":"C","param10":"j","param2":null,"param1":"a","param0":"no","Keywords":9259400833873739776}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{
			"EventID": number("1"), "Channel": "C", "param10": "j", "param2": nil, "param1": "a", "param0": "no",
			"Data": []any{"a", nil, "j"}, "Keywords": "0x8080000000000000",
		}})
	test("hashes", `{"EventID":1,"Channel":"C","Hashes":"SHA1=0a,MD5=FF,IMPHASH=,SHA256=xyz","md5":"mine"}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{
			"EventID": number("1"), "Channel": "C", "Hashes": "SHA1=0a,MD5=FF,IMPHASH=,SHA256=xyz", "md5": "mine", "sha1": "0a",
		}})
	test("of equal keys the last", `{"EventID":1,"Channel":"C","F":{"a":1},"F":{"b":2,"b":3}}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{"EventID": number("1"), "Channel": "C", "F": map[string]any{"b": number("3")}}})
	test("Winlogbeat 7", `{"@timestamp":"t","message":"m","event":{"code":"1"},"winlog":{"channel":"C","event_id":"1","provider_name":"P","provider_guid":"G","computer_name":"h","record_id":7,"task":"T","opcode":"Info","keywords":["k"],"version":5,"api":"x","user":{"identifier":"S-1"},"event_data":{"Image":"i","Channel":"other","EventType":"CreateKey","EventType ":"x"},"user_data":{"xml_name":"u"}}}`,
		Event{Channel: "C", EventID: 1, EventType: "x", Fields: map[string]any{
			"Channel": "other", "EventID": number("1"), "Provider_Name": "P", "Provider_Guid": "G", "Computer": "h", "EventRecordID": number("7"),
			"Task": "T", "Opcode": "Info", "Keywords": []any{"k"}, "Version": number("5"), "Security_UserID": "S-1", "Message": "m",
			"Image": "i", "EventType": "x", "xml_name": "u",
		}})
	test("Winlogbeat 6", `{"message":"m","log_name":"C","event_id":1,"source_name":"P","computer_name":"h","record_number":"7","beat":{},"event_data":{"param1":"a","param2":"b"}}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{
			"Channel": "C", "EventID": number("1"), "Provider_Name": "P", "Computer": "h", "EventRecordID": "7", "Message": "m",
			"param1": "a", "param2": "b", "Data": []any{"a", "b"},
		}})
	test("without a channel, and an id that is a float", `{"EventID":"4.00"}`,
		Event{EventID: 4, Fields: map[string]any{"EventID": number("4")}})
	test("Winlogbeat: the id of ECS", `{"event":{"code":"7"},"winlog":{"channel":"C"}}`,
		Event{Channel: "C", EventID: 7, Fields: map[string]any{"Channel": "C", "EventID": number("7")}})
	test("Winlogbeat 6 without data", `{"log_name":"C","event_id":1}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{"Channel": "C", "EventID": number("1")}})
	test("evtx_dump", `{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"P","Guid":"G"}},"EventID":{"#text":1,"#attributes":{"Qualifiers":2}},"Channel":"C","Correlation":null,"TimeCreated":{"#attributes":{"SystemTime":"t"}}},"EventData":{"#attributes":{"Name":"n"},"Image":"i","Data":{"#text":["a","b"]}}}}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{
			"Provider_Name": "P", "Provider_Guid": "G", "EventID": number("1"), "EventID_Qualifiers": number("2"), "Channel": "C", "Correlation": nil,
			"TimeCreated_SystemTime": "t", "Image": "i", "Data": []any{"a", "b"},
		}})
	test("evtx_dump: one Data", `{"Event":{"System":{"EventID":1,"Channel":"C"},"EventData":{"Data":"a"},"UserData":null}}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{"EventID": number("1"), "Channel": "C", "Data": []any{"a"}}})
	test("evtx_dump: user data beside a system field of the same name", `{"Event":{"System":{"EventID":104,"Channel":"System"},"UserData":{"LogFileCleared":{"#attributes":{"xmlns":"x"},"Channel":"Security","Who":{"#attributes":{"a":"b"},"#text":"me"}}}}}`,
		Event{Channel: "System", EventID: 104, Fields: map[string]any{"EventID": number("104"), "Channel": "Security", "Who": "me"}})
	test("evtx_dump: attributes beside the elements", `{"Event":{"System":{"Provider_attributes":{"Name":"P"},"EventID":1,"EventID_attributes":{"Qualifiers":2},"Channel":"C"},"UserData":{"X":{"a":1},"X_attributes":{"xmlns":"x"}}}}`,
		Event{Channel: "C", EventID: 1, Fields: map[string]any{
			"Provider_Name": "P", "EventID": number("1"), "EventID_Qualifiers": number("2"), "Channel": "C", "a": number("1"),
		}})
}

func TestNormalizeRefuses(t *testing.T) {
	for _, record := range []string{
		``, `null`, `[]`, `5`, `{`, `{} {}`, `{}`, `{"Channel":"C"}`,
		`{"EventID":-1,"Channel":"C"}`, `{"EventID":1.5,"Channel":"C"}`, `{"EventID":4294967296,"Channel":"C"}`, `{"EventID":"x","Channel":"C"}`,
		`{"winlog":{"channel":"C"}}`, `{"Event":{"System":{"EventID":{"#attributes":{}},"Channel":"C"}}}`,
	} {
		if got, err := Normalize([]byte(record)); err == nil {
			t.Errorf("%s: %+v", record, got)
		}
	}
}
