package producer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func alertSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "docs", "alert-1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, alert []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(alert))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// TestGoldensMeetTheSchema checks what is published against what is written.
func TestGoldensMeetTheSchema(t *testing.T) {
	s := alertSchema(t)
	files, err := filepath.Glob(filepath.Join("testdata", "alerts", "*.json"))
	if err != nil || len(files) < len(alertCases()) {
		t.Fatalf("%d goldens, %v", len(files), err)
	}
	for _, file := range files {
		alert, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(s, alert); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestSchemaRefuses makes sure that the schema says something.
func TestSchemaRefuses(t *testing.T) {
	s := alertSchema(t)
	good := string(encodeOne(t, EncoderConfig{}, someAlert()).Value)
	for _, change := range [][2]string{
		{`"alert/1"`, `"alert/2"`},
		{`"kind":"detection",`, ``},
		{`"host":"WS-0142.corp.example"`, `"host":""`},
		{`T1219.002"`, `t1219.002"`},
		{`"offset":8123441`, `"offset":"8123441"`},
		{`.512Z`, `.512`},
		{`"engine":`, `"truncated":true,"engine":`},
		{`"engine":`, `"event_repaired":false,"engine":`},
		{`"time_source":"UtcTime"`, `"time_source":"guess"`},
		{`"observed":"2026-03-02T09:14:09.001Z",`, ``},
		{`"topic":"sysmon"`, `"topic":"sysmon","file":"x"`},
		{`"topic":"sysmon",`, ``},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s is not in the alert", change[0])
		}
		if validate(s, []byte(bad)) == nil {
			t.Errorf("%s in place of %s is accepted", change[1], change[0])
		}
	}
}
