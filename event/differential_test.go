package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// The two readings have to agree on every record there is: the same error code, or the same event.

// pair reads records both ways, with Decoders that have seen everything before.
type pair struct {
	schema      *Schema
	fast, gjson *Decoder
	leaves      [2][]Leaf
}

func newPair(names []string) *pair {
	s := NewSchema(names)
	return &pair{schema: s, fast: NewDecoder(s), gjson: NewDecoderWith(s, Options{NoFast: true})}
}

// check reads record both ways and gives the event, nil when there is none. Paths are compared on demand:
// each costs a look at the record.
func (p *pair) check(t testing.TB, record []byte, paths bool) *Event {
	t.Helper()
	_, fastErr := p.fast.Decode(record, 1)
	_, gjsonErr := p.gjson.Decode(record, 1)
	if a, b := code(t, fastErr), code(t, gjsonErr); a != b {
		t.Fatalf("fast: %v, gjson: %v\n%q", fastErr, gjsonErr, record)
	}
	if fastErr != nil {
		return nil
	}
	a, b := &p.fast.event, &p.gjson.event
	if a.Shape != b.Shape || a.Channel != b.Channel || a.EventID != b.EventID || a.EventType != b.EventType {
		t.Fatalf("fast: %s %q %d %q, gjson: %s %q %d %q\n%q", a.Shape, a.Channel, a.EventID, a.EventType,
			b.Shape, b.Channel, b.EventID, b.EventType, record)
	}
	for f := range a.Values {
		if !sameValue(a.Values[f], b.Values[f]) {
			t.Fatalf("%s: fast %v, gjson %v\n%q", p.schema.Name(Field(f)), a.Values[f], b.Values[f], record)
		}
		if paths && a.Path(Field(f)) != b.Path(Field(f)) {
			t.Fatalf("%s: fast at %q, gjson at %q\n%q", p.schema.Name(Field(f)), a.Path(Field(f)), b.Path(Field(f)), record)
		}
	}
	if x, y := about(a), about(b); x != y {
		t.Fatalf("fast: %s, gjson: %s\n%q", x, y, record)
	}
	p.leaves = [2][]Leaf{a.AppendLeaves(p.leaves[0][:0]), b.AppendLeaves(p.leaves[1][:0])}
	if !slices.EqualFunc(p.leaves[0], p.leaves[1], func(x, y Leaf) bool { return x.Field == y.Field && sameValue(x.Value, y.Value) }) {
		t.Fatalf("leaves: fast %v, gjson %v\n%q", p.leaves[0], p.leaves[1], record)
	}
	return a
}

func sameValue(a, b Value) bool {
	return a.Kind == b.Kind && a.Escaped == b.Escaped && bytes.Equal(a.Raw, b.Raw)
}

// code gives the code of a Decode's error, which has to be an *Error.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) || e.Stage == "" || e.Code == "" || e.Err == nil {
		t.Fatalf("an error that says too little: %#v", err)
	}
	return e.Code
}

func about(e *Event) string {
	at, source := e.Time()
	id, hasID := e.RecordID()
	text, _ := json.Marshal([]any{e.Provider(), e.Computer(), e.User(), at, source, id, hasID, e.InvalidUTF8()})
	return string(text)
}

// isPlain reports whether a record is such that the naive normal form, made of maps, can say what it is:
// valid UTF-8, no key twice in one object, with or without spaces, and no second element in UserData.
func isPlain(record []byte) bool {
	elements := 0
	gjson.GetBytes(record, "Event.UserData").ForEach(func(_, v gjson.Result) bool {
		elements++
		return true
	})
	if elements > 1 || !utf8.Valid(record) {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(record))
	var open []map[string]bool // nil for an array
	key := false               // the next string is a key
	for {
		token, err := dec.Token()
		if err != nil {
			return err == io.EOF
		}
		text, isText := token.(string)
		switch {
		case token == json.Delim('{'):
			open, key = append(open, map[string]bool{}), true
			continue
		case token == json.Delim('['):
			open, key = append(open, nil), false
			continue
		case token == json.Delim('}') || token == json.Delim(']'):
			open = open[:len(open)-1]
		case key && isText:
			name := strings.ReplaceAll(text, " ", "")
			if open[len(open)-1][name] {
				return false
			}
			open[len(open)-1][name] = true
			key = false
			continue
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// awkward are records that once were, or could be, read in two ways.
var awkward = []string{
	`{}`, `[]`, `0`, `""`, ` {"EventID":1} `, `{"EventID":1}x`, `{"EventID":1,}`, `{"EventID":1 "a":2}`, `{"EventID" 1}`, `{"EventID":}`,
	`{,}`, `{"EventID":01}`, `{"EventID":1.}`, `{"EventID":-}`, `{"EventID":1e}`, `{"EventID":1,"a":tru}`, `{"EventID":1,"a":nul`, `{"a":"\x"}`,
	`{"a":"\u12g4"}`, `{"a":"\u12"}`, "{\"a\":\"\n\"}", "{\"a\n\":1}", `{"EventID":1,"a":[1,2,]}`, `{"EventID":1,"a":[,]}`, `{"EventID":1,"a":[}`,
	`{"EventID":1,"a":[[[]],{"b":{}},[{}]]}`, `{"EventID":1,"EventID":2}`, `{"EventID":1,"Event\u0049D":2}`, `{"Event ID":7}`,
	`{"EventID":1,"a":"1234567\\"}`, `{"EventID":1,"a":"1234567\""}`, `{"EventID":1,"a":"123456\\\\\\\"x"}`, `{"EventID":1,"a":"\\`,
	`{"winlog":{"event_id":1,"channel":"x"},"winlog":7,"EventID":3}`, `{"winlog":7,"winlog":{"event_id":1,"channel":"x"}}`,
	`{"winlog":{"event_id":1,"event_data":{"Image":"a"}},"winlog":{"event_id":2}}`, `{"winlog":{"event_id":1,"event_data":[{"Image":"a"}]}}`,
	`{"Event":{"System":{"EventID":1,"Channel":{"#text":"c"}},"UserData":{"A":{"Image":"x"},"B":{"User":"y"},"C":1}}}`,
	`{"Event":{"System":{"EventID":1,"Execution":{"#attributes":{"ProcessID":1}},"Execution":{"#attributes":{"ThreadID":2}}}}}`,
	`{"Event":{"System":{"EventID":1,"Execution":{"#attributes":{"\u0050rocessID":1}},"Own_attributes":{"\u0041":2}}}}`,
	`{"Event":{"System":{"EventID":{"#text":"5"}}},"Event":{}}`, `{"EventID":1,"Object":[{"a":{"b":1}},{"a.b":[2]},[[{"a":{"b":null}}]]]}`,
	`{"EventID":1,"":{"a":1},".":2,"a":{"":{"b":3}}}`, "{\"EventID\":1,\"\xff\":\"\xc3\x28\"}", `{"EventID":1,"a":"\ud800"}`,
	`{"event_data":{"param1":"a"},"user_data":{"param2":"b","Data":null},"event_id":"3","log_name":"x"}`,
	`{"EventID":1,"EventType":"INFO","EventType":"x"}`, `{"EventID":1,"EventType":"x","EventType":"INFO"}`, `{"EventID":1,"EventType":"INF\u004f"}`,
	`{"EventID":1,"Keywords":-0}`, `{"EventID":1,"Keywords":-9223372036854775809}`, `{"EventID":1,"Keywords":1.5}`,
	`{"EventID":"\u0031"}`, `{"EventID":1,"Hashes":"MD5=a\u0062,,=,SHA1=,md5=ff,IMPHASH=0"}`, `{"Channel":"x","EventID":{"#text":{"#text":1}}}`,
}

func TestAwkwardRecordsReadTheSame(t *testing.T) {
	p := newPair(wantedNames)
	events := 0
	for _, record := range awkward {
		if e := p.check(t, []byte(record), true); e != nil {
			events++
			if isPlain([]byte(record)) {
				checkNaive(t, p.schema, e)
			}
		}
	}
	if events < 20 || events > len(awkward)-20 {
		t.Errorf("%d of %d awkward records are events", events, len(awkward))
	}
	if s := p.fast.Stats(); s.Fallback == 0 || s.Fast < uint64(len(awkward))-5 {
		t.Errorf("%+v of %d records", s, len(awkward))
	}
	if s := p.gjson.Stats(); s.Fast != 0 || s.Fallback != uint64(len(awkward)) {
		t.Errorf("%+v with NoFast", s)
	}
}

func TestNoPrefixIsAnEvent(t *testing.T) {
	p := newPair(wantedNames)
	prefixes := 0
	for name, fixture := range fixtures {
		for i := range len(fixture) {
			if p.check(t, []byte(fixture[:i]), false) != nil {
				t.Fatalf("%s: %d of %d bytes are an event", name, i, len(fixture))
			}
			prefixes++
		}
	}
	if prefixes < 5000 {
		t.Errorf("only %d prefixes", prefixes)
	}
}

// TestChangedBytesReadTheSame changes fixtures at random places, mostly to bytes that matter to JSON.
func TestChangedBytesReadTheSame(t *testing.T) {
	p := newPair(wantedNames)
	r := rand.New(rand.NewPCG(3, 4))
	names := slices.Sorted(maps.Keys(fixtures))
	const matter = "{}[]\",:\\ \n\t0u1e.-ntf\x00\xff"
	events := 0
	for range 20_000 {
		record := []byte(fixtures[names[r.IntN(len(names))]])
		for range 1 + r.IntN(3) {
			at := r.IntN(len(record))
			switch c := matter[r.IntN(len(matter))]; r.IntN(4) {
			case 0:
				record[at] = c
			case 1:
				record = slices.Insert(record, at, c)
			case 2:
				record = slices.Delete(record, at, at+1)
			default: // a piece of it again, elsewhere
				piece := bytes.Clone(record[at:min(len(record), at+r.IntN(60))])
				record = slices.Insert(record, r.IntN(len(record)), piece...)
			}
		}
		if e := p.check(t, record, false); e != nil {
			events++
			if events%8 == 0 && isPlain(record) {
				checkNaive(t, p.schema, e)
			}
		}
	}
	if events < 1000 {
		t.Errorf("only %d changed records are events", events)
	}
}

func FuzzDecode(f *testing.F) {
	for _, record := range fixtures {
		f.Add([]byte(record))
	}
	for _, record := range awkward {
		f.Add([]byte(record))
	}
	p := newPair(wantedNames)
	f.Fuzz(func(t *testing.T, record []byte) {
		if e := p.check(t, record, len(record) < 1000); e != nil && isPlain(record) {
			checkNaive(t, p.schema, e)
		}
	})
}
