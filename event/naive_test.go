package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// naive is the normal form of an event, written from sigma-specification's and DESIGN.md's words over
// encoding/json's maps. It shares no code with the Decoder.
type naive struct {
	shape     Shape
	channel   string
	id        uint32
	eventType string
	fields    map[string]any
	derived   map[string]any // fields that repeat others' values as they are: no leaves of their own
}

// naiveDecode gives the normal form of a record, or the code of the error it has to yield.
func naiveDecode(record []byte) (n naive, code string) {
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return n, CodeNotJSON
	}
	if dec.More() || len(bytes.TrimSpace(record[dec.InputOffset():])) > 0 {
		return n, CodeNotJSON
	}
	object, ok := v.(map[string]any)
	if !ok {
		return n, CodeNotObject
	}
	top := map[string]any{}
	for name, v := range object {
		top[strings.ReplaceAll(name, " ", "")] = v
	}
	n.fields, n.derived = map[string]any{}, map[string]any{}
	var id any
	switch {
	case isObject(get(top, "Event", "System")):
		id = n.evtxDump(top)
	case naiveShape(top) != "":
		id = n.layout(top, naiveLayouts[naiveShape(top)])
	case isObject(top["winlog"]):
		id = n.winlogbeat(top)
	case isObject(top["event_data"]), isObject(top["user_data"]), has(top, "log_name") && has(top, "event_id"):
		id = n.winlogbeat6(top)
	case has(top, "EventID"), isString(top["Channel"]):
		id = n.flat(top)
	default:
		return n, CodeUnknownShape
	}
	n.id, ok = naiveID(id)
	if !ok {
		return n, CodeBadEventID
	}
	n.derive()
	return n, ""
}

func (n *naive) evtxDump(top map[string]any) (id any) {
	n.shape = "evtx_dump"
	system := get(top, "Event", "System").(map[string]any)
	for _, beside := range []bool{true, false} {
		for name, v := range system {
			element := name
			attributes := get(v, "#attributes")
			if beside {
				var ok bool
				if element, ok = strings.CutSuffix(name, "_attributes"); !ok {
					continue
				}
				attributes = v
			}
			if a, ok := attributes.(map[string]any); ok {
				for k, x := range a {
					n.fields[element+"_"+k] = x
				}
			}
		}
	}
	for name, v := range system {
		if text := xmlTextOf(v); !strings.HasSuffix(name, "_attributes") && !isObject(text) {
			n.fields[name] = text
		}
	}
	n.channel = str(xmlTextOf(system["Channel"]))
	id = system["EventID"]
	n.setID(id)
	children := []any{get(top, "Event", "EventData")}
	if user, ok := get(top, "Event", "UserData").(map[string]any); ok {
		for name, v := range user { // one element: which of several is last, a map does not know
			if isObject(v) && !strings.HasPrefix(name, "#") && !strings.HasSuffix(name, "_attributes") {
				children = append(children, v)
			}
		}
	}
	for _, c := range children {
		if m, ok := c.(map[string]any); ok {
			for name, v := range m {
				if !strings.HasPrefix(name, "#") && !strings.HasSuffix(name, "_attributes") {
					n.data(name, xmlTextOf(v))
				}
			}
		}
	}
	return id
}

func xmlTextOf(v any) any {
	if m, ok := v.(map[string]any); ok && has(m, "#text") {
		return m["#text"]
	}
	return v
}

func (n *naive) winlogbeat(top map[string]any) (id any) {
	n.shape = "winlogbeat"
	w := top["winlog"].(map[string]any)
	n.beat(w, map[string]string{"Channel": "channel", "Provider_Name": "provider_name", "EventRecordID": "record_id"})
	if m, ok := top["message"]; ok {
		n.fields["Message"] = m
	}
	id = w["event_id"]
	if id == nil {
		id = get(top, "event", "code")
	}
	n.setID(id)
	n.beatData(w)
	n.channel = str(w["channel"])
	return id
}

func (n *naive) winlogbeat6(top map[string]any) (id any) {
	n.shape = "winlogbeat6"
	n.beat(top, map[string]string{"Channel": "log_name", "Provider_Name": "source_name", "EventRecordID": "record_number"})
	if m, ok := top["message"]; ok {
		n.fields["Message"] = m
	}
	n.setID(top["event_id"])
	n.beatData(top)
	n.channel = str(top["log_name"])
	return top["event_id"]
}

func (n *naive) beat(from map[string]any, own map[string]string) {
	own["Provider_Guid"], own["Computer"], own["Task"] = "provider_guid", "computer_name", "task"
	own["Opcode"], own["Keywords"], own["Version"] = "opcode", "keywords", "version"
	for name, key := range own {
		if v, ok := from[key]; ok {
			n.fields[name] = v
		}
	}
	if u, ok := from["user"].(map[string]any); ok && has(u, "identifier") {
		n.fields["Security_UserID"] = u["identifier"]
	}
}

func (n *naive) beatData(from map[string]any) {
	for _, key := range []string{"event_data", "user_data"} {
		if m, ok := from[key].(map[string]any); ok {
			for name, v := range m {
				n.data(name, v)
			}
		}
	}
}

func (n *naive) flat(top map[string]any) (id any) {
	n.shape = "nxlog"
	for name, v := range top {
		n.data(name, v)
	}
	switch n.eventType {
	case "INFO", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "DEBUG", "AUDIT_SUCCESS", "AUDIT_FAILURE":
		n.eventType = ""
		delete(n.fields, "EventType")
	}
	if k, ok := n.fields["Keywords"].(json.Number); ok {
		if i, ok := new(big.Int).SetString(k.String(), 10); ok {
			if i.Sign() < 0 && i.IsInt64() {
				i.Add(i, new(big.Int).Lsh(big.NewInt(1), 64))
			}
			if i.IsUint64() {
				n.fields["Keywords"] = fmt.Sprintf("%#x", i)
			}
		}
	}
	for name, from := range map[string]string{"Provider_Name": "SourceName", "Computer": "Hostname"} {
		if v, ok := n.fields[from]; ok && !has(n.fields, name) {
			n.derived[name] = v
		}
	}
	n.channel = str(n.fields["Channel"])
	id = n.fields["EventID"]
	n.setID(id)
	return id
}

func (n *naive) data(name string, v any) {
	name = strings.ReplaceAll(name, " ", "")
	n.fields[name] = v
	if text, ok := v.(string); ok && name == "EventType" {
		n.eventType = text
	}
}

func (n *naive) setID(id any) {
	if x, ok := naiveID(id); ok {
		n.fields["EventID"] = json.Number(fmt.Sprint(x))
	}
}

func naiveID(v any) (uint32, bool) {
	if m, ok := v.(map[string]any); ok {
		v = m["#text"]
	}
	text := ""
	switch x := v.(type) {
	case string:
		text = x
	case json.Number:
		text = x.String()
	}
	whole, fraction, found := strings.Cut(text, ".")
	if found && (fraction == "" || strings.Trim(fraction, "0") != "") || strings.Trim(whole, "0123456789") != "" {
		return 0, false
	}
	i, ok := new(big.Int).SetString(whole, 10)
	if !ok || !i.IsUint64() || i.Uint64() > 1<<32-1 {
		return 0, false
	}
	return uint32(i.Uint64()), true
}

// derive adds the hashes out of Hashes, and Data out of its numbered parts.
func (n *naive) derive() {
	if hashes, ok := n.fields["Hashes"].(string); ok {
		for part := range strings.SplitSeq(hashes, ",") {
			algo, hex, found := strings.Cut(part, "=")
			algo = strings.ToLower(algo)
			known := slices.Contains([]string{"md5", "sha1", "sha256", "imphash"}, algo)
			if found && known && hex != "" && strings.Trim(hex, "0123456789abcdefABCDEF") == "" && !has(n.fields, algo) {
				n.fields[algo] = hex
			}
		}
	}
	var list []any
	for i := 1; i <= 99; i++ {
		if v, ok := n.fields[fmt.Sprint("param", i)]; ok {
			list = append(list, v)
		}
	}
	if len(list) > 0 && !has(n.fields, "Data") {
		n.derived["Data"] = list
	}
}

// lookup finds a field as rules name it: the name itself, else along its dots, fanning out over arrays.
func (n *naive) lookup(name string) (values []any, present bool) {
	all := map[string]any{}
	for k, v := range n.derived {
		all[k] = v
	}
	for k, v := range n.fields {
		all[k] = v
	}
	if v, ok := all[name]; ok {
		return []any{v}, true
	}
	values = naiveWalk(all, strings.Split(name, "."))
	return values, len(values) > 0
}

func naiveWalk(v any, segments []string) (values []any) {
	if len(segments) == 0 {
		return []any{v}
	}
	switch x := v.(type) {
	case []any:
		for _, y := range x {
			values = append(values, naiveWalk(y, segments)...)
		}
	case map[string]any:
		if y, ok := x[segments[0]]; ok {
			return naiveWalk(y, segments[1:])
		}
	}
	return values
}

func get(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

func isObject(v any) bool                   { _, ok := v.(map[string]any); return ok }
func isString(v any) bool                   { _, ok := v.(string); return ok }
func has(m map[string]any, key string) bool { _, ok := m[key]; return ok }
func str(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return fmt.Sprint(x)
	}
	return ""
}

// flatten opens arrays.
func flatten(v any, out []any) []any {
	if list, ok := v.([]any); ok {
		for _, x := range list {
			out = flatten(x, out)
		}
		return out
	}
	return append(out, v)
}

// scalars gives every scalar in v as JSON text.
func scalars(v any, out []string) []string {
	switch x := v.(type) {
	case nil:
	case []any:
		for _, y := range x {
			out = scalars(y, out)
		}
	case map[string]any:
		for _, y := range x {
			out = scalars(y, out)
		}
	default:
		text, _ := json.Marshal(x)
		out = append(out, string(text))
	}
	return out
}
