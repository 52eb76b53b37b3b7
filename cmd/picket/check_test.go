package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/picketsigma/picket/docs"
)

// runPicket runs a command line in this process.
func runPicket(t *testing.T, a *app, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a.stdout, a.stderr = &out, &errs
	code = a.main(t.Context(), args)
	return code, out.String(), errs.String()
}

const brokenRule = `title: broken
status: test
level: low
logsource: {product: windows, category: process_creation}
detection:
	s: {Company: x}
`

// TestCheckOnTerminal: colors and excerpts are for terminals, and colors can be switched off.
func TestCheckOnTerminal(t *testing.T) {
	check := func(a *app, want string, args ...string) {
		t.Helper()
		a.stdin = strings.NewReader(brokenRule)
		_, stdout, _ := runPicket(t, a, append([]string{"check", "-"}, args...)...)
		if stdout != want {
			t.Errorf("got\n%q, want\n%q", stdout, want)
		}
	}
	const (
		line    = "<stdin>:6:1: E001: found character that cannot start any token\n"
		excerpt = "     6 |  s: {Company: x}\n       | ^\n"
		colored = "\x1b[1m<stdin>:6:1\x1b[0m: \x1b[1;31mE001\x1b[0m: found character that cannot start any token\n" +
			"\x1b[2m     6 | \x1b[0m s: {Company: x}\n\x1b[2m       | \x1b[0m\x1b[32m^\x1b[0m\n"
	)
	check(&app{}, line)
	check(&app{}, line+excerpt, "--excerpt")
	check(&app{stdoutTTY: true}, colored)
	check(&app{stdoutTTY: true}, line+excerpt, "--no-color")
	check(&app{stdoutTTY: true, env: []string{"NO_COLOR=1"}}, line+excerpt)
}

// TestExcerpt: what is shown of a line, and where the caret stands.
func TestExcerpt(t *testing.T) {
	check := func(line string, at, width int, want string) {
		t.Helper()
		text, caret := excerptOf(line, at, width)
		if got := text + "\n" + strings.Repeat(" ", caret) + "^"; got != want {
			t.Errorf("%q at %d in %d:\n%s\nwant\n%s", line, at, width, got, want)
		}
	}
	letters := strings.Repeat("abcdefghij", 10)
	check("title: x", 7, 60, "title: x\n       ^")
	check("\ttitle: x", 1, 60, " title: x\n ^")
	check("grüße: x", 7, 60, "grüße: x\n       ^")
	check("a\x1b[2Jb", 5, 60, `a\x1b[2Jb`+"\n        ^")
	check("short", 40, 60, "short\n     ^")
	check("", 0, 60, "\n^")
	check(letters, 0, 60, letters[:60]+"…\n^")
	check(letters, 30, 60, letters[:60]+"…\n"+strings.Repeat(" ", 30)+"^")
	check(letters, 50, 60, "…"+letters[21:80]+"…\n"+strings.Repeat(" ", 30)+"^")
	check(letters, 95, 60, "…"+letters[66:]+"\n"+strings.Repeat(" ", 30)+"^")
}

// TestGitHub: neither a path nor a message can begin another command.
func TestGitHub(t *testing.T) {
	var b bytes.Buffer
	err := writeGitHub(&b, &checkReport{Findings: []checkFinding{
		{File: "a:b,c%.yml", Line: 3, Col: 4, Code: "W001", Severity: severityWarning, Message: "50% of a, b: c\r\n::error::x"},
		{File: "d.yml", Code: "E001", Severity: severityError, Message: "not UTF-8"},
	}})
	want := "::warning file=a%3Ab%2Cc%25.yml,line=3,col=4,title=W001::50%25 of a, b: c%0D%0A::error::x\n" +
		"::error file=d.yml,title=E001::not UTF-8\n"
	if got := b.String(); err != nil || got != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
}

// TestSARIF: what the standard requires of the parts of a log that picket writes.
func TestSARIF(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a b.yml")
	if err := os.WriteFile(name, []byte(brokenRule+"---\nid: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := runPicket(t, &app{stdin: strings.NewReader("\xff")}, "check", name, "-", "--format", "sarif")
	if code != exitError {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var log sarifLog
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("version, runs and driver of %s", stdout)
	}
	run := log.Runs[0]
	if len(run.Results) < 4 {
		t.Fatalf("%d results, want at least 4: %s", len(run.Results), stdout)
	}
	uri := regexp.MustCompile(`^(file:///|%3C|[a-z0-9]+)[[:graph:]]*$`)
	for i, r := range run.Results {
		if r.RuleIndex < 0 || r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("result %d: rule %q is not at %d", i, r.RuleID, r.RuleIndex)
		}
		if r.Message.Text == "" || r.Level != "error" && r.Level != "warning" || len(r.Locations) != 1 {
			t.Errorf("result %d: %+v", i, r)
		}
		p := r.Locations[0].Physical
		if !uri.MatchString(p.Artifact.URI) {
			t.Errorf("result %d: %q is no URI", i, p.Artifact.URI)
		}
		if p.Region != nil && (p.Region.StartLine < 1 || p.Region.StartColumn < 1) {
			t.Errorf("result %d: region %+v", i, *p.Region)
		}
	}
	for i, r := range run.Tool.Driver.Rules {
		if r.ShortDescription.Text == "" || r.Help.Text == "" {
			t.Errorf("rule %d: %+v", i, r)
		}
	}
	if last := run.Results[len(run.Results)-1].Locations[0].Physical; last.Region != nil || last.Artifact.URI != "%3Cstdin%3E" {
		t.Errorf("a finding about the whole input: %+v", last)
	}
}

// TestDiagnosticPages: every section of the page can be explained.
func TestDiagnosticPages(t *testing.T) {
	headings := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(docs.Diagnostics, -1)
	pages := diagnosticPages()
	if len(headings) < 40 || len(pages) != len(headings) {
		t.Fatalf("%d pages of %d sections", len(pages), len(headings))
	}
	for i, p := range pages {
		if p.code+": "+p.title != headings[i][1] || len(p.text) < 20 {
			t.Errorf("page %+v of section %q", p, headings[i][1])
		}
		if findPage(p.code).title != p.title {
			t.Errorf("%s is not found", p.code)
		}
	}
}

// TestCheckSigmaHQ: what check says of all of SigmaHQ's rules.
func TestCheckSigmaHQ(t *testing.T) {
	dir := os.Getenv("PICKET_SIGMA")
	if dir == "" {
		dir = "../../../shared/sigma"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no SigmaHQ rules: %v; PICKET_SIGMA says where they are", err)
		}
		t.Logf("SKIPPED: no SigmaHQ rules: %v; PICKET_SIGMA says where they are", err)
		t.Skip("no SigmaHQ rules")
	}
	code, stdout, stderr := runPicket(t, &app{}, "check", "--format", "json",
		filepath.Join(dir, "rules"), filepath.Join(dir, "rules-emerging-threats"), filepath.Join(dir, "rules-threat-hunting"))
	var r checkReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitError {
		t.Fatalf("exit code %d, %v: %s", code, err, stderr)
	}
	loaded := r.Active + r.Unmapped + r.Inert
	if r.Files != 3754 || r.Rules != 3754 || loaded != 3752 || r.Rejected != 2 || r.Errors != 2 || r.Waiting != 0 {
		t.Errorf("%d files: %+v", r.Files, r.stateCounts)
	}
	var rejected []string
	var counted stateCounts
	for _, s := range r.States {
		counted.add(s.State)
		if s.State == "rejected" {
			rejected = append(rejected, s.Title+": "+s.Reason)
		}
		if (s.Reason == "") != (s.State == "active") {
			t.Errorf("%s is %s because of %q", s.ID, s.State, s.Reason)
		}
	}
	if diff := cmp.Diff([]string{
		`ADCS - Certighost CDC Chase Certificate Request (CVE-2026-54121): E025: placeholder "known_cdcs" has no values`,
		`ADCS - Certighost Certificate Issued via CDC Chase (CVE-2026-54121): E025: placeholder "known_cdcs" has no values`,
	}, rejected); diff != "" {
		t.Error(diff)
	}
	if counted != r.stateCounts {
		t.Errorf("states %+v, counts %+v", counted, r.stateCounts)
	}
}

// TestExamplesOfPages: the examples in docs are what picket prints. -update writes the pages anew.
func TestExamplesOfPages(t *testing.T) {
	files := regexp.MustCompile("(?s)<!-- file: (\\S+) -->\n```\\w+\n(.*?)```\n")
	output := regexp.MustCompile("(?s)<!-- output: picket ([^\n]+) -->\n```\\w+\n(.*?)```\n")
	for _, name := range []string{"checking-rules.md", "logsources.md"} {
		t.Run(name, func(t *testing.T) {
			page, err := filepath.Abs(filepath.Join("..", "..", "docs", name))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			written := files.FindAllSubmatch(text, -1)
			at := output.FindSubmatchIndex(text)
			if len(written) == 0 || at == nil {
				t.Fatal("the page has no example")
			}
			for _, f := range written {
				if err := os.WriteFile(string(f[1]), f[2], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, stdout, stderr := runPicket(t, &app{}, strings.Fields(string(text[at[2]:at[3]]))...)
			if stdout == "" {
				t.Fatal(stderr)
			}
			golden(t, page, string(text[:at[4]])+stdout+string(text[at[5]:]))
		})
	}
}
