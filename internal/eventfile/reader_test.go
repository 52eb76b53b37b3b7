package eventfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

// readAll gives each record's text; one that is too large is "TOO LARGE".
func readAll(t testing.TB, r io.Reader, limit int) ([]string, error) {
	t.Helper()
	reader, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	if limit > 0 {
		reader.max = limit
	}
	var got []string
	var c Chunk
	for {
		if err := reader.Next(&c); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return got, err
		}
		if c.Len() == 0 {
			t.Fatal("a chunk without records")
		}
		for i := range c.Len() {
			record := c.Record(i)
			if record.TooLarge {
				got = append(got, "TOO LARGE")
				continue
			}
			got = append(got, string(record.Value))
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func TestRecords(t *testing.T) {
	big := `{"big":"` + strings.Repeat("x", 3<<20) + `"}`
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                   {"", nil},
		"white space only":          {" \n\t\r\n", []string{"", ""}},
		"lines":                     {"{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}},
		"lines, no last line break": {"{\"a\":1}\r\n{\"a\":2}", []string{`{"a":1}`, `{"a":2}`}},
		"byte order mark":           {"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}},
		"blank lines keep places":   {"{\"a\":1}\n\n  \n{\"a\":2}\n\n", []string{`{"a":1}`, "", "", `{"a":2}`, ""}},
		"broken line":               {"{\"a\":1}\n{\"a\":\n{\"a\":\"x\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":`, `{"a":"x`, `{"a":2}`}},
		"broken first line":         {"{\"a\":\n{\"a\":2}\n", []string{`{"a":`, `{"a":2}`}},
		"text":                      {"hello\nworld {\n{\"a\":2}\n", []string{"hello", "world {", `{"a":2}`}},
		"one object":                {`{"a":1}`, []string{`{"a":1}`}},
		"pretty object":             {"{\n \"a\": {\n  \"b\": [1, \"}\\\"{\"]\n }\n}\n", []string{"{\n \"a\": {\n  \"b\": [1, \"}\\\"{\"]\n }\n}"}},
		"pretty objects":            {"{\n \"a\": 1\n}\n{\n \"a\": 2\n}{\"a\":3}", []string{"{\n \"a\": 1\n}", "{\n \"a\": 2\n}", `{"a":3}`}},
		"objects in a line":         {`{"a":1}{"a":2} {"a":3}`, []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		"array":                     {`[{"a":1},{"a":[2]} , null,"x,]", 7,[{"b":1}]]`, []string{`{"a":1}`, `{"a":[2]}`, "null", `"x,]"`, "7", `[{"b":1}]`}},
		"array of nothing":          {"[]\n", nil},
		"pretty array":              {"[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n", []string{"{\n    \"a\": 1\n  }", "{\n    \"a\": 2\n  }"}},
		"arrays, line by line":      {"[{\"a\":1}]\n[{\"a\":2},{\"a\":3}]\n", []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		"array that does not end":   {`[{"a":1},{"a":`, []string{`{"a":1}`, `{"a":`}},
		"broken in a pretty array": {"[\n  {\n    \"a\": \"x\n    y\n  },\n  {\n    \"a\": 2\n  }\n]", []string{
			"{\n    \"a\": \"x\n    y\n  },", "{\n    \"a\": 2\n  }"}},
		"unclosed among pretty ones": {"{\n \"a\": {\n\n{\n \"a\": 2\n}\n", []string{"{\n \"a\": {", "{\n \"a\": 2\n}"}},
		"closes nothing":             {"{\n}\n]\n}}\n{\n}", []string{"{\n}", "]", "}}", "{\n}"}},
		"gzip":                       {zipped("{\"a\":1}\n{\"a\":2}\n") + zipped("{\"a\":3}\n"), []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		"large record in lines":      {"{\"a\":1}\n" + big + "\n{\"a\":2}\n", []string{`{"a":1}`, big, `{"a":2}`}},
		"much white space":           {"[" + strings.Repeat(" ", 1<<20) + `{"a":1}` + strings.Repeat("\n", 1<<20) + `,{"a":2}]`, []string{`{"a":1}`, `{"a":2}`}},
		"large record alone":         {big, []string{big}},
		"large record in an array":   {"[" + big + "," + big + "]", []string{big, big}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole":   strings.NewReader(c.in),
				"pieces":  iotest.HalfReader(strings.NewReader(c.in)),
				"dataEOF": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := readAll(t, r, 0)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: %s", how, cmp.Diff(shorten(c.want), shorten(got)))
				}
			}
			if len(c.in) < 1000 {
				got, err := readAll(t, iotest.OneByteReader(strings.NewReader(c.in)), 0)
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("byte by byte: %v\n%s", err, cmp.Diff(c.want, got))
				}
			}
		})
	}
}

func shorten(list []string) (out []string) {
	for _, s := range list {
		out = append(out, s[:min(len(s), 200)])
	}
	return out
}

// TestTooLarge: what is too large is left out and keeps its place.
func TestTooLarge(t *testing.T) {
	big := `{"big":"` + strings.Repeat("x", 1<<20) + `"}`
	small := `{"a":1}`
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"line":               {small + "\n" + big + "\n" + small + "\n", []string{small, "TOO LARGE", small}},
		"last line":          {small + "\n" + big, []string{small, "TOO LARGE"}},
		"element of a array": {"[\n" + small + ",\n" + big + ",\n" + small + "\n]", []string{small, "TOO LARGE", small}},
		"nothing but it":     {big + big, []string{"TOO LARGE"}},
	} {
		got, err := readAll(t, strings.NewReader(c.in), 100<<10)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %v; want %q", name, shorten(got), err, c.want)
		}
	}
}

// TestUnendedValuesEnd: a stream of nothing but openings is not looked at again and again.
func TestUnendedValuesEnd(t *testing.T) {
	const n = 20_000
	got, err := readAll(t, strings.NewReader(strings.Repeat("{\n", n)), 0)
	if err != nil || len(got) != n {
		t.Errorf("%d records, %v; want %d", len(got), err, n)
	}
}

func TestUnreadable(t *testing.T) {
	whole := zipped(strings.Repeat("{\"a\":1}\n", 100_000))
	for name, c := range map[string]struct {
		r    io.Reader
		want string
		n    int
	}{
		"UTF-16":             {strings.NewReader("\xff\xfe{\x00"), "UTF-16", 0},
		"gzip that is none":  {strings.NewReader("\x1f\x8b nonsense"), "gzip", 0},
		"gzip cut short":     {strings.NewReader(whole[:len(whole)-8]), io.ErrUnexpectedEOF.Error(), 100_000},
		"error at the start": {iotest.ErrReader(errors.New("no such luck")), "no such luck", 0},
		"error later":        {io.MultiReader(strings.NewReader("{}\n{}\n"), iotest.ErrReader(errors.New("no such luck"))), "no such luck", 2},
	} {
		got, err := readAll(t, c.r, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(got) != c.n {
			t.Errorf("%s: %d records, error %v; want %d and one that says %q", name, len(got), err, c.n, c.want)
		}
	}
}

// TestChunksAreTheCallers: what a chunk held stays while the reader fills others.
func TestChunksAreTheCallers(t *testing.T) {
	var in bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&in, "{\"number\":%d}\n", i)
	}
	reader, err := NewReader(&in)
	if err != nil {
		t.Fatal(err)
	}
	var chunks []*Chunk
	for {
		c := &Chunk{}
		if err := reader.Next(c); err != nil {
			break
		}
		chunks = append(chunks, c)
	}
	if len(chunks) < 3 {
		t.Fatalf("only %d chunks: the test shows nothing", len(chunks))
	}
	n := 0
	for _, c := range chunks {
		for i := range c.Len() {
			if want := fmt.Sprintf(`{"number":%d}`, n); string(c.Record(i).Value) != want {
				t.Fatalf("record %d is %q", n, c.Record(i).Value)
			}
			n++
		}
	}
	if n != 50_000 {
		t.Errorf("%d records", n)
	}
}

// FuzzRecords: however the bytes arrive, the records are the same; and values that encoding/json finds
// one behind the other are what the reader finds.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"a\":\"\n{\"b\":[1,{}]}"))
	f.Add([]byte("[{\"a\":1},\n{\"a\":\"}\\\"\"}]"))
	f.Add([]byte("{\n\"a\":{}}{\"b\":[]}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		want, err := readAll(t, bytes.NewReader(in), 1000)
		if err != nil {
			t.Skip(err)
		}
		got, err := readAll(t, iotest.OneByteReader(bytes.NewReader(in)), 1000)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("byte by byte: %v\n%s", err, cmp.Diff(want, got))
		}
		if objects, ok := objectsOf(in); ok && len(in) < 1000 {
			if got = slices.DeleteFunc(got, func(s string) bool { return s == "" }); !slices.Equal(got, objects) {
				t.Fatalf("objects: %s", cmp.Diff(objects, got))
			}
		}
	})
}

// objectsOf decodes a sequence of nothing but objects.
func objectsOf(in []byte) (out []string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(in))
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return out, errors.Is(err, io.EOF) && len(out) > 0
		}
		if raw[0] != '{' {
			return nil, false
		}
		out = append(out, string(raw))
	}
}

func BenchmarkNext(b *testing.B) {
	line := `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","CommandLine":"` + strings.Repeat(`C:\\x y`, 200) + "\"}\n"
	for name, in := range map[string]string{
		"lines": strings.Repeat(line, 5000),
		"array": "[" + strings.Repeat(strings.TrimSpace(line)+",\n", 5000) + "{}]",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			var c Chunk
			for b.Loop() {
				r, err := NewReader(strings.NewReader(in))
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for r.Next(&c) == nil {
					n += c.Len()
				}
				if n < 5000 {
					b.Fatal(n)
				}
			}
		})
	}
}
