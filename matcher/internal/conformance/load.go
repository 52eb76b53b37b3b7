package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Case is one pattern and what it has to do.
type Case struct {
	File    string
	Line    int // of the pattern
	Section string
	Pattern string // YAML of one search, or of a detection when it has a condition
	Refused bool   // the rule has to be refused: its meaning is an error
	Events  []Event
}

// Event is one event of a Case.
type Event struct {
	JSON  json.RawMessage // an object: the fields
	Match bool
}

// Name tells a case from others in the output of a test.
func (c Case) Name() string { return fmt.Sprintf("%s:%d: %s", c.File, c.Line, c.Pattern) }

// Rule is a whole rule with the pattern as its detection, for any Windows event.
func (c Case) Rule() []byte {
	var b bytes.Buffer
	b.WriteString("title: conformance\nlogsource:\n  product: windows\ndetection:\n")
	switch {
	case strings.Contains(c.Pattern, "condition:"):
		b.WriteString("  " + c.Pattern + "\n")
	default:
		b.WriteString("  sel:\n    " + c.Pattern + "\n  condition: sel\n")
	}
	return b.Bytes()
}

// Load reads a suite.
func Load(path string) ([]Case, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []Case
	section := ""
	lines := bufio.NewScanner(bytes.NewReader(src))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		fail := func(err error) ([]Case, error) { return nil, fmt.Errorf("%s:%d: %w", path, n, err) }
		switch {
		case line == "" || strings.HasPrefix(line, "//"):
		case strings.HasPrefix(line, "# "):
			section = line[2:]
		case !strings.HasPrefix(line, "  "):
			out = append(out, Case{File: path, Line: n, Section: section, Pattern: line})
		case len(out) == 0:
			return fail(errors.New("events without a pattern"))
		default:
			if err := out[len(out)-1].expect(line[2:]); err != nil {
				return fail(err)
			}
		}
	}
	return out, lines.Err()
}

// expect reads an indented line.
func (c *Case) expect(line string) error {
	if line == "ERROR" {
		c.Refused = true
		return nil
	}
	sign, rest, _ := strings.Cut(line, " ")
	if sign != "+" && sign != "-" {
		return fmt.Errorf("%q: expected +, - or ERROR", line)
	}
	dec := json.NewDecoder(strings.NewReader(rest))
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if raw[0] != '{' {
			raw = json.RawMessage(`{"F":` + string(raw) + `}`)
		}
		c.Events = append(c.Events, Event{JSON: raw, Match: sign == "+"})
	}
}
