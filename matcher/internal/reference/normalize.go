package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Normalize gives the normal form of a record's event: what the gate and the rules see of it
// (sigma-semantics, "Envelopes" and "Normal form"). It knows NXLog's flat layout, both layouts of
// Winlogbeat and evtx_dump's, and refuses what has no event id. Of equal keys the last counts.
func Normalize(record []byte) (Event, error) {
	dec := json.NewDecoder(bytes.NewReader(record))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return Event{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Event{}, errors.New("more than one value")
	}
	root, ok := value.(map[string]any)
	if !ok {
		return Event{}, errors.New("not an object")
	}
	system, fields := envelope(root)
	id, err := eventID(system["EventID"])
	if err != nil {
		return Event{}, err
	}
	e := Event{EventID: id, Fields: map[string]any{}}
	e.Channel, _ = system["Channel"].(string)
	system["EventID"] = json.Number(strconv.FormatUint(uint64(id), 10))

	put := func(from map[string]any) {
		// Sorted, so that of two names that differ in blanks only it is always the same one that stays.
		for _, name := range slices.Sorted(maps.Keys(from)) {
			e.Fields[strings.ReplaceAll(name, " ", "")] = from[name]
		}
	}
	put(system)
	for _, f := range fields {
		put(f)
	}
	derive(e.Fields)
	e.EventType, _ = e.Fields["EventType"].(string)
	return e, nil
}

// envelope tells the layouts apart. It gives the system's fields by the names that rules know, and the
// data, of which the later wins.
func envelope(root map[string]any) (system map[string]any, data []map[string]any) {
	event, _ := root["Event"].(map[string]any)
	if sys, ok := event["System"].(map[string]any); ok {
		return elements(sys), []map[string]any{eventData(event["EventData"]), userData(event["UserData"])}
	}
	if winlog, ok := root["winlog"].(map[string]any); ok {
		if winlog["event_id"] == nil {
			ecs, _ := root["event"].(map[string]any)
			winlog["event_id"] = ecs["code"]
		}
		return beat(root, winlog, "channel", "provider_name", "record_id")
	}
	_, isEvent := root["event_data"].(map[string]any)
	_, isUser := root["user_data"].(map[string]any)
	if isEvent || isUser || has(root, "log_name") && has(root, "event_id") {
		return beat(root, root, "log_name", "source_name", "record_number")
	}
	return flat(root), nil
}

// beat reads Winlogbeat's object; three of its names changed between versions 6 and 7.
func beat(root, from map[string]any, channel, provider, record string) (system map[string]any, data []map[string]any) {
	system = map[string]any{}
	for name, key := range map[string]string{
		"Channel": channel, "EventID": "event_id", "Provider_Name": provider, "Provider_Guid": "provider_guid",
		"Computer": "computer_name", "EventRecordID": record, "Task": "task", "Opcode": "opcode",
		"Keywords": "keywords", "Version": "version",
	} {
		if has(from, key) {
			system[name] = from[key]
		}
	}
	if user, ok := from["user"].(map[string]any); ok && has(user, "identifier") {
		system["Security_UserID"] = user["identifier"]
	}
	if has(root, "message") {
		system["Message"] = root["message"]
	}
	event, _ := from["event_data"].(map[string]any)
	user, _ := from["user_data"].(map[string]any)
	return system, []map[string]any{event, user}
}

// flat is NXLog's layout: the record is the map, but for two names and what NXLog puts in by itself.
func flat(root map[string]any) map[string]any {
	fields := maps.Clone(root)
	for name, other := range map[string]string{"Provider_Name": "SourceName", "Computer": "Hostname"} {
		if !has(fields, name) && has(fields, other) {
			fields[name] = fields[other]
		}
	}
	switch fields["EventType"] {
	case "INFO", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "DEBUG", "AUDIT_SUCCESS", "AUDIT_FAILURE":
		delete(fields, "EventType") // a severity
	}
	if n, ok := fields["Keywords"].(json.Number); ok {
		if signed, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
			fields["Keywords"] = fmt.Sprintf("0x%x", uint64(signed))
		} else if unsigned, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
			fields["Keywords"] = fmt.Sprintf("0x%x", unsigned)
		}
	}
	return fields
}

// elements reads children of an XML element as evtx_dump writes them: by name, their attributes as
// Name_Attribute. Attributes are under #attributes in the element or, by its other setting, beside it.
func elements(parent map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range parent {
		element, isObject := v.(map[string]any)
		if base, ok := strings.CutSuffix(name, "_attributes"); ok && isObject {
			for attr, x := range element {
				out[base+"_"+attr] = x
			}
			continue
		}
		attrs, _ := element["#attributes"].(map[string]any)
		for attr, x := range attrs {
			out[name+"_"+attr] = x
		}
		if text, ok := element["#text"]; ok {
			out[name] = text
		} else if !isObject {
			out[name] = v
		}
	}
	return out
}

// eventData are the Data elements: those with a name, and Data, the list of those without.
func eventData(v any) map[string]any {
	out := map[string]any{}
	data, _ := v.(map[string]any)
	for name, x := range data {
		if strings.HasPrefix(name, "#") {
			continue
		}
		out[name] = content(x)
	}
	if x, ok := out["Data"]; ok && x != nil {
		if _, isList := x.([]any); !isList {
			out["Data"] = []any{x}
		}
	}
	return out
}

// userData are the children of the single element of UserData.
func userData(v any) map[string]any {
	out := map[string]any{}
	user, _ := v.(map[string]any)
	for name, x := range user {
		element, ok := x.(map[string]any)
		if !ok || name == "#attributes" || strings.HasSuffix(name, "_attributes") {
			continue
		}
		for child, y := range element {
			if !strings.HasPrefix(child, "#") {
				out[child] = content(y)
			}
		}
	}
	return out
}

// content is the text of an element that has attributes as well; anything else is itself.
func content(v any) any {
	if element, ok := v.(map[string]any); ok {
		if text, ok := element["#text"]; ok {
			return text
		}
	}
	return v
}

func has(m map[string]any, name string) bool {
	_, ok := m[name]
	return ok
}

// eventID reads the event id as a number, as its text, or as an element with attributes.
func eventID(v any) (uint32, error) {
	s, ok := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		s, ok = n.String(), true
	}
	if !ok {
		return 0, errors.New("no event id")
	}
	id, err := strconv.ParseUint(integral.ReplaceAllString(s, "$1"), 10, 32)
	return uint32(id), err
}

var (
	integral = regexp.MustCompile(`^([0-9]+)\.0+$`)
	numbered = regexp.MustCompile(`^param([1-9][0-9]{0,8})$`)
	hash     = regexp.MustCompile(`^(?i:(md5|sha1|sha256|imphash))=([0-9A-Fa-f]+)$`)
)

// derive adds what follows from other fields: Data from param1, param2, …, and the hashes by their
// names. What the event has itself stays.
func derive(fields map[string]any) {
	byNumber := map[int]any{}
	for name, v := range fields {
		if m := numbered.FindStringSubmatch(name); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				panic("BUG: " + err.Error())
			}
			byNumber[n] = v
		}
	}
	if !has(fields, "Data") && len(byNumber) > 0 {
		var list []any
		for _, n := range slices.Sorted(maps.Keys(byNumber)) {
			list = append(list, byNumber[n])
		}
		fields["Data"] = list
	}
	hashes, _ := fields["Hashes"].(string)
	for _, part := range strings.Split(hashes, ",") {
		if m := hash.FindStringSubmatch(part); m != nil {
			if name := strings.ToLower(m[1]); !has(fields, name) {
				fields[name] = m[2]
			}
		}
	}
}
