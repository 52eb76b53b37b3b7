package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf16"
)

// fields are the names of events; a rule may also say "A.B", "A.B.C" and what is derived of Hashes.
var fields = []string{"A", "B", "C", "CommandLine", "Ip", "UtcTime", "Payload", "Port", "A.B", "D E", "Data", "Hashes"}

const sysmon = "Microsoft-Windows-Sysmon/Operational"

// Event is an event as a flat JSON object, the layout of NXLog.
func Event(rng *rand.Rand) string {
	channel, id := source(rng)
	members := []string{
		fmt.Sprintf(`"Channel":%s`, quote(channel)), fmt.Sprintf(`"EventID":%d`, id), `"Hostname":"ws-1"`,
		`"SourceName":"Microsoft-Windows-Sysmon"`, `"@timestamp":"2026-03-02T09:14:07.515Z"`,
	}
	if chance(rng, 20) {
		members = append(members, `"EventType":"AUDIT_SUCCESS"`, `"Keywords":-9214364837600034816`)
	}
	return object(append(members, data(rng, id)...))
}

// Record is an event in the layout of a shipper: NXLog, Winlogbeat 7 or 8, Winlogbeat 5 or 6, evtx_dump.
func Record(rng *rand.Rand) string {
	switch rng.IntN(4) {
	case 0:
		return Event(rng)
	case 1:
		channel, id := source(rng)
		return fmt.Sprintf(`{"@timestamp":"2026-03-02T09:14:07.515Z","winlog":{"channel":%s,"event_id":"%d","provider_name":"p","computer_name":"ws-1","event_data":%s}}`,
			quote(channel), id, object(data(rng, id)))
	case 2:
		channel, id := source(rng)
		return fmt.Sprintf(`{"@timestamp":"2026-03-02T09:14:07.515Z","log_name":%s,"event_id":%d,"source_name":"p","computer_name":"ws-1","event_data":%s}`,
			quote(channel), id, object(data(rng, id)))
	default:
		channel, id := source(rng)
		written := fmt.Sprint(id)
		if chance(rng, 30) {
			written = fmt.Sprintf(`{"#text":%d,"#attributes":{"Qualifiers":0}}`, id)
		}
		return fmt.Sprintf(`{"Event":{"System":{"Provider":{"#attributes":{"Name":"p"}},"EventID":%s,"Channel":%s,"Computer":"ws-1"},"EventData":%s}}`,
			written, quote(channel), object(data(rng, id)))
	}
}

// source is where an event comes from: mostly what the log sources of Rule take.
func source(rng *rand.Rand) (channel string, id int) {
	switch rng.IntN(10) {
	case 0:
		return "Security", pick(rng, []int{4625, 4688})
	case 1:
		return strings.ToUpper(sysmon), 1
	case 2, 3:
		return sysmon, 12
	case 4:
		return sysmon, pick(rng, []int{11, 13})
	}
	return sysmon, 1
}

// data is the members of an event's own fields, in any order.
func data(rng *rand.Rand, id int) []string {
	var out []string
	for _, f := range shuffled(rng, fields, len(fields)) {
		switch {
		case chance(rng, 25):
		case f == "Hashes":
			out = append(out, `"Hashes":"MD5=0AFF,SHA256=AB,IMPHASH=`+pick(rng, []string{"00", "5"})+`"`)
		default:
			out = append(out, quote(f)+":"+value(rng, f, 2))
		}
	}
	if id == 12 && chance(rng, 80) {
		out = append(out, `"EventType":`+quote(pick(rng, []string{"CreateKey", "DeleteKey", "DELETEVALUE"})))
	}
	return out
}

// value is a JSON value for a field, with at most depth levels of lists and objects.
func value(rng *rand.Rand, field string, depth int) string {
	kind := rng.IntN(100)
	if depth == 0 {
		kind = rng.IntN(88)
	}
	switch {
	case kind < 70 && (field != "Port" || kind < 30):
		return written(rng, text(rng, field))
	case kind < 78:
		return pick(rng, numbers)
	case kind < 84:
		return pick(rng, []string{"true", "false"})
	case kind < 88:
		return "null"
	case kind < 94:
		elements := make([]string, rng.IntN(4))
		for i := range elements {
			elements[i] = value(rng, field, depth-1)
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	var members []string
	for _, name := range shuffled(rng, []string{"B", "C", "B.C"}, 1+rng.IntN(2)) {
		members = append(members, quote(name)+":"+value(rng, field, depth-1))
	}
	return object(members)
}

// written is a JSON string; at times with more escapes than it needs.
func written(rng *rand.Rand, s string) string {
	if !chance(rng, 10) {
		return quote(s)
	}
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return `"` + b.String() + `"`
}

func object(members []string) string { return "{" + strings.Join(members, ",") + "}" }
