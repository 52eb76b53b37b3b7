package rules

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestHostile: files that are made to cost much are read in time and memory that their size bounds. Each
// of these has been slow or large, here or in other readers of YAML.
func TestHostile(t *testing.T) {
	const n = 1 << 18
	const head = "title: t\nlogsource: {product: windows, category: process_creation}\ndetection:\n  condition: all of s* and not all of t*\n"
	lines := func(format string, count int) string {
		var b strings.Builder
		for i := range count {
			b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)) + "\n")
		}
		return b.String()
	}
	check := func(name, text string) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		f := ParseFile("r.yml", []byte(text), LoadOptions{})
		Analyze(Assemble([]File{f}, LoadOptions{}))
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%-20s %4d kB: %v, %d MiB allocated, %d findings", name, len(text)>>10, took.Round(time.Millisecond), allocated, len(f.Findings))
		// Far above what any of them takes, far below what one without its bound did.
		if took > 20*time.Second || allocated > 1500 {
			t.Errorf("%s: %v and %d MiB allocated", name, took, allocated)
		}
	}
	check("lists in lists", strings.Repeat("[", n))
	check("maps in maps", strings.Repeat("{a: ", n/4))
	check("commas", "["+strings.Repeat("a,", n/2)+"]")
	check("documents", strings.Repeat("--- a\n", n/6))
	check("keys", lines("k#: v", n/8))
	check("keys like Sigma's", lines("titl#: v", n/12))
	check("modifiers", head+"  s:\n    F"+strings.Repeat("|a", n/2)+": x\n")
	check("wrong modifiers", head+"  s:\n"+lines("    F#|contains|startwith: x", 5000))
	check("values", head+"  s:\n    F|contains:\n"+lines("      - a#", n/10))
	check("offsets", head+"  s:\n    F|base64offset|contains:\n"+lines("      - abcdef#", n/16))
	check("dashes", head+"  s:\n    F|windash|base64offset|contains:\n"+lines("      - -a -b -c -d#", n/24))
	check("regular expressions", head+"  s:\n    F|re:\n"+lines("      - (a#.b.){900}", n/24))
	check("conditions", "title: t\nlogsource: {product: windows}\ndetection: {s: {F: x}, condition: ["+strings.Repeat("s,", n/2)+"]}")
	check("a hard condition", head+lines("  s#: [{Image|contains: '#'}, {CommandLine|contains: 'x#'}, {User: 'a#'}]\n  t#: {User: 'a#', Image|contains: '#'}", 400))
	check("templates", "action: global\nx: "+strings.Repeat("x", n)+"\n"+strings.Repeat("---\ntitle: t\n", n/14))
	check("aliases", "a: &a ["+strings.Repeat("x,", 4000)+"]\n"+lines("b#: [*a, *a]", 5))
}

func TestDocumentLimits(t *testing.T) {
	f := ParseFile("r.yml", []byte(strings.Repeat("--- a\n", maxDocuments+1)), LoadOptions{})
	if got := f.Findings.Error(); got != "r.yml: E002: more than 20000 documents" {
		t.Error(got)
	}
	f = ParseFile("r.yml", []byte("a: "+strings.Repeat("x", maxDocumentBytes)), LoadOptions{})
	if got := f.Findings.Error(); got != "r.yml:1:1: E002: document larger than 4 MiB" {
		t.Error(got)
	}
	// Lint stops, but never the finding that refuses.
	f = ParseFile("r.yml", []byte("title: t\ntags: ["+strings.Repeat("x,", 2*maxFindings)+"]\nlogsource: {product: windows}\ndetection: {s: {F|x: 1}, condition: s}\n"), LoadOptions{})
	if len(f.Findings) != maxFindings+1 || len(f.Rejected) != 1 {
		t.Errorf("%d findings, %d rejected", len(f.Findings), len(f.Rejected))
	}
}
