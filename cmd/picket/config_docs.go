package main

import (
	"fmt"
	"strings"
)

// exampleConfig is a complete configuration file made from the settings table: every setting with its
// documentation and default. What has no default, and what is a matter of taste, is commented out.
func exampleConfig() string {
	var b strings.Builder
	b.WriteString("# Every setting of picket with its default. What is commented out is off by default.\n")
	open := ""
	for i := range settings {
		s := &settings[i]
		if sec := s.section(); sec != open || i == 0 {
			b.WriteString("\n" + indent(parent(sec)) + "# " + plainDoc(sectionDoc(sec)) + "\n")
			openSection(&b, &open, sec)
		}
		in := indent(s.section())
		for _, line := range wrap(plainDoc(s.doc), 100-len(in)) {
			b.WriteString(in + "# " + line + "\n")
		}
		if len(s.enum) > 0 {
			b.WriteString(in + "# " + s.choose() + " of " + strings.Join(s.enum, ", ") + ".\n")
		}
		value := s.def
		comment := ""
		if value == "" {
			value, comment = s.example, "# "
		}
		text := yamlScalar(s, value)
		if strings.HasPrefix(value, "${") {
			text = value
		}
		b.WriteString(in + comment + s.leaf() + ": " + text + "\n")
	}
	return b.String()
}

// choose says how many of the choices can be set.
func (s *setting) choose() string {
	if s.isList() {
		return "Any"
	}
	return "One"
}

// parent is the section that a section lies in; its heading is indented like that section's settings.
func parent(section string) string {
	if i := strings.LastIndexByte(section, '.'); i >= 0 {
		return section[:i]
	}
	return ""
}

func sectionDoc(path string) string {
	for _, s := range sections {
		if s.path == path {
			return s.doc
		}
	}
	panic("BUG: section " + path + " has no documentation")
}

func plainDoc(doc string) string { return strings.ReplaceAll(doc, "`", "") }

// wrap breaks text at spaces into lines of at most width bytes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// configurationPage is docs/configuration.md, made from the settings table.
func configurationPage() string {
	var b strings.Builder
	b.WriteString(configurationIntro)
	for _, sec := range sections {
		title := "`" + sec.path + "`"
		if sec.path == "" {
			title = "Top level"
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| setting | type | default | meaning |\n|---|---|---|---|\n", title, sec.doc)
		for i := range settings {
			s := &settings[i]
			if s.section() != sec.path {
				continue
			}
			def := "–"
			if s.def != "" {
				def = "`" + s.def + "`"
			}
			typ := s.typeName()
			if len(s.enum) > 0 {
				typ = "`" + strings.Join(s.enum, "`, `") + "`"
				if s.isList() {
					typ = "list of " + typ
				}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.path, typ, def, s.doc)
		}
	}
	b.WriteString("\n## A complete file\n\nThe same text is `cmd/picket/testdata/picket.yml`.\n\n```yaml\n" + exampleConfig() + "```\n")
	return b.String()
}

const configurationIntro = `# Configuration

<!-- Generated from cmd/picket/config_settings.go by go test ./cmd/picket -run TestConfigurationPage -update. Do not edit. -->

Every setting can be given in four places. The later wins, setting by setting:

1. the defaults below;
2. files given with ` + "`-c`" + `, in their order (` + "`picket run -c base.yml -c site.yml`" + `); a list replaces a list, it is not appended to it;
3. environment variables: ` + "`PICKET_`" + ` and the path in capitals with two underscores between levels, so
   ` + "`kafka.group_id`" + ` is ` + "`PICKET_KAFKA__GROUP_ID`" + `;
4. flags: the path with dashes, so ` + "`kafka.group_id`" + ` is ` + "`--kafka-group-id`" + `.

` + "`picket config show --origin`" + ` prints the outcome and where each value came from; ` + "`picket config check`" + ` only checks.
All mistakes are reported at once, with file, line and column. An unknown name is a mistake, and so is a variable that begins
with ` + "`PICKET_`" + ` and looks like a setting without being one.

- **Durations** need a unit: ` + "`500ms`, `30s`, `5m`" + `. **Sizes** too: ` + "`512B`, `64KiB`, `1MB`" + ` (kB, MB, GB are powers of ten;
  KiB, MiB, GiB powers of two).
- **Lists** are YAML lists, or in one line with commas; in the environment and on the command line always with commas. A flag
  for a list may be repeated.
- **` + "`${VAR}`" + `** in a file stands for an environment variable, **` + "`${file:/path}`" + `** for the content of a file without its last line
  end; ` + "`$${`" + ` stands for ` + "`${`" + `. They are replaced after the YAML is read, so a value cannot change the structure of the file. A
  variable that is not set is a mistake.
- **Secrets** can come from a file: each has a twin with ` + "`_file`" + ` at its end. They have no flag, because a command line is
  visible to every user of the machine, and they are shown as ` + "`(redacted)`" + ` wherever settings are shown.

## Settings
`
