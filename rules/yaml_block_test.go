package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// showTree prints what of a tree has a meaning here: kinds, places, styles and values.
func showTree(b *strings.Builder, n *yaml.Node, line int) {
	fmt.Fprintf(b, "%d %d:%d %d %q\n", n.Kind, n.Line+line, n.Column, n.Style, n.Value)
	for _, c := range n.Content {
		showTree(b, c, line)
	}
}

// sameAsYAML reads text both ways; it reports whether the block reader took it.
func sameAsYAML(t *testing.T, text string) bool {
	t.Helper()
	const line = 7 // of the file before the document
	root := readBlock(chunk{text: text, line: line})
	if root == nil {
		return false
	}
	var got, want strings.Builder
	showTree(&got, root, 0)
	doc, err := decodeNode([]byte(text))
	if err != nil {
		t.Errorf("%q: yaml.v3 refuses it: %v", text, err)
		return true
	}
	showTree(&want, doc.Content[0], line)
	if got.String() != want.String() {
		t.Errorf("%q\ngot\n%s\nyaml.v3 gives\n%s", text, got.String(), want.String())
	}
	return true
}

// blockTexts are documents and whether the block reader has to take them.
var blockTexts = []struct {
	text  string
	taken bool
}{
	{"a: b\n", true},
	{"a: b", true},
	{"\n# c\na:   b   # c\n\n  # c\nb_c|d.e-f@g: x#y\n", true},
	{"a: 'it''s: # [x]'  # c\nb: \"x' #\"\nc: ''\nd: \"\"\n", true},
	{"a: C:\\x\nb: http://x/y?z=1\nc: -5\nd: --x\ne: ~\nf: <x>\ng: .5\nh: a 'b' [c] {d}, & * ! | > % @\n", true},
	{"a:\n  - x\n  - 'y'\nb:\n- x\n- y\nc: d\n", true},
	{"a:\n  -   x\n  - b: c\n    d:\n      e: f\n  - g:\n    - h\n    i: j\n", true},
	{"a:\n\n  # c\n  b: c\n", true},
	{"a: # c\n  b: c\n", true},
	{"a: |\n    x\n      y\n\n    z: # w\n\n\nb: c\n", true},
	{"a:\n  b: |\n    x\n  # c\n  c: d\n", true},
	{"a:\n  - |\n    x\n  - y\n", true},
	{"a: ü\u20acß\U0001F600\n", true},
	{"title: x\ndetection:\n    s:\n        - Image|endswith: '\\a.exe'\n        - F|contains|all:\n              - 'a'\n              - b\n    condition: 1 of s* # c\n", true},
	// for yaml.v3
	{"", false}, {"# c\n", false}, {"- a\n", false}, {"a\n", false}, {" a: b\n", false},
	{"a: b\n c\n", false}, {"a: b: c\n", false}, {"a:\n", false}, {"a:\nb: c\n", false}, {"a: [b]\n", false}, {"a: {b: c}\n", false},
	{"a: &x b\n", false}, {"a: *x\n", false}, {"a: !x b\n", false}, {"a: >\n  b\n", false}, {"a: |-\n  b\n", false}, {"a: |\n\n  b\n", false},
	{"a: |\n  b", false}, {"a: |\nb: c\n", false}, {"a: |\n    b\n  c\n", false}, {"a: |\n  b\n   \n", false}, {"a: 'b\n  c'\n", false},
	{"a: 'b'c\n", false}, {"a: \"b\\n\"\n", false}, {"a: 'b'#c\n", false}, {"'a': b\n", false}, {"? a\n: b\n", false}, {"a : b\n", false},
	{"a:\tb\n", false}, {"a: b\tc\n", false}, {"a: \u0085\n", false}, {"a: \u2028\n", false}, {"a:\n  - - b\n", false}, {"a:\n  - # c\n  - b\n", false}, {"a:\n  -\n    b: c\n", false},
	{"a:\n  - b\n c: d\n", false}, {"a:\n  b: c\n    d: e\n", false}, {"a:\n  b: c\n d: e\n", false}, {"a: -\n", false}, {"a: ?x\n", false}, {"--- a\n", false},
	{"<<: *x\n", false}, {"a: b\n...\n", false}, {"%YAML 1.2\n", false}, {"a: x:\n", false},
}

func TestBlockReader(t *testing.T) {
	for _, c := range blockTexts {
		if got := sameAsYAML(t, c.text); got != c.taken {
			t.Errorf("%q: taken %v", c.text, got)
		}
	}
}

// TestBlockReaderSigmaHQ: over all rules of SigmaHQ both readers agree, and the fast one reads most.
func TestBlockReaderSigmaHQ(t *testing.T) {
	files, taken := 0, 0
	for _, dir := range sigmaHQ(t) {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".yml" {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, c := range splitDocuments(normalizeText(src)) {
				files++
				if sameAsYAML(t, c.text) {
					taken++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d documents", taken, files)
	if files != 3754 || taken < files*9/10 {
		t.Errorf("%d of %d documents", taken, files)
	}
}

// TestBlockReaderRandom puts documents together from the pieces that matter; a fuzzer finds them slowly.
func TestBlockReaderRandom(t *testing.T) {
	pieces := []string{
		" a", " b1", " -2", " '", "''", " 'x'", " \"y\"", "\"", " |", " >", " #", " # c", "#", "\\", " ", " [", " ~", " é", ":", ": ", " - ", "-",
		"\nk1:", "\nk2:", "\n  k3:", "\n  k4:", "\n    k5:", "\n", "\n\n", "\n  ", "\n    x", "\n- ", "\n  -", "\n  - k6:", "\n    - ", "\n# d", "\n  # e",
	}
	rng := rand.New(rand.NewPCG(5, 0))
	taken := 0
	for range 100_000 {
		var b strings.Builder
		b.WriteString("k:")
		for range 1 + rng.IntN(8) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		for _, c := range splitDocuments(b.String()) {
			if sameAsYAML(t, c.text) {
				taken++
			}
		}
	}
	if taken < 5_000 {
		t.Errorf("only %d taken", taken)
	}
}

// FuzzBlockReader: whatever the block reader takes, yaml.v3 reads the same.
func FuzzBlockReader(f *testing.F) {
	for _, c := range blockTexts {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range splitDocuments(normalizeText([]byte(text))) {
			sameAsYAML(t, c.text)
		}
	})
}
