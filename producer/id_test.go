package producer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestIDExample keeps the worked example in docs/alert-schema.md true. The digest was computed with
// printf and sha256sum, as the page shows.
func TestIDExample(t *testing.T) {
	const want = "215e167aed95dbfc203dec482b3700ea"
	got := string(AppendID(nil, "758ff488-18d5-4cbe-8ec4-02b6285a434f",
		"sha256:"+strings.Repeat("ab", 32), "sysmon", 7, 8123441, 0))
	if got != want {
		t.Errorf("id %s, want %s", got, want)
	}
	doc, err := os.ReadFile(filepath.Join("..", "docs", "alert-schema.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), want) {
		t.Error("docs/alert-schema.md does not show this id")
	}
}

// TestIDTellsPlacesApart: no part of the input can move into its neighbor.
func TestIDTellsPlacesApart(t *testing.T) {
	seen := map[string]string{}
	for name, id := range map[string][]byte{
		"base":            AppendID(nil, "r", "h", "t", 1, 23, 4),
		"another rule":    AppendID(nil, "s", "h", "t", 1, 23, 4),
		"another hash":    AppendID(nil, "r", "g", "t", 1, 23, 4),
		"another topic":   AppendID(nil, "r", "h", "u", 1, 23, 4),
		"partition":       AppendID(nil, "r", "h", "t", 12, 3, 4),
		"offset":          AppendID(nil, "r", "h", "t", 1, 234, 0),
		"index":           AppendID(nil, "r", "h", "t", 1, 23, 5),
		"no rule id":      AppendID(nil, "", "r\x00h", "t", 1, 23, 4),
		"a NUL in the id": AppendID(nil, "r\x00h", "t", "1", 23, 4, 0),
		"long":            AppendID(nil, strings.Repeat("r", 1000), "h", "t", 1, 23, 4),
	} {
		if len(id) != idLen {
			t.Errorf("%s: id %q", name, id)
		}
		if name != "no rule id" && seen[string(id)] != "" {
			t.Errorf("%s and %s have the same id", name, seen[string(id)])
		}
		seen[string(id)] = name
	}
}
