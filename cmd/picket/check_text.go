package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// findingWriter prints findings for people.
type findingWriter struct {
	style   style
	columns int    // of the terminal; 0: not known, nothing is cut
	excerpt bool   // show the line of each finding
	stdin   []byte // the text that stdinName stands for

	file  string // whose lines are in lines
	lines []string
}

// write prints `file:line:col: CODE: message` for each finding.
func (w *findingWriter) write(out io.Writer, findings []checkFinding) error {
	b := bufio.NewWriter(out)
	for i := range findings {
		f := &findings[i]
		// Flush says what failed; so below.
		_, _ = fmt.Fprintf(b, "%s: %s: %s\n", w.style.bold(visible(f.place())), w.style.diagnostic(f.Code), visible(f.Message))
		if w.excerpt {
			w.writeExcerpt(b, f)
		}
	}
	return b.Flush()
}

// diagnostic colors a code: red refuses, yellow is lint.
func (s style) diagnostic(code string) string {
	if strings.HasPrefix(code, "E") {
		return s.code("1;31", code)
	}
	return s.code("33", code)
}

// place is file:line:col, or the file alone when the line is not known.
func (f *checkFinding) place() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Col)
}

// Bounds of an excerpt: a line can be a megabyte of base64.
const (
	excerptColumns = 100 // when the terminal's width is not known
	excerptLead    = 30  // characters kept before the finding when a line is cut
)

// writeExcerpt prints the line of the finding with a caret below the place. A file that has changed since, or
// is gone, has none.
func (w *findingWriter) writeExcerpt(b *bufio.Writer, f *checkFinding) {
	line, ok := w.line(f)
	if !ok {
		return
	}
	number := fmt.Sprintf("%6d", f.Line)
	blank := strings.Repeat(" ", len(number))
	width := excerptColumns
	if w.columns > 0 {
		width = max(w.columns-len(number)-3, 2*excerptLead)
	}
	text, caret := excerptOf(line, f.Col-1, width)
	_, _ = fmt.Fprintf(b, "%s\n%s\n",
		w.style.faint(number+" | ")+text,
		w.style.faint(blank+" | ")+strings.Repeat(" ", caret)+w.style.green("^"))
}

// excerptOf cuts a line to width characters around character at, and says where that is then.
func excerptOf(line string, at, width int) (text string, caret int) {
	runes := []rune(line)
	at = min(max(at, 0), len(runes))
	start := 0
	if len(runes) > width && at > width-excerptLead {
		start = at - excerptLead
	}
	before, after := string(runes[start:at]), string(runes[at:min(len(runes), start+width)])
	if start > 0 {
		before = "…" + string(runes[start+1:at])
	}
	if start+width < len(runes) {
		after += "…"
	}
	before = visibleLine(before)
	return before + visibleLine(after), utf8.RuneCountInString(before)
}

// visibleLine is visible for a line of a file, in which tabs may stand.
func visibleLine(s string) string { return visible(strings.ReplaceAll(s, "\t", " ")) }

// line gives the text of the finding's line, as the loader counts lines.
func (w *findingWriter) line(f *checkFinding) (string, bool) {
	if w.file != f.File {
		src := w.stdin
		if f.File != stdinName {
			var err error
			if src, err = os.ReadFile(f.File); err != nil {
				src = nil
			}
		}
		text := strings.TrimPrefix(string(src), "\ufeff")
		w.file, w.lines = f.File, strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	}
	if f.Line < 1 || f.Line > len(w.lines) {
		return "", false
	}
	return w.lines[f.Line-1], true
}
