package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/picketsigma/picket"

// allowed says which of our packages each package may import. A package that is not listed may not
// exist; a listed one that is gone must be taken off. Test files may import any package below them in
// this order and internal/broker: they are not checked, nobody imports them.
var allowed = map[string][]string{
	"rules":                        {},
	"event":                        {},
	"internal/wire":                {},
	"internal/broker":              {},
	"internal/broker/brokertest":   {"internal/broker"},
	"internal/eventfile":           {},
	"matcher":                      {"rules", "event", "matcher/internal/index"},
	"matcher/internal/index":       {},
	"matcher/internal/reference":   {"rules"},
	"matcher/internal/conformance": {"rules", "event"},
	"matcher/internal/generate":    {},
	"producer":                     {"rules", "event", "matcher", "internal/wire"},
	"consumer":                     {"internal/wire"},
	"console":                      {"rules", "event", "matcher", "producer"},
	"docs":                         {},
	"cmd/picket":                   {"*"},
	"integration":                  {},
}

// knowsKafka lists who may import a Kafka client. The data path's is kafka-go; franz-go is the embedded
// broker and the independent client of the tests.
var knowsKafka = map[string][]string{
	"github.com/segmentio/kafka-go": {"consumer", "producer", "internal/wire", "internal/broker", "cmd/picket", "integration"},
	"github.com/twmb/franz-go":      {"internal/broker", "integration"},
}

// TestImports keeps the layout's last column true by parsing the sources: a test that asked the go
// command would be cached by go test although the sources had changed.
func TestImports(t *testing.T) {
	packages := parsePackages(t, filepath.Join("..", ".."))
	if len(packages) < 8 {
		t.Fatalf("found only %d packages: the test looks in the wrong place", len(packages))
	}
	for pkg, p := range packages {
		may, listed := allowed[pkg]
		if !listed {
			t.Errorf("package %s is not in the table of this test: argue for it in DESIGN.md, then add it", pkg)
			continue
		}
		if !p.hasDoc {
			t.Errorf("package %s has no doc.go with a package comment", pkg)
		}
		for _, imp := range p.imports {
			if own, ok := strings.CutPrefix(imp, module+"/"); ok && !slices.Contains(may, own) && !slices.Contains(may, "*") {
				t.Errorf("package %s imports %s; it may import only %v", pkg, own, may)
			}
			for client, who := range knowsKafka {
				if (imp == client || strings.HasPrefix(imp, client+"/")) && !slices.Contains(who, pkg) {
					t.Errorf("package %s imports %s; only %v know Kafka", pkg, imp, who)
				}
			}
		}
	}
}

type parsedPackage struct {
	imports []string // of the non-test files
	hasDoc  bool     // doc.go with a package comment
}

// parsePackages reads the import clauses of every Go file below root, by package folder.
func parsePackages(t *testing.T, root string) map[string]*parsedPackage {
	t.Helper()
	packages := map[string]*parsedPackage{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "gen" || base == "bin" || base == "dist") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		p := packages[pkg]
		if p == nil {
			p = &parsedPackage{}
			packages[pkg] = p
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if path.Base(filepath.ToSlash(name)) == "doc.go" && f.Doc != nil {
			p.hasDoc = true
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			p.imports = append(p.imports, imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}
