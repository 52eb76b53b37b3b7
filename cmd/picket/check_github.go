package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Escapes of GitHub's workflow commands, in the text and in the values before it.
var (
	githubText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubValue = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub prints findings as workflow commands of GitHub Actions, which shows them beside the lines.
func writeGitHub(w io.Writer, r *checkReport) error {
	b := bufio.NewWriter(w)
	for _, f := range r.Findings {
		place := "file=" + githubValue.Replace(filepath.ToSlash(f.File))
		if f.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d", f.Line, f.Col)
		}
		_, _ = fmt.Fprintf(b, "::%s %s,title=%s::%s\n", f.Severity, place, f.Code, githubText.Replace(f.Message)) // Flush says what failed
	}
	return b.Flush()
}
