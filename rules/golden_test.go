package rules

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// TestGolden runs each txtar: its rule files, and its files of placeholders and log sources by their names, give the findings of
// loading and of the analysis that stand in it, and one of them has the code in the golden's name.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no goldens", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var parsed []File
		want := -1
		for i, f := range ar.Files {
			base, _, _ := strings.Cut(f.Name, ".")
			switch base {
			case "findings":
				want = i
			case "placeholders":
				_, findings := ParsePlaceholders(f.Name, f.Data)
				parsed = append(parsed, File{Findings: findings})
			case "logsources":
				_, findings := ParseLogSources(f.Name, f.Data)
				parsed = append(parsed, File{Findings: findings})
			default:
				parsed = append(parsed, ParseFile(f.Name, f.Data, LoadOptions{}))
			}
		}
		if want < 0 {
			t.Fatalf("%s: no findings", file)
		}
		set := Assemble(parsed, LoadOptions{})
		all := slices.Concat(set.Findings, Analyze(set).Findings)
		all.sort()
		got := all.Error() + "\n"
		code, _, _ := strings.Cut(filepath.Base(file), "_")
		if !strings.Contains(got, ": "+code+": ") {
			t.Errorf("%s: no finding has its code:\n%s", file, got)
		}
		if *update {
			ar.Files[want].Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(ar.Files[want].Data), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// TestCodesAreDocumented: every code has a section and a golden, and there is no section or golden
// for a code that does not exist.
func TestCodesAreDocumented(t *testing.T) {
	var declared, sections, goldens []string
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			code, _ := strconv.Unquote(lit.Value)
			declared = append(declared, code)
		}
		return true
	})
	doc, err := os.ReadFile("../docs/diagnostics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^## ([EW]\d{3}): `).FindAllSubmatch(doc, -1) {
		sections = append(sections, string(m[1]))
	}
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, f := range files {
		code, _, _ := strings.Cut(filepath.Base(f), "_")
		goldens = append(goldens, code)
	}
	slices.Sort(declared)
	if diff := cmp.Diff(declared, sections); diff != "" {
		t.Errorf("codes and sections of docs/diagnostics.md (-code +section):\n%s", diff)
	}
	if diff := cmp.Diff(declared, slices.Compact(goldens)); diff != "" {
		t.Errorf("codes and goldens (-code +golden):\n%s", diff)
	}
}
