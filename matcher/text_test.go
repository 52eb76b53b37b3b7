package matcher

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/event"
)

func TestTextForm(t *testing.T) {
	var s scalar
	test := func(v event.Value, text, folded string) {
		t.Helper()
		s.set(v)
		if got := string(s.folded()); got != folded {
			t.Errorf("%s: folded %q, want %q", v.Raw, got, folded)
		}
		if got := string(s.textForm()); got != text {
			t.Errorf("%s: got %q, want %q", v.Raw, got, text)
		}
	}
	plain := func(raw string) event.Value { return event.Value{Raw: []byte(raw), Kind: event.String} }
	escaped := func(raw string) event.Value {
		return event.Value{Raw: []byte(raw), Kind: event.String, Escaped: true}
	}
	number := func(raw string) event.Value { return event.Value{Raw: []byte(raw), Kind: event.Number} }
	test(plain(""), "", "")
	test(event.Value{Kind: event.String}, "", "")
	test(plain("Ab®É"), "Ab®É", "ab®é")
	test(plain(`C:\New`), `C:\New`, `c:\new`) // a shape has put the value together, unescaped
	test(plain("a\xffB"), "a\ufffdB", "a\ufffdb")
	test(escaped(`C:\\New\t\"\/x`), "C:\\New\t\"/x", "c:\\new\t\"/x")
	test(escaped(`\u0041\u00c9\ud83d\ude00`), "AÉ😀", "aé😀")
	test(escaped(`\ud83d`), "\ufffd", "\ufffd")
	test(escaped(`\ud83d\u0041`), "\ufffdA", "\ufffda")
	test(escaped(`\ude00\ud83d\ude00x`), "\ufffd😀x", "\ufffd😀x")
	test(escaped("\\u0041\xff"), "A\ufffd", "a\ufffd")
	test(event.Value{Raw: []byte("true"), Kind: event.Bool}, "true", "true")
	for raw, want := range map[string]string{
		"5": "5", "-5": "-5", "0": "0", "-0": "0", "5.0": "5", "5e0": "5", "50e-1": "5", "1E3": "1000", "-1.50": "-1.5", "0.10": "0.1",
		"1e-3": "0.001", "-0.0": "0", "18446744073709551617": "18446744073709551617", "123.456e2": "12345.6", "123.456e3": "123456", "1.5e1": "15",
	} {
		test(number(raw), want, want)
	}
	test(number("1E500"), "1E500", "1e500")
}

// FuzzUnescape holds the decoding against encoding/json's.
func FuzzUnescape(f *testing.F) {
	f.Add(`\u0041\ud83d\ude00\n\\`)
	f.Add(`\ud83d\ud83d\ude00`)
	f.Add("\\\"\xff\\u12")
	f.Fuzz(func(t *testing.T, raw string) {
		var want string
		got := appendUnescaped(nil, []byte(raw)) // never panics
		if json.Unmarshal([]byte(`"`+raw+`"`), &want) != nil {
			return
		}
		if string(got) != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
		if !utf8.Valid(got) {
			t.Errorf("%q: %q is not UTF-8", raw, got)
		}
	})
}

func TestElements(t *testing.T) {
	test := func(raw string, want ...event.Value) {
		t.Helper()
		if diff := cmp.Diff(want, appendElements(nil, []byte(raw))); diff != "" {
			t.Errorf("%s: %s", raw, diff)
		}
	}
	v := func(k event.Kind, raw string) event.Value { return event.Value{Raw: []byte(raw), Kind: k} }
	esc := func(raw string) event.Value { return event.Value{Raw: []byte(raw), Kind: event.String, Escaped: true} }
	test(`[]`)
	test(`[[],[ ]]`)
	test(`["a",["b" , ["c"]],null]`, v(event.String, "a"), v(event.String, "b"), v(event.String, "c"), v(event.Null, "null"))
	test(`[1,-2.5e3,true,false]`, v(event.Number, "1"), v(event.Number, "-2.5e3"), v(event.Bool, "true"), v(event.Bool, "false"))
	test(`[{"a":["x",{"b":"}"}]},"\"]"]`, v(event.Object, `{"a":["x",{"b":"}"}]}`), esc(`\"]`))
	test("[\n\t\"\" ]", v(event.String, ""))
}

func FuzzElements(f *testing.F) {
	f.Add(`[1,["a\"",{"b":[2]}],null,true]`)
	f.Fuzz(func(t *testing.T, raw string) {
		got := appendElements(nil, []byte(raw)) // never panics
		var list []any
		if json.Unmarshal([]byte(raw), &list) == nil {
			if want := countFlat(list); len(got) != want {
				t.Errorf("%s: %d elements, want %d", raw, len(got), want)
			}
		}
	})
}

func countFlat(list []any) int {
	n := 0
	for _, x := range list {
		if inner, ok := x.([]any); ok {
			n += countFlat(inner)
		} else {
			n++
		}
	}
	return n
}
