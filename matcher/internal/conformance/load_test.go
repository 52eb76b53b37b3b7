package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "suite.txt")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("// words\n\n# One\nF: a\n  + \"a\" {\"G\": 1}\n// more words\n  - [\"b\"]\nF: []\n  ERROR\n")
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []Case{
		{File: path, Line: 4, Section: "One", Pattern: "F: a", Events: []Event{
			{JSON: []byte(`{"F":"a"}`), Match: true}, {JSON: []byte(`{"G": 1}`), Match: true}, {JSON: []byte(`{"F":["b"]}`)},
		}},
		{File: path, Line: 8, Section: "One", Pattern: "F: []", Refused: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"  + 1\n", "F: a\n  * 1\n", "F: a\n  + {\n", "F: a\n  error\n"} {
		write(bad)
		if cases, err := Load(path); err == nil {
			t.Errorf("%q gave %v", bad, cases)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a missing suite gave no error")
	}
}
